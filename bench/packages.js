'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { entryFile } = require('./entries');
const { dependencies } = require('./package.json');

/** Where the packages of bench/package.json are; the repository's own tests have others. */
const PACKAGES = path.join(__dirname, 'node_modules');

/**
 * Installs the packages of bench/package.json if `peers` or `cells` need one that is missing. If
 * that fails, as without a network, the run leaves out what needs it.
 */
function installPackages(peers, cells) {
  if ([...peers, ...cells].flatMap(packagesOf).every(isInstalled)) return;
  console.error('Installing the packages of bench/package-lock.json');
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund'];
  spawnSync('npm', ['ci', '--prefix', __dirname, ...flags], { stdio: ['ignore', 2, 2] });
}

/** Why a peer or a cell can't be measured here, or `undefined`. */
function problemWith(peerOrCell) {
  const { entry } = peerOrCell;
  if (entry && !entryFile(entry)) return `this package has no entry ${entry} yet`;
  const packages = packagesOf(peerOrCell);
  const missing = packages.find((name) => !isInstalled(name));
  if (missing) return `${missing} ${dependencies[missing]} is not installed`;
  const broken = packages.find((name) => !loads(name));
  return broken && `${broken} does not load with this Node.js on this platform`;
}

function packagesOf(peerOrCell) {
  return [peerOrCell.package, peerOrCell.wants].filter(Boolean);
}

/** The file is read because a package's `exports` may hide it. */
function isInstalled(name) {
  try {
    const text = fs.readFileSync(path.join(PACKAGES, name, 'package.json'), 'utf8');
    return JSON.parse(text).version === dependencies[name];
  } catch {
    return false;
  }
}

/** Tries it in another process, so that this one loads no native addon of a peer. */
function loads(name) {
  const source = `require(${JSON.stringify(name)})`;
  return spawnSync(process.execPath, ['-e', source], { cwd: __dirname }).status === 0;
}

/** The packages of a peer or a cell, with their versions. */
function versionsOf(peerOrCell) {
  return Object.fromEntries(packagesOf(peerOrCell).map((name) => [name, dependencies[name]]));
}

module.exports = { installPackages, problemWith, versionsOf };
