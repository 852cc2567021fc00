'use strict';

const manifest = require('../package.json');
const { versionsOf } = require('./packages');

/**
 * The servers and clients that can be measured.
 *   title      its name in tables and charts
 *   module     the file in servers/ and clients/
 *   program    the name of a program in Rust instead
 *   package    the npm package that it needs
 *   wants      another one
 *   entry      the entry of this package that makes its HTTP server instead of Node's
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
  'native-ws': { title: 'websocket-native/ws', module: 'native-ws', ours: true },
  'native-ws-stream': {
    title: 'websocket-native/ws, stream',
    module: 'native-ws-stream',
    ours: true,
  },
  'native-listener': {
    title: 'websocket-native, own listener',
    module: 'native',
    entry: 'http',
    ours: true,
  },
  'native-ws-listener': {
    title: 'websocket-native/ws, own listener',
    module: 'native-ws',
    entry: 'http',
    ours: true,
  },
  floor: { title: 'bare TCP echo', program: 'floor' },
};
for (const [name, peer] of Object.entries(PEERS)) peer.name = name;

const own = (name) => PEERS[name].ours;
const listens = (name) => PEERS[name].entry !== undefined;
/** The names of this package's APIs and transports, on Node's HTTP server. */
const OURS = Object.keys(PEERS).filter((name) => own(name) && !listens(name));
/** The names of its APIs on its own HTTP server. */
const LISTENERS = Object.keys(PEERS).filter(listens);

/** A peer in the report: its names and packages. */
function describePeer(peer) {
  const { name, title, ours = false } = peer;
  const packages = versionsOf(peer);
  if (ours) packages[manifest.name] = manifest.version;
  return { name, title, ours, packages };
}

module.exports = { LISTENERS, OURS, PEERS, describePeer };
