'use strict';

// A thousand connections at the same time.

const assert = require('node:assert');
const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');
const { describe } = require('node:test');
const { WebSocket } = require('ws');

const lib = require('../..');
const { TRANSPORTS, it } = require('./battery');
const { CLOSE, HANDSHAKE, onTexts, text } = require('../engine/raw');

const CONNECTIONS = 1000;
const MESSAGES = 5;

const CLIENTS = { ws: converseWs, raw: converseRaw, 'our client': converseOurs };

for (const [transport, used] of Object.entries(TRANSPORTS)) {
  describe(`A server with a thousand connections, transport '${transport}'`, () => {
    for (const [name, converse] of Object.entries(CLIENTS)) {
      it(`echoes to all of them, and all close cleanly, with ${name} as the client`, async (t) => {
        const { port, server, counts } = await listen(t, transport);
        // No client leaves before the last one has its echoes.
        let here = 0;
        let leave;
        const all = new Promise((resolve) => {
          leave = resolve;
        });
        const stay = () => {
          if (++here === CONNECTIONS) leave();
          return all;
        };
        const clients = Array.from({ length: CONNECTIONS }, (_, i) =>
          converse(t, port, i, stay, transport),
        );
        await all;
        assert.strictEqual(server.connections.length, CONNECTIONS);
        for (const connection of server.connections) assert.strictEqual(connection.transport, used);
        for (const [i, texts] of (await Promise.all(clients)).entries()) {
          assert.deepStrictEqual(texts, textsOf(i));
        }
        await counts.allClosed;
        assert.strictEqual(counts.opened, CONNECTIONS);
        assert.strictEqual(counts.messages, CONNECTIONS * MESSAGES);
        assert.deepStrictEqual([...counts.codes], [[1000, CONNECTIONS]]);
        assert.deepStrictEqual(server.connections, []);
      });
    }
  });
}

async function listen(t, transport) {
  const httpServer = http.createServer();
  // With the default backlog of 511, the last ones would try again after a second.
  httpServer.listen({ port: 0, host: '127.0.0.1', backlog: 2 * CONNECTIONS });
  await once(httpServer, 'listening');
  const server = new lib.server({ httpServer, transport, autoAcceptConnections: true });
  t.after(() => {
    server.shutDown();
    httpServer.close();
  });
  const counts = { opened: 0, messages: 0, codes: new Map() };
  counts.allClosed = new Promise((resolve) => {
    let closed = 0;
    server.on('connect', (connection) => {
      counts.opened++;
      connection.on('message', ({ utf8Data }) => {
        counts.messages++;
        connection.send(utf8Data);
      });
    });
    server.on('close', (_connection, code) => {
      counts.codes.set(code, (counts.codes.get(code) ?? 0) + 1);
      if (++closed === CONNECTIONS) resolve();
    });
  });
  return { port: httpServer.address().port, server, counts };
}

function textsOf(id) {
  return Array.from({ length: MESSAGES }, (_, i) => `${id}: ${i}`);
}

async function converseWs(t, port, id, stay) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
  t.after(() => socket.terminate());
  const texts = [];
  socket.on('message', async (data) => {
    if (texts.push(data.toString()) < MESSAGES) return;
    await stay();
    socket.close(1000);
  });
  socket.on('open', () => {
    for (const text of textsOf(id)) socket.send(text);
  });
  const [code] = await once(socket, 'close');
  assert.strictEqual(code, 1000);
  return texts;
}

async function converseRaw(t, port, id, stay) {
  const socket = net.connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  const texts = [];
  onTexts(socket, async (echo) => {
    if (texts.push(echo) < MESSAGES) return;
    await stay();
    socket.write(CLOSE);
  });
  socket.write(HANDSHAKE);
  for (const message of textsOf(id)) socket.write(text(message));
  await once(socket, 'close');
  return texts;
}

async function converseOurs(_t, port, id, stay, transport) {
  const client = new lib.client({ transport });
  const texts = [];
  const closed = new Promise((resolve, reject) => {
    client.on('connectFailed', reject);
    client.on('connect', (connection) => {
      connection.on('close', resolve);
      connection.on('message', async ({ utf8Data }) => {
        if (texts.push(utf8Data) < MESSAGES) return;
        await stay();
        connection.close();
      });
      for (const text of textsOf(id)) connection.send(text);
    });
  });
  client.connect(`ws://127.0.0.1:${port}/`);
  assert.strictEqual(await closed, 1000);
  return texts;
}
