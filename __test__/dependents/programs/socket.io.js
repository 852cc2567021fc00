'use strict';

const assert = require('node:assert/strict');
const http = require('node:http');
const { after, before, describe, it } = require('node:test');
const { Server } = require('socket.io');
const { io: connect } = require('socket.io-client');
const WebSocket = require('ws');
const { assertLoads, listen, next } = require('../program');

const COUNT = 10000;

it('socket.io-adapter loads the implementation under test', () => {
  assertLoads('socket.io-adapter');
});

for (const [kind, options] of Object.entries({
  'socket.io': {},
  'socket.io with wsEngine': { wsEngine: WebSocket.Server },
  'socket.io with compression': { perMessageDeflate: { threshold: 0 } },
})) {
  describe(kind, () => {
    let io;
    let url;
    let clients;

    before(async () => {
      const web = http.createServer();
      io = new Server(web, options);
      io.on('connection', (socket) => {
        socket.on('echo', (data, answer) => answer(data));
        socket.on('count', (data) => socket.emit('count', data));
        socket.on('join', async (room, answer) => {
          await socket.join(room);
          answer();
        });
      });
      url = `http://${await listen(web)}`;
      clients = [];
    });

    after(() => io.close());

    async function client(transports = ['websocket']) {
      const socket = connect(url, { transports, forceNew: true, reconnectionDelay: 10 });
      clients.push(socket);
      await next(socket, 'connect');
      return socket;
    }

    const closeAll = () => clients.splice(0).map((socket) => socket.close());

    it(`keeps ${COUNT} messages in order from polling through the upgrade`, async () => {
      const socket = await client(['polling', 'websocket']);
      const received = [];
      const all = new Promise((resolve) => {
        socket.on('count', (data) => received.push(data) === COUNT && resolve());
      });
      for (let i = 0; i < COUNT / 2; i++) socket.emit('count', i);
      if (socket.io.engine.transport.name === 'polling') await next(socket.io.engine, 'upgrade');
      for (let i = COUNT / 2; i < COUNT; i++) socket.emit('count', i);
      await all;
      assert.ok(received.every((value, index) => value === index));
      assert.equal(socket.io.engine.transport.name, 'websocket');
      closeAll();
    });

    it('acknowledges text, structures and bytes', async () => {
      const socket = await client();
      const bytes = Buffer.from(Array.from({ length: 70000 }, (_, i) => i & 255));
      for (const data of ['é漢😀', { a: [1, null] }, bytes, { deep: [bytes, 'and', bytes] }]) {
        assert.deepEqual(await socket.emitWithAck('echo', data), data);
      }
      closeAll();
    });

    it('broadcasts to a room, with a frame that is encoded once', async (t) => {
      const frame = t.mock.method(WebSocket.Sender, 'frame');
      const sockets = await Promise.all(Array.from({ length: 20 }, () => client()));
      await Promise.all(sockets.slice(0, 10).map((socket) => socket.emitWithAck('join', 'room')));
      const counts = sockets.map(() => []);
      for (const [i, socket] of sockets.entries()) {
        socket.on('news', (data) => counts[i].push(data));
      }
      const ends = sockets.map((socket) => next(socket, 'end'));
      const before = frame.mock.callCount();
      for (let i = 0; i < 100; i++) io.to('room').emit('news', `é ${i}`);
      const encoded = frame.mock.callCount() - before;
      io.emit('news', Buffer.from('to all'));
      io.emit('end');
      await Promise.all(ends);
      // With wsEngine or without, the adapter encodes by its own `ws`. A server's connections take
      // these frames, or encode again if they compress.
      assert.ok(encoded >= 100, `${encoded} frames`);
      const texts = Array.from({ length: 100 }, (_, i) => `é ${i}`);
      for (const [i, received] of counts.entries()) {
        assert.deepEqual(received, [...(i < 10 ? texts : []), Buffer.from('to all')]);
      }
      closeAll();
    });

    it('reconnects after the connection is lost', async () => {
      const socket = await client();
      const first = socket.id;
      const lost = next(socket, 'disconnect');
      const again = next(socket, 'connect');
      io.sockets.sockets.get(first).conn.transport.socket.terminate();
      assert.equal((await lost)[0], 'transport close');
      await again;
      assert.notEqual(socket.id, first);
      assert.equal(await socket.emitWithAck('echo', 'again'), 'again');
      closeAll();
    });

    it('disconnects a client by name, and says why', async () => {
      const socket = await client();
      const lost = next(socket, 'disconnect');
      io.sockets.sockets.get(socket.id).disconnect(true);
      assert.equal((await lost)[0], 'io server disconnect');
      closeAll();
    });
  });
}
