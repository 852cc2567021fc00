const { runLoad } = require('../load');
const { Server } = require('../server');
const { figuresOf } = require('../figures');

const FORM = /^(\d+)x(\d+)x(\d+)(?:-(utf8|binary))?(-one-core)?$/;

/** Echo over plain TCP: CONNECTIONSxIN-FLIGHTxBYTES, of ASCII text unless it says otherwise. */
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
  ],

  parse(name) {
    const match = FORM.exec(name);
    if (!match) return undefined;
    const [connections, inFlight, size] = match.slice(1, 4).map(Number);
    const payload = match[4] ?? 'ascii';
    const oneCore = match[5] !== undefined;
    return { connections, inFlight, size, payload, oneCore, unit: 'message' };
  },

  peers: ({ oneCore }) =>
    oneCore
      ? ['websocket', 'ws', 'ws-bufferutil', 'uws', 'native']
      : ['websocket', 'ws', 'ws-bufferutil', 'uws', 'native', 'native-stream', 'floor'],

  setUpSeconds: ({ connections }) => connections / 3000,

  async measure(peer, cell, { warmUp, seconds }) {
    const [serverCore, loadCore] = cell.oneCore ? [0, 1] : [];
    const settings = { handler: 'echo', maxPayload: Math.max(cell.size, 1024 * 1024) };
    const server = await Server.start(peer, settings, serverCore);
    try {
      const flags = {
        port: server.port,
        pid: server.pid,
        bare: peer.program && 'yes',
        connections: cell.connections,
        'in-flight': cell.inFlight,
        size: cell.size,
        payload: cell.payload,
        'warm-up-ms': warmUp * 1000,
        'window-ms': seconds * 1000,
      };
      return figuresOf(await runLoad('echo', flags, { core: loadCore }), cell, server);
    } finally {
      await server.stop();
    }
  },
};
