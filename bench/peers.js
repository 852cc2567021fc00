'use strict';

const { spawnSync } = require('node:child_process');
const { createRequire } = require('node:module');
const path = require('node:path');

/**
 * Packages of peers are those of bench/package.json, not whatever the repository's own tests use.
 */
const requirePeer = createRequire(path.join(__dirname, 'package.json'));
const { dependencies } = require('./package.json');
const own = require('../package.json');

/**
 * What can be measured.
 *   title      as tables and charts call it
 *   module     the file in servers/ and clients/; the floor is a program of its own
 *   package    what must be installed for it
 *   ours       whether it is this package
 */
const PEERS = {
  websocket: { title: 'websocket', module: 'websocket', package: 'websocket' },
  // ws brings no bufferutil along, but takes it where something else has installed it.
  ws: { title: 'ws', module: 'ws', package: 'ws', env: { WS_NO_BUFFER_UTIL: '1' } },
  'ws-bufferutil': { title: 'ws + bufferutil', module: 'ws', package: 'ws', wants: 'bufferutil' },
  uws: { title: 'uWebSockets.js', module: 'uws', package: 'uwebsockets' },
  native: { title: 'websocket-native', module: 'native', ours: true },
  'native-stream': { title: 'websocket-native, stream', module: 'native-stream', ours: true },
  floor: { title: 'bare TCP echo', program: 'floor' },
};
for (const [name, peer] of Object.entries(PEERS)) peer.name = name;

/**
 * Installs what bench/package.json names, unless it is there. Without a network the peers of which
 * something is missing are left out of the run.
 */
function installPeers(peers) {
  if (peers.flatMap(packagesOf).every(isInstalled)) return;
  console.error('Installing the peers (bench/package-lock.json)');
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund'];
  spawnSync('npm', ['ci', '--prefix', __dirname, ...flags], { stdio: ['ignore', 2, 2] });
}

/** Why a peer can't be measured here; `undefined` if it can. */
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

/** In a process of its own: native addons of several peers don't belong into this one. */
function loads(name) {
  const source = `require(${JSON.stringify(name)})`;
  return spawnSync(process.execPath, ['-e', source], { cwd: __dirname }).status === 0;
}

/** What was measured, for the report: what it is called, and the packages that it is. */
function describePeer(peer) {
  const { name, title, ours = false } = peer;
  const versions = packagesOf(peer).map((of) => [of, dependencies[of]]);
  if (ours) versions.push([own.name, own.version]);
  return { name, title, ours, packages: Object.fromEntries(versions) };
}

module.exports = { PEERS, describePeer, installPeers, problemWith };
