'use strict';

// Packs this package as it is published, and installs it into applications without a registry.

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const PATIENCE = require('./patience');

const ROOT = path.join(__dirname, '..', '..');
const manifest = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8'));

/** The name of the addon that `npm run build` made for this machine. */
function builtAddon() {
  const start = `${manifest.napi.binaryName}.${process.platform}-${process.arch}`;
  const found = fs
    .readdirSync(ROOT)
    .filter((name) => name.startsWith(start) && name.endsWith('.node'));
  assert.equal(found.length, 1, `${found.length} addons for this machine; npm run build makes one`);
  return found[0];
}

/** Packs without `prepare`, which would overwrite the addon while other tests have it loaded. */
function pack(source, destination) {
  const child = npm(
    ['pack', '--json', '--ignore-scripts', '--pack-destination', destination],
    source,
  );
  const described = JSON.parse(child.stdout);
  const { filename, files } = Array.isArray(described) ? described[0] : Object.values(described)[0];
  return { files, tarball: path.join(destination, filename) };
}

/** Packs folders with one command, because npm starts slowly. Returns manifests and tarballs. */
function packAll(folders, destination) {
  const options = ['--json', '--ignore-scripts', '--pack-destination', destination];
  const described = Object.values(JSON.parse(npm(['pack', ...options, ...folders], ROOT).stdout));
  return folders.map((source) => {
    const own = JSON.parse(fs.readFileSync(path.join(source, 'package.json'), 'utf8'));
    const { filename } = described.find(
      ({ name, version }) => name === own.name && version === own.version,
    );
    return { manifest: own, tarball: path.join(destination, filename) };
  });
}

/** Packs the platform package for this machine, with the addon built here. */
function packPlatform(destination) {
  const addon = builtAddon();
  const triple = addon.split('.')[1];
  const platform = path.join(destination, triple);
  fs.cpSync(path.join(ROOT, 'npm', triple), platform, { recursive: true });
  fs.copyFileSync(path.join(ROOT, addon), path.join(platform, addon));
  return pack(platform, destination);
}

/** Makes an application with the given packages. All come from files, so npm asks no registry. */
function application(parent, name, packages) {
  const app = path.join(parent, name);
  fs.mkdirSync(app);
  fs.writeFileSync(path.join(app, 'package.json'), '{ "private": true }\n');
  npm(['install', '--offline', '--no-audit', '--no-fund', ...packages], app);
  return app;
}

function node(args, env = {}, cwd = ROOT) {
  return spawnSync(process.execPath, args, {
    cwd,
    env: { ...process.env, NODE_OPTIONS: '', ...env },
    encoding: 'utf8',
    timeout: PATIENCE,
  });
}

function npm(args, cwd) {
  // On Windows npm is a script that only a shell can start.
  const child = spawnSync('npm', args, {
    cwd,
    encoding: 'utf8',
    timeout: PATIENCE,
    shell: process.platform === 'win32',
  });
  assert.equal(child.status, 0, `npm ${args[0]}: ${child.stderr || child.error}`);
  return child;
}

module.exports = {
  ROOT,
  application,
  builtAddon,
  manifest,
  node,
  npm,
  pack,
  packAll,
  packPlatform,
};
