'use strict';

const { loadServer } = require('../turn');

const FORM = /^engineio-(\d+)x(\d+)(?:x(\d+))?$/;
const USUAL_SIZE = 64;
const MIB = 1024 * 1024;

/**
 * Echo of ASCII text through engine.io, which socket.io stands on: engineio-CONNECTIONSxIN-FLIGHT of
 * 64 bytes, or with another size behind it. The peer is engine.io's `wsEngine`, and engine.io
 * gives it a callback with each send.
 */
module.exports = {
  cells: ['engineio-50x1', 'engineio-50x16'],

  parse(name) {
    const match = FORM.exec(name);
    if (!match) return undefined;
    const [connections, inFlight, size] = match.slice(1).map((text) => Number(text ?? USUAL_SIZE));
    const shape = { connections, inFlight, size, payload: 'ascii', unit: 'message' };
    return { ...shape, package: 'engine.io' };
  },

  peers: () => ['ws', 'native-ws', 'native-ws-stream'],

  setUpSeconds: ({ connections }) => connections / 2000,

  measure(peer, cell, options) {
    const maxPayload = Math.max(cell.size, MIB);
    const settings = { handler: 'echo', engineIo: true, maxPayload };
    const { inFlight, size, payload } = cell;
    const flags = { 'engine-io': 'yes', 'in-flight': inFlight, size, payload };
    return loadServer({ peer, cell, settings, mode: 'echo', flags }, options);
  },
};
