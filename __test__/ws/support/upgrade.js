'use strict';

// Upgrade requests for a server of ws.

const { Duplex } = require('node:stream');

const { KEY, dial, handshake, listen, readHead } = require('../../support/http');

/** A client that sends nothing behind its request. */
const HEAD = Buffer.alloc(0);

/** The head of the answer to a request; `prepare` gets the server first. */
async function upgrade(t, lib, { options, headers, prepare = (_server) => {} }) {
  const { httpServer, port } = await listen(t);
  const server = new lib.WebSocketServer({ server: httpServer, ...options });
  prepare(server);
  const socket = await dial(t, port, handshake(headers));
  const { status, headers: sent } = await readHead(socket);
  return { status, sent, server, socket };
}

/** An upgrade request and a socket that belong to no HTTP server. */
function madeUp({ writable = true } = {}) {
  const written = [];
  const socket = new Duplex({
    read() {},
    write(chunk, _encoding, callback) {
      written.push(chunk.toString('latin1'));
      callback();
    },
  });
  if (!writable) socket.end();
  const headers = {
    upgrade: 'websocket',
    'sec-websocket-key': KEY,
    'sec-websocket-version': '13',
  };
  return { request: { method: 'GET', url: '/', headers, socket }, socket, written };
}

module.exports = { HEAD, madeUp, upgrade };
