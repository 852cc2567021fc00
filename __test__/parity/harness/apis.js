'use strict';

const path = require('node:path');

const ROOT = path.join(__dirname, '..', '..', '..');
const WS = path.join(ROOT, '__test__', 'ws', 'parity');

/**
 * The compared APIs. `upstream` and `ours` are modules. `transports` has, for each one that is
 * compared, the transport that a run of each of the two asks its scene for. `scenarios` is a folder
 * of files, `scene` the module with the scenarios' tools, `rows` the reasons for declared
 * differences.
 */
const APIS = {
  websocket: {
    upstream: require.resolve('websocket'),
    ours: path.join(ROOT, 'index.js'),
    transports: {
      native: { upstream: undefined, ours: 'auto' },
      stream: { upstream: undefined, ours: 'stream' },
    },
    scenarios: path.join(__dirname, '..', 'scenarios'),
    scene: require.resolve('./scene'),
    rows: require('./rows'),
  },
  ws: {
    upstream: require.resolve('ws'),
    ours: path.join(ROOT, 'lib', 'ws', 'index.js'),
    transports: {
      native: { upstream: 'plain', ours: 'native' },
      stream: { upstream: 'plain', ours: 'stream' },
      tls: { upstream: 'tls', ours: 'tls' },
    },
    scenarios: path.join(WS, 'scenarios'),
    scene: path.join(WS, 'scene.js'),
    rows: require('../../ws/parity/rows'),
  },
};

module.exports = APIS;
