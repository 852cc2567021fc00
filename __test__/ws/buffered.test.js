'use strict';

// What an application reads about its output in the turn of a send.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const WebSocket = require('../../lib/ws');
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
