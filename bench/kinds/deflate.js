'use strict';

const { figuresOf } = require('../figures');
const { runLoad } = require('../load');
const { OURS } = require('../peers');
const { SETTLING, Server, holdConnections } = require('../program');
const { windowFlags } = require('../turn');

const FORM = /^deflate-(\d+)x(\d+)x(\d+)$/;
const MIB = 1024 * 1024;
/**
 * They run the server's code and grow its heap before the first look at its memory. They are few,
 * because the memory that their compression leaves in the process is not measured later.
 */
const FIRST_COMERS = { connections: 2, messages: 200 };
/** With fewer connections, the growth of the process is mostly garbage of its heap. */
const ENOUGH_CONNECTIONS = 50;

/**
 * Echo of JSON with permessage-deflate in both directions: deflate-CONNECTIONSxIN-FLIGHTxBYTES of
 * text. Memory per connection is measured under load, at the end of the window.
 */
module.exports = {
  cells: ['deflate-50x1x256', 'deflate-50x1x1024', 'deflate-50x1x4096', 'deflate-50x1x65536'],

  parse(name) {
    const match = FORM.exec(name);
    if (!match) return undefined;
    const [connections, inFlight, size] = match.slice(1).map(Number);
    return { connections, inFlight, size, payload: 'json', unit: 'message' };
  },

  peers: () => ['ws', 'uws', ...OURS],

  setUpSeconds: ({ connections, size }) => connections / 2000 + SETTLING + size / 65536,

  async measure(peer, cell, options) {
    const maxPayload = Math.max(cell.size, MIB);
    const server = await Server.start(peer, { handler: 'echo', maxPayload, deflate: true });
    try {
      const flags = { port: server.port, deflate: 'yes', size: cell.size };
      await (await holdConnections({ ...flags, ...FIRST_COMERS })).stop();
      const before = await server.settledKiB();
      const measured = await runLoad('echo', {
        ...flags,
        ...{ pid: server.pid, connections: cell.connections, 'in-flight': cell.inFlight },
        ...windowFlags(options),
      });
      const figures = figuresOf(measured, cell);
      if (cell.connections < ENOUGH_CONNECTIONS) return figures;
      return { ...figures, resident: (measured.residentKiB - before) / cell.connections };
    } finally {
      await server.stop();
    }
  },
};
