'use strict';

const { loadServer } = require('../turn');

const FORM = /^stream-pipe-(\d+)x(\d+)x([1-9]\d*)$/;
const MIB = 1024 * 1024;

/**
 * Bytes through `createWebSocketStream()`, which the server pipes into itself:
 * stream-pipe-CONNECTIONSxIN-FLIGHTxBYTES of binary messages. The load sends the bytes and compares
 * what comes back, whatever messages it comes in. It is both ends of the pipe because it costs
 * little and is the same for all peers.
 */
module.exports = {
  cells: ['stream-pipe-1x16x65536'],

  parse(name) {
    const match = FORM.exec(name);
    if (!match) return undefined;
    const [connections, inFlight, size] = match.slice(1).map(Number);
    return { connections, inFlight, size, payload: 'binary', unit: 'message' };
  },

  peers: () => ['ws', 'ws-bufferutil', 'native-ws', 'native-ws-stream'],

  setUpSeconds: () => 0,

  measure(peer, cell, options) {
    const settings = { handler: 'pipe', maxPayload: Math.max(cell.size, MIB) };
    const { inFlight, size, payload } = cell;
    const flags = { 'byte-stream': 'yes', 'in-flight': inFlight, size, payload };
    return loadServer({ peer, cell, settings, mode: 'echo', flags }, options);
  },
};
