'use strict';

const { OURS } = require('../peers');
const { loadServer } = require('../turn');

const FORM = /^app-(\d+)x(\d+)x(\d+)$/;
const MIB = 1024 * 1024;

/**
 * An application: the handler parses JSON, changes a field, and answers with the changed JSON.
 * app-CONNECTIONSxIN-FLIGHTxBYTES, over plain TCP.
 */
module.exports = {
  cells: ['app-50x4x1024'],

  parse(name) {
    const match = FORM.exec(name);
    if (!match) return undefined;
    const [connections, inFlight, size] = match.slice(1).map(Number);
    return { connections, inFlight, size, payload: 'request', unit: 'message' };
  },

  peers: () => ['websocket', 'ws', 'ws-bufferutil', 'uws', ...OURS],

  setUpSeconds: ({ connections }) => connections / 3000,

  measure(peer, cell, options) {
    const settings = { handler: 'answer', maxPayload: Math.max(cell.size, MIB) };
    const { inFlight, size, payload } = cell;
    const flags = { 'in-flight': inFlight, size, payload };
    return loadServer({ peer, cell, settings, mode: 'echo', flags }, options);
  },
};
