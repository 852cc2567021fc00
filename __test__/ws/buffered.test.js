'use strict';

// What an application reads about its output in the turn of a send.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const https = require('node:https');
const { describe, it } = require('node:test');

const { TlsContext } = require('../../lib/internal/engine/tls');
const kPeer = require('../../lib/internal/transport/kPeer');
const WebSocket = require('../../lib/ws');
const { selfSigned } = require('../parity/harness/certificate');
const { until } = require('../support/events');

/**
 * Calls `scene` with an open client whose server echoes.
 *
 * @param {(client: any) => Promise<void>} scene
 * @param {object} [options] of the client
 */
async function withClient(scene, options) {
  const server = new WebSocket.Server({ port: 0, host: '127.0.0.1' });
  server.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
  await once(server, 'listening');
  const client = new WebSocket(`ws://127.0.0.1:${server.address().port}`, options);
  await once(client, 'open');
  try {
    client.send('first');
    await once(client, 'message');
    await scene(client);
  } finally {
    client.terminate();
    server.close();
  }
}

describe('ws: output in the turn of a send', () => {
  it('reading bufferedAmount loses no callback and no later event', () =>
    withClient(async (client) => {
      let called = 0;
      for (let round = 1; round <= 200; round++) {
        client.send('a', () => called++);
        client.send('b', () => called++);
        assert.equal(client.bufferedAmount, 0);
        await until(() => called === 2 * round);
      }
      client.send('last');
      await once(client, 'message');
    }));

  it('a short message has left its socket at once', () =>
    withClient(async (client) => {
      const { _socket: socket } = client;
      client.send('a');
      client.send('b');
      assert.equal(socket.writableLength, 0);
      client.send('c');
      client.send('d');
      assert.equal(socket._writableState.length, 0);
      assert.equal(client.bufferedAmount, 0);
    }));

  it('the same on the stream transport', () =>
    withClient(
      async (client) => {
        client.send('a');
        client.send('b');
        assert.equal(client.bufferedAmount, 0);
        client.send('c');
        client.send('d');
        assert.equal(client._socket.writableLength, 0);
      },
      { transport: 'stream' },
    ));
});

const HOST = '127.0.0.1';
const skip = process.platform === 'win32' || !TlsContext ? 'the engine does no TLS here' : false;

/**
 * An open client over TLS, and the server's WebSocket.
 *
 * @param {import('node:test').TestContext} t
 */
async function openSecure(t) {
  const { cert, key } = selfSigned();
  const server = https.createServer({ cert, key });
  const sockets = new WebSocket.Server({ server });
  server.listen(0, HOST);
  await once(server, 'listening');
  const { port } = /** @type {any} */ (server.address());
  const client = new WebSocket(`wss://${HOST}:${port}`, { ca: cert });
  t.after(() => {
    client.terminate();
    sockets.close();
    server.closeAllConnections();
    server.close();
  });
  const [[socket]] = await Promise.all([once(sockets, 'connection'), once(client, 'open')]);
  return { client, socket };
}

describe('ws: output of a client over TLS', { skip }, () => {
  it('counts as buffered in its turn, as over the TLS of Node', async (t) => {
    const { client, socket } = await openSecure(t);
    client.send('in the turn of the end of the handshake');
    assert.equal(client.bufferedAmount, 45);
    await once(socket, 'message');
    await until(() => client[kPeer].transport === 'native');
    for (let round = 0; round < 100; round++) {
      await until(() => client.bufferedAmount === 0);
      client.send('abc');
      assert.equal(client.bufferedAmount, 9);
      client.send('abc');
      assert.equal(client.bufferedAmount, 18);
      assert.equal(client._socket.writableLength, 18);
      assert.equal(client._socket._writableState.length, 18);
      await once(socket, 'message');
    }
  });

  it('counts once what the stream wrote before the engine took the socket', async (t) => {
    const { client, socket } = await openSecure(t);
    socket._socket.pause();
    const size = 1 << 24;
    client.send(Buffer.alloc(size));
    await until(() => client[kPeer].transport === 'native');
    assert.equal(client.bufferedAmount, size + 14);
    client.send(Buffer.alloc(1000));
    assert.equal(client.bufferedAmount, size + 14 + 1008);
    assert.equal(client._socket.writableLength, size + 14 + 1008);
    socket._socket.resume();
    await once(socket, 'message');
    await until(() => client.bufferedAmount === 0);
  });
});
