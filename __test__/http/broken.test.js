'use strict';

// Connections over TLS that break right behind the head of a request.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const nodeHttps = require('node:https');
const net = require('node:net');
const { Duplex } = require('node:stream');
const { describe, it } = require('node:test');
const tls = require('node:tls');

const https = require('../../lib/http/https');
const { WebSocketServer } = require('../../lib/ws');
const { kit } = require('../support/certificates');

const HOST = '127.0.0.1';
const HEAD = [
  'GET / HTTP/1.1',
  'Host: a',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
  '',
  '',
].join('\r\n');
/** A record of data that nobody has encrypted. */
const BROKEN = Buffer.concat([Buffer.from([23, 3, 3, 0, 32]), Buffer.alloc(32)]);

/** Sends the head and a broken record in one segment. @returns {Promise<net.Socket>} */
async function attack(port) {
  const socket = net.connect(port, HOST);
  let tail = Buffer.alloc(0);
  const wire = new Duplex({
    read() {},
    write(chunk, _encoding, done) {
      socket.write(Buffer.concat([chunk, tail]), done);
    },
  });
  socket.on('data', (data) => wire.push(data));
  socket.on('error', () => {});
  const client = tls.connect({ socket: wire, ca: kit.root.cert, host: HOST });
  client.on('error', () => {});
  await once(client, 'secureConnect');
  tail = BROKEN;
  client.write(HEAD);
  return socket;
}

describe('A broken record in one segment with the head', () => {
  for (const [name, { createServer }] of Object.entries({ node: nodeHttps, own: https })) {
    it(`is an error of the connection, server '${name}'`, async (t) => {
      const server = createServer({ cert: kit.server.cert, key: kit.server.key });
      const wss = new WebSocketServer({ server });
      t.after(() => server.close());
      server.listen(0, HOST);
      await once(server, 'listening');
      const ending = new Promise((resolve) => {
        wss.on('connection', (ws, request) => {
          const codes = [];
          request.socket.on('error', (error) => codes.push(error.code));
          ws.on('close', (code) => resolve([...codes, code]));
        });
      });
      const socket = await attack(/** @type {any} */ (server.address()).port);
      t.after(() => socket.destroy());
      assert.deepEqual(await ending, ['ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC', 1006]);
    });
  }
});
