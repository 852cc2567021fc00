'use strict';

const path = require('node:path');

const { certificate } = require('../certificate');
const { figuresOf } = require('../figures');
const { runLoad } = require('../load');
const { OURS } = require('../peers');
const { windowFlags } = require('../turn');

const FORM = /^(tls-)?client-(\d+)x(\d+)x(\d+)$/;
const CLIENTS = path.join(__dirname, '..', 'clients');

/**
 * A peer's clients, in one process: client-CONNECTIONSxIN-FLIGHTxBYTES. The server is the same for
 * all peers. The clients send every answer back. tls-client-CONNECTIONSxIN-FLIGHTxBYTES is over TLS.
 */
module.exports = {
  cells: ['client-50x1x64', 'tls-client-50x1x64'],

  parse(name) {
    const match = FORM.exec(name);
    if (!match) return undefined;
    const [connections, inFlight, size] = match.slice(2).map(Number);
    const tls = match[1] !== undefined;
    return { connections, inFlight, size, payload: 'ascii', tls, unit: 'message' };
  },

  peers: () => ['websocket', 'ws', 'ws-bufferutil', ...OURS],

  setUpSeconds: () => 0,

  async measure(peer, cell, options) {
    const { connections, inFlight, size, payload } = cell;
    const script = path.join(CLIENTS, `${peer.module}.js`);
    const tls = cell.tls ? certificate() : undefined;
    const settings = JSON.stringify({ connections, inFlight, size, ca: tls?.cert });
    const work = { connections, 'in-flight': inFlight, size, payload };
    const flags = { ...work, certificate: tls?.cert, key: tls?.key, ...windowFlags(options) };
    const measured = await runLoad('serve', flags, {
      command: [process.execPath, script, settings],
      env: { ...process.env, ...peer.env },
    });
    return figuresOf(measured, cell);
  },
};
