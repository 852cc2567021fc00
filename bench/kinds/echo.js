'use strict';

const { certificate } = require('../certificate');
const { LISTENERS, OURS } = require('../peers');
const { loadServer } = require('../turn');

const FORM = /^(tls-)?(\d+)x(\d+)x(\d+)(?:-(utf8|binary))?(-callback)?(-one-core)?$/;
const MIB = 1024 * 1024;
const IN_JAVASCRIPT = ['websocket', 'ws', 'ws-bufferutil'];

/**
 * Echo: CONNECTIONSxIN-FLIGHTxBYTES, of ASCII text over plain TCP unless the name says otherwise.
 * With `-callback` each answer is sent with a callback. With `-one-core` the server and the load
 * have a core each.
 */
module.exports = {
  cells: [
    '1x1x64',
    '50x1x64',
    '50x16x64',
    '1000x1x64',
    '5000x1x64',
    '50x1x1024',
    '50x1x1024-utf8',
    '50x1x16384',
    '50x1x16384-binary',
    '8x1x1048576-binary',
    '50x1x64-one-core',
    '1000x1x64-one-core',
    'tls-50x1x64',
    'tls-50x16x64',
    'tls-50x1x16384',
    'tls-50x1x16384-binary',
    '50x1x64-callback',
    '50x16x64-callback',
    '50x1x64-binary',
    '50x16x64-binary',
    '50x1x64-binary-callback',
    '50x16x64-binary-callback',
  ],

  parse(name) {
    const match = FORM.exec(name);
    if (!match) return undefined;
    const [connections, inFlight, size] = match.slice(2, 5).map(Number);
    const payload = match[5] ?? 'ascii';
    const [tls, callback, oneCore] = [match[1], match[6], match[7]].map((it) => it !== undefined);
    return { connections, inFlight, size, payload, tls, callback, oneCore, unit: 'message' };
  },

  peers({ tls, callback, oneCore }) {
    if (callback) return [...IN_JAVASCRIPT, ...OURS];
    if (tls) return [...IN_JAVASCRIPT, 'uws', 'native', 'native-ws', ...LISTENERS];
    if (oneCore) return [...IN_JAVASCRIPT, 'uws', 'native', 'native-ws'];
    return [...IN_JAVASCRIPT, 'uws', ...OURS, 'floor'];
  },

  setUpSeconds: ({ connections }) => connections / 3000,

  measure(peer, cell, options) {
    const tls = cell.tls ? certificate() : undefined;
    const handler = cell.callback ? 'echoWithCallback' : 'echo';
    const settings = { handler, maxPayload: Math.max(cell.size, MIB), tls };
    const flags = {
      certificate: tls?.cert,
      bare: peer.program && 'yes',
      'in-flight': cell.inFlight,
      size: cell.size,
      payload: cell.payload,
    };
    const cores = cell.oneCore ? { server: 0, load: 1 } : undefined;
    return loadServer({ peer, cell, settings, mode: 'echo', flags, cores }, options);
  },
};
