'use strict';

const { certificate } = require('../certificate');
const { descriptorLimit } = require('../command');
const { LISTENERS, OURS } = require('../peers');
const { SETTLING, Server, holdConnections } = require('../program');

const FORM = /^(deflate-|tls-)?idle-(\d+)$/;
const MIB = 1024 * 1024;
/** Connections that open and close before the first look, so that all code is loaded by then. */
const FIRST_COMERS = 50;
/** A connection of the native transport can have a second descriptor. */
const DESCRIPTORS_EACH = 2;
const OTHER_DESCRIPTORS = 200;
/** The messages of each connection of a `deflate-` cell: more than its windows hold. */
const DEFLATED = { deflate: 'yes', size: 4096, messages: 10 };
const NOTHING = { size: 0, payload: 'ascii' };

/**
 * Memory of connections on which nothing happens: idle-CONNECTIONS. The connections of
 * deflate-idle-CONNECTIONS have exchanged compressed messages before, so they keep their contexts.
 * Those of tls-idle-CONNECTIONS are over TLS, each after a full handshake.
 */
module.exports = {
  cells: ['idle-5000', 'idle-20000', 'tls-idle-2000', 'deflate-idle-1000'],

  parse(name) {
    const match = FORM.exec(name);
    if (!match) return undefined;
    const [prefix = '', connections] = [match[1], Number(match[2])];
    const [deflate, tls] = ['deflate-', 'tls-'].map((kind) => prefix === kind);
    const fitting = Math.floor((descriptorLimit() - OTHER_DESCRIPTORS) / DESCRIPTORS_EACH);
    if (connections <= fitting) return { connections, deflate, tls, unit: 'connection' };
    const fittingName = `${prefix}idle-${fitting}`;
    const note = `${name} becomes ${fittingName}: the hard limit of open files allows no more`;
    return { name: fittingName, connections: fitting, deflate, tls, unit: 'connection', note };
  },

  peers({ deflate, tls }) {
    if (deflate) return ['ws', 'uws', ...OURS];
    if (tls) return ['websocket', 'ws', 'uws', 'native', 'native-ws', ...LISTENERS];
    return ['websocket', 'ws', 'uws', ...OURS, ...LISTENERS];
  },

  setUpSeconds: ({ connections, deflate, tls }) => connections / (deflate || tls ? 500 : 2000),
  seconds: () => 2 * SETTLING,

  async measure(peer, { connections, deflate, ...cell }) {
    const tls = cell.tls ? certificate() : undefined;
    const settings = { handler: 'echo', maxPayload: MIB, deflate, tls };
    const server = await Server.start(peer, settings);
    let load;
    try {
      const whom = { port: server.port, certificate: tls?.cert };
      const flags = { ...whom, ...(deflate ? DEFLATED : NOTHING) };
      await (await holdConnections({ ...flags, connections: FIRST_COMERS })).stop();
      const before = await server.settledKiB();
      load = await holdConnections({ ...flags, connections });
      const after = await server.settledKiB();
      return { resident: (after - before) / connections, peak: server.peakMiB() };
    } finally {
      await load?.stop();
      await server.stop();
    }
  },
};
