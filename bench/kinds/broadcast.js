'use strict';

const { OURS } = require('../peers');
const { loadServer } = require('../turn');

const FORM = /^broadcast-(\d+)x(\d+)$/;
const MIB = 1024 * 1024;

/** One client's message goes to all: broadcast-CONNECTIONSxBYTES. It counts deliveries. */
module.exports = {
  cells: ['broadcast-1000x64', 'broadcast-1000x1024', 'broadcast-5000x64', 'broadcast-5000x1024'],

  parse(name) {
    const match = FORM.exec(name);
    if (!match) return undefined;
    const [connections, size] = match.slice(1).map(Number);
    return { connections, size, payload: 'ascii', unit: 'delivery' };
  },

  peers: () => ['websocket', 'ws', 'uws', ...OURS],

  setUpSeconds: ({ connections }) => connections / 3000,

  measure(peer, cell, options) {
    const settings = { handler: 'broadcast', maxPayload: MIB };
    const flags = { size: cell.size, payload: cell.payload };
    return loadServer({ peer, cell, settings, mode: 'broadcast', flags }, options);
  },
};
