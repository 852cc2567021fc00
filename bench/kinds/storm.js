'use strict';

const { certificate } = require('../certificate');
const { LISTENERS } = require('../peers');
const { loadServer } = require('../turn');

const FORM = /^(tls-)?storm-([1-9]\d*)$/;
const MIB = 1024 * 1024;

/**
 * A reconnect storm: storm-CLIENTS. All clients connect at the same moment. When all are open, all
 * of them vanish and come again. It counts handshakes. tls-storm-CLIENTS has full handshakes of TLS
 * with a key of ECDSA P-256.
 */
module.exports = {
  // More would not fit into the listen backlog of uWebSockets.js, which is 512.
  cells: ['storm-500', 'tls-storm-500'],

  parse(name) {
    const match = FORM.exec(name);
    if (!match) return undefined;
    const tls = match[1] !== undefined;
    return { connections: Number(match[2]), size: 0, tls, unit: 'handshake' };
  },

  peers: () => ['websocket', 'ws', 'uws', 'native', 'native-ws', ...LISTENERS],

  setUpSeconds: () => 0,

  measure(peer, cell, options) {
    const tls = cell.tls ? certificate() : undefined;
    const settings = { handler: 'echo', maxPayload: MIB, tls };
    const flags = { certificate: tls?.cert };
    return loadServer({ peer, cell, settings, mode: 'storm', flags }, options);
  },
};
