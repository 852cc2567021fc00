'use strict';

const { OURS } = require('../peers');
const { loadServer } = require('../turn');

const FORM = /^connect-close(?:-(\d+))?$/;
const AT_ONCE = 32;
const MIB = 1024 * 1024;

/**
 * Connections from the TCP handshake to the end of the stream, with both close frames and without a
 * message: connect-close, 32 of them at a time, or connect-close-NUMBER.
 */
module.exports = {
  cells: ['connect-close'],

  parse(name) {
    const match = FORM.exec(name);
    if (!match) return undefined;
    return { connections: Number(match[1] ?? AT_ONCE), size: 0, unit: 'connection' };
  },

  peers: () => ['websocket', 'ws', 'uws', ...OURS],

  setUpSeconds: () => 0,

  measure(peer, cell, options) {
    const settings = { handler: 'echo', maxPayload: MIB };
    return loadServer({ peer, cell, settings, mode: 'churn', flags: {} }, options);
  },
};
