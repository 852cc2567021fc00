'use strict';

// What an application still hears after it has destroyed a connection.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const WebSocket = require('../../lib/ws');
const { until } = require('../support/events');

/** Calls `scene` with a server's WebSocket whose client sends without an end. */
async function underLoad(scene) {
  const server = new WebSocket.Server({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const client = new WebSocket(`ws://127.0.0.1:${server.address().port}`);
  const [socket] = await once(server, 'connection');
  await once(client, 'open');
  const send = () => {
    for (let i = 0; i < 50; i++) client.send('a message');
    if (client.readyState === WebSocket.OPEN) setImmediate(send);
  };
  send();
  try {
    await scene(socket);
  } finally {
    client.terminate();
    server.close();
  }
}

describe('ws: terminate() under load', () => {
  for (let round = 1; round <= 10; round++) {
    it(`emits no message afterwards, outside of handlers (${round})`, () =>
      underLoad(async (socket) => {
        let heard = 0;
        socket.on('message', () => heard++);
        await until(() => heard > 100);
        socket.terminate();
        const before = heard;
        await once(socket, 'close');
        assert.equal(heard, before);
      }));
  }
});
