'use strict';

const { spawnSync } = require('node:child_process');
const { createRequire } = require('node:module');
const path = require('node:path');

/** Peers are the packages of bench/package.json, not those of the repository's own tests. */
const requirePeer = createRequire(path.join(__dirname, 'package.json'));
const { dependencies } = require('./package.json');
const own = require('../package.json');

/**
 * The servers and clients that can be measured.
 *   title      its name in tables and charts
 *   module     the file in servers/ and clients/
 *   program    the name of a program in Rust instead
 *   package    the npm package that it needs
 *   wants      another one
 *   ours       whether it is this package
 */
const PEERS = {
  websocket: { title: 'websocket', module: 'websocket', package: 'websocket' },
  // ws does not install bufferutil, but uses it if something else has.
  ws: { title: 'ws', module: 'ws', package: 'ws', env: { WS_NO_BUFFER_UTIL: '1' } },
  'ws-bufferutil': { title: 'ws + bufferutil', module: 'ws', package: 'ws', wants: 'bufferutil' },
  uws: { title: 'uWebSockets.js', module: 'uws', package: 'uwebsockets' },
  native: { title: 'websocket-native', module: 'native', ours: true },
  'native-stream': { title: 'websocket-native, stream', module: 'native-stream', ours: true },
  floor: { title: 'bare TCP echo', program: 'floor' },
};
for (const [name, peer] of Object.entries(PEERS)) peer.name = name;

/**
 * Installs the packages of bench/package.json that are missing. If that fails, as without a
 * network, the run leaves out the peers that need them.
 */
function installPeers(peers) {
  if (peers.flatMap(packagesOf).every(isInstalled)) return;
  console.error('Installing the peers (bench/package-lock.json)');
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund'];
  spawnSync('npm', ['ci', '--prefix', __dirname, ...flags], { stdio: ['ignore', 2, 2] });
}

/** Why a peer can't be measured here, or `undefined`. */
function problemWith(peer) {
  const missing = packagesOf(peer).find((name) => !isInstalled(name));
  if (missing) return `${missing} ${dependencies[missing]} is not installed`;
  const broken = packagesOf(peer).find((name) => !loads(name));
  return broken && `${broken} does not load with this Node.js on this platform`;
}

function packagesOf(peer) {
  return [peer.package, peer.wants].filter(Boolean);
}

function isInstalled(name) {
  try {
    return requirePeer(`${name}/package.json`).version === dependencies[name];
  } catch {
    return false;
  }
}

/** Tries it in another process, so that this one loads no native addon of a peer. */
function loads(name) {
  const source = `require(${JSON.stringify(name)})`;
  return spawnSync(process.execPath, ['-e', source], { cwd: __dirname }).status === 0;
}

/** A peer in the report: its names and packages. */
function describePeer(peer) {
  const { name, title, ours = false } = peer;
  const versions = packagesOf(peer).map((of) => [of, dependencies[of]]);
  if (ours) versions.push([own.name, own.version]);
  return { name, title, ours, packages: Object.fromEntries(versions) };
}

module.exports = { PEERS, describePeer, installPeers, problemWith };
