'use strict';

const { setTimeout: delay } = require('node:timers/promises');

const { descriptorLimit } = require('../command');
const { Server, holdConnections } = require('../program');

const FORM = /^idle-(\d+)$/;
const MIB = 1024 * 1024;
/** Connections that have come and gone before the first look, so that what is loaded once is loaded. */
const FIRST_COMERS = 50;
const SETTLE_MS = 500;
/** The native transport holds a second descriptor for each connection. */
const DESCRIPTORS_EACH = 2;
const OTHER_DESCRIPTORS = 200;

/** Memory of connections on which nothing happens: idle-CONNECTIONS. */
module.exports = {
  cells: ['idle-5000', 'idle-20000'],

  parse(name) {
    const match = FORM.exec(name);
    if (!match) return undefined;
    const connections = Number(match[1]);
    const fitting = Math.floor((descriptorLimit() - OTHER_DESCRIPTORS) / DESCRIPTORS_EACH);
    if (connections <= fitting) return { connections, unit: 'connection' };
    const note = `${name} becomes idle-${fitting}: the hard limit of open files allows no more`;
    return { name: `idle-${fitting}`, connections: fitting, unit: 'connection', note };
  },

  peers: () => ['websocket', 'ws', 'uws', 'native', 'native-stream'],

  setUpSeconds: ({ connections }) => connections / 2000,
  seconds: () => (6 * SETTLE_MS) / 1000,

  async measure(peer, cell) {
    const server = await Server.start(peer, { handler: 'echo', maxPayload: MIB });
    let load;
    try {
      const hold = (connections) =>
        holdConnections({ port: server.port, connections, size: 0, payload: 'ascii' });
      await (await hold(FIRST_COMERS)).stop();
      const before = await settledKiB(server);
      load = await hold(cell.connections);
      const after = await settledKiB(server);
      return { resident: (after - before) / cell.connections, peak: server.peakMiB() };
    } finally {
      await load?.stop();
      await server.stop();
    }
  },
};

/** Twice: what the first collection lets go of may itself have held something. */
async function settledKiB(server) {
  for (let time = 0; time < 2; time++) {
    await delay(SETTLE_MS);
    await server.collect();
  }
  await delay(SETTLE_MS);
  return server.residentKiB();
}
