'use strict';

// Our clients with servers of other packages.

const { once } = require('node:events');
const http = require('node:http');
const { after, before, describe } = require('node:test');
const npmWebsocket = require('websocket');
const ws = require('ws');

const lib = require('../..');
const { TRANSPORTS, battery } = require('./battery');
const { ofConnection, ofStandard, ofWs } = require('./peers');

const MIB = 1024 * 1024;
/** The close codes that a browser allows its pages. */
const STANDARD_CODES = [1000, 3000, 4999];

const CLIENTS = {
  'our client': { connect },
  'our W3CWebSocket': { connect: connectStandard, codes: STANDARD_CODES },
};
const SERVERS = {
  ws: { listen: listenWs },
  'npm websocket': { listen: listenNpmWebsocket, forgetful: true },
};

for (const [transport, used] of Object.entries(TRANSPORTS)) {
  for (const [client, { connect, codes }] of Object.entries(CLIENTS)) {
    for (const [name, { listen, forgetful }] of Object.entries(SERVERS)) {
      describe(`${name} as the server of ${client}, transport '${transport}'`, () => {
        const httpServer = http.createServer();
        const accepted = listen(httpServer);

        before(async () => {
          httpServer.listen(0, '127.0.0.1');
          await once(httpServer, 'listening');
        });
        after(() => httpServer.close());

        async function open(protocols) {
          const url = `ws://127.0.0.1:${httpServer.address().port}/`;
          const [theirs, ours] = await Promise.all([
            accepted(),
            connect(url, transport, protocols),
          ]);
          return { ours, theirs };
        }

        battery(open, { transport: used, codes, forgetful });
      });
    }
  }
}

async function connect(url, transport, protocols) {
  const client = new lib.client({ transport });
  client.connect(url, protocols);
  const [connection] = await once(client, 'connect');
  return ofConnection(connection);
}

async function connectStandard(url, transport, protocols) {
  const config = { transport };
  const socket = new lib.w3cwebsocket(url, protocols, undefined, undefined, undefined, config);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  const peer = ofStandard(socket);
  peer.transport = () => socket._connection.transport;
  return peer;
}

function listenWs(server) {
  const wss = new ws.WebSocketServer({ server, handleProtocols: (offered) => [...offered].at(-1) });
  return async () => {
    const [socket] = await once(wss, 'connection');
    return ofWs(socket);
  };
}

function listenNpmWebsocket(httpServer) {
  const sizes = { maxReceivedFrameSize: MIB, maxReceivedMessageSize: MIB };
  const server = new npmWebsocket.server({ httpServer, ...sizes });
  return async () => {
    const [request] = await once(server, 'request');
    return ofConnection(request.accept(request.requestedProtocols.at(-1), request.origin));
  };
}
