const { spawnSync } = require('node:child_process');
const { createRequire } = require('node:module');
const path = require('node:path');

/** Packages of peers are those of bench/package.json, not whatever the repository's own tests use. */
const requirePeer = createRequire(path.join(__dirname, 'package.json'));
const ROOT = path.dirname(__dirname);

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
  'native-stream': {
    title: 'websocket-native, stream transport',
    module: 'native-stream',
    ours: true,
  },
  floor: { title: 'bare TCP echo', program: 'floor' },
};
for (const [name, peer] of Object.entries(PEERS)) peer.name = name;

/**
 * Installs what bench/package.json names, unless it is there. Without a network the peers of which
 * nothing is there are left out of the run.
 */
function installPeers(peers) {
  if (peers.every((peer) => missingPackage(peer) === undefined)) return;
  console.error('Installing the peers (bench/package-lock.json)');
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund'];
  spawnSync('npm', ['ci', '--prefix', __dirname, ...flags], { stdio: ['ignore', 2, 2] });
}

/** The packages of a peer that can't be loaded on this machine, and why. */
function missingPackage(peer) {
  for (const name of [peer.package, peer.wants].filter(Boolean)) {
    try {
      requirePeer.resolve(`${name}/package.json`);
    } catch {
      return name;
    }
  }
}

/** What was measured, for the report: name, title, and the version that is installed. */
function describePeer(peer) {
  const { name, title, ours = false } = peer;
  if (ours) return { name, title, ours, version: require(path.join(ROOT, 'package.json')).version };
  if (!peer.package) return { name, title, ours };
  return { name, title, ours, version: requirePeer(`${peer.package}/package.json`).version };
}

module.exports = { PEERS, describePeer, installPeers, missingPackage };
