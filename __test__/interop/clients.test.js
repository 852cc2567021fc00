'use strict';

// Clients of other packages and of Node with our server.

const { once } = require('node:events');
const http = require('node:http');
const { describe, before, after } = require('node:test');
const npmWebsocket = require('websocket');
const undici = require('undici');
const ws = require('ws');

const lib = require('../..');
const { TRANSPORTS, battery } = require('./battery');
const { ofConnection, ofStandard, ofWs } = require('./peers');

const MIB = 1024 * 1024;
/** The close codes that a browser allows its pages. */
const STANDARD_CODES = [1000, 3000, 4999];

const CLIENTS = {
  ws: { connect: connectWs },
  'npm websocket': { connect: connectNpmWebsocket, forgetful: true },
  undici: {
    connect: (...args) => connectStandard(undici.WebSocket, ...args),
    codes: STANDARD_CODES,
  },
};
if (globalThis.WebSocket) {
  CLIENTS["Node's WebSocket"] = {
    connect: (...args) => connectStandard(globalThis.WebSocket, ...args),
    codes: STANDARD_CODES,
  };
}

for (const [transport, used] of Object.entries(TRANSPORTS)) {
  for (const [name, { connect, ...abilities }] of Object.entries(CLIENTS)) {
    describe(`${name} as the client of our server, transport '${transport}'`, () => {
      const httpServer = http.createServer();
      let server;

      before(async () => {
        httpServer.listen(0, '127.0.0.1');
        await once(httpServer, 'listening');
        const sizes = { maxReceivedFrameSize: MIB, maxReceivedMessageSize: MIB };
        server = new lib.server({ httpServer, transport, ...sizes });
      });

      after(() => {
        server.shutDown();
        httpServer.close();
      });

      async function open(protocols) {
        const url = `ws://127.0.0.1:${httpServer.address().port}/`;
        const ours = once(server, 'request').then(([request]) => {
          return ofConnection(request.accept(protocols?.at(-1), request.origin));
        });
        const [theirs, peer] = await Promise.all([connect(url, protocols), ours]);
        return { ours: peer, theirs };
      }

      battery(open, { transport: used, ...abilities });
    });
  }
}

async function connectWs(url, protocols) {
  const socket = new ws.WebSocket(url, protocols);
  await once(socket, 'open');
  return ofWs(socket);
}

async function connectNpmWebsocket(url, protocols) {
  const client = new npmWebsocket.client();
  client.connect(url, protocols);
  const [connection] = await once(client, 'connect');
  return ofConnection(connection);
}

async function connectStandard(WebSocket, url, protocols) {
  const socket = new WebSocket(url, protocols);
  await once(socket, 'open');
  return ofStandard(socket);
}
