'use strict';

const assert = require('node:assert/strict');
const { EventEmitter, once } = require('node:events');
const net = require('node:net');
const { describe } = require('node:test');

const ours = require('..');
const upstream = require('websocket');
const { dialRaw, it, onEachTransport, serve } = require('./support/connect');
const { until } = require('./support/events');
const { dial, handshake, listen, readHead } = require('./support/http');

// "Hello", masked: RFC 6455 §5.7.
const HELLO = Buffer.from('818537fa213d7f9f4d5158', 'hex');

/** More than Node reads from a socket without a reader. */
const MUCH = Buffer.concat(Array.from({ length: 15000 }, () => HELLO));

const LOST = [1006, 'TCP connection lost before handshake completed.'];

/** Requests that the application leaves pending, and their raw peers. */
async function ask(t, server, count = 1) {
  const requests = [];
  const asked = new Promise((resolve) => {
    server.wsServer.on('request', (request) => {
      if (requests.push(request) === count) resolve();
    });
  });
  const peers = [];
  for (let i = 0; i < count; i++) {
    const peer = await dialRaw(t, server);
    peer.on('error', () => {});
    peer.write(handshake());
    peers.push(peer);
  }
  await asked;
  assert.equal(server.wsServer.pendingRequests.length, count);
  return { requests, peers };
}

const gone = (socket) => new Promise((resolve) => socket.once('close', resolve));

onEachTransport('pending requests: the peer disconnects', (transport) => {
  for (const [how, leave] of [
    ['ends its half of the socket', (peer) => peer.end()],
    ['sends a message and ends it', (peer) => peer.end(HELLO)],
    ['sends more than a socket buffers and ends it', (peer) => peer.end(MUCH)],
    ['closes it', (peer) => peer.destroy()],
    ...(transport === 'tls' ? [] : [['resets it', (peer) => peer.resetAndDestroy()]]),
  ]) {
    it(`forgets a request whose peer ${how}, and frees its socket`, async (t) => {
      const server = await serve(t, { transport });
      const { requests, peers } = await ask(t, server, 20);
      const closed = requests.map(({ socket }) => gone(socket));
      for (const peer of peers) leave(peer);
      await Promise.all(closed);
      assert.deepEqual(server.wsServer.pendingRequests, []);
      assert.equal(server.sockets.size, 0);

      const connection = requests[0].accept();
      assert.deepEqual(await once(connection, 'close'), LOST);
      assert.deepEqual(server.wsServer.connections, []);
    });
  }

  it('frees the socket of a request that an application has constructed', async (t) => {
    const server = await serve(t, { transport });
    server.wsServer.unmount();
    const upgraded = once(server.httpServer, 'upgrade');
    const peer = await dialRaw(t, server);
    peer.write(handshake());
    const [httpRequest, socket, head] = await upgraded;
    const request = new ours.request(socket, httpRequest, server.wsServer.config, head);
    request.readHandshake();
    const closed = gone(socket);
    peer.end();
    await closed;
    assert.deepEqual(await once(request.accept(), 'close'), LOST);
  });

  it('forgets it at once, before its socket is freed', async (t) => {
    const server = await serve(t, { transport });
    const { requests, peers } = await ask(t, server);
    const ended = once(requests[0].socket, 'end');
    peers[0].end();
    await ended;
    assert.deepEqual(server.wsServer.pendingRequests, []);
    const connection = requests[0].accept();
    assert.deepEqual(await once(connection, 'close'), LOST);
  });

  it('delivers messages that the peer sends before it is answered', async (t) => {
    const server = await serve(t, { transport });
    const { requests, peers } = await ask(t, server);
    const before = requests[0].socket.bytesRead ?? 0;
    peers[0].write(HELLO);
    await until(() => (requests[0].socket.bytesRead ?? 0) > before);
    const connection = requests[0].accept();
    const [message] = await once(connection, 'message');
    assert.equal(message.utf8Data, 'Hello');
  });

  it('cuts off a peer that sends without end before it is answered', async (t) => {
    const server = await serve(t, { transport });
    const { requests, peers } = await ask(t, server);
    const closed = gone(requests[0].socket);
    const flood = Buffer.alloc(4 * 1024 * 1024, HELLO);
    peers[0].write(flood);
    await closed;
    assert.deepEqual(server.wsServer.pendingRequests, []);
  });

  it('delivers many messages that the peer sends before it is answered', async (t) => {
    const server = await serve(t, { transport });
    const { requests, peers } = await ask(t, server);
    peers[0].write(MUCH);
    await until(() => requests[0]._head?.length > 0);
    const connection = requests[0].accept();
    let count = 0;
    connection.on('message', ({ utf8Data }) => {
      assert.equal(utf8Data, 'Hello');
      count++;
    });
    await until(() => count === 15000);
  });

  it('answers 503 after requestTimeout', async (t) => {
    const server = await serve(t, { transport, config: { requestTimeout: 50 } });
    const asked = once(server.wsServer, 'request');
    const peer = await dialRaw(t, server);
    const answered = readHead(peer);
    peer.write(handshake());
    const [request] = await asked;
    const rejected = once(request, 'requestRejected');
    assert.equal((await answered).status, 503);
    await rejected;
    assert.deepEqual(server.wsServer.pendingRequests, []);
    assert.throws(() => request.accept(), /only be accepted or rejected one time/);
    const closed = gone(request.socket);
    peer.end();
    await closed;
  });

  it('ignores requestTimeout after an answer', async (t) => {
    const server = await serve(t, { transport, config: { requestTimeout: 20 } });
    server.wsServer.on('request', (request) => request.accept());
    const connected = once(server.wsServer, 'connect');
    const peer = await dialRaw(t, server);
    peer.write(handshake());
    assert.equal((await readHead(peer)).status, 101);
    const [connection] = await connected;
    // This timer starts after the option's and takes longer, so it fires later on any machine.
    await new Promise((resolve) => setTimeout(resolve, 40));
    assert.equal(connection.connected, true);
    connection.drop();
  });
});

describe('pending requests: behaviour of npm websocket', () => {
  for (const [name, lib] of Object.entries({ ours, upstream })) {
    it(`tells a peer that has ended its half why it is rejected (${name})`, async (t) => {
      const { httpServer, port } = await listen(t);
      const server = new lib.server({ httpServer });
      const asked = once(server, 'request');
      const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
      t.after(() => socket.destroy());
      socket.end(handshake());
      const [request] = await asked;
      if (!request.socket.readableEnded) await once(request.socket, 'end');
      request.reject(401);
      assert.equal((await readHead(socket)).status, 401);
    });

    it(`serves a peer that sent a message before its end (${name})`, async (t) => {
      const { httpServer, port } = await listen(t);
      const server = new lib.server({ httpServer });
      const asked = once(server, 'request');
      const socket = await dial(t, port, handshake());
      const [request] = await asked;
      const before = request.socket.bytesRead;
      socket.end(HELLO);
      await until(() => request.socket.bytesRead > before);
      const connection = request.accept();
      const [message] = await once(connection, 'message');
      assert.equal(message.utf8Data, 'Hello');
      await once(connection, 'close');
    });
  }

  for (const requestTimeout of [undefined, 20]) {
    it(`leaves sockets alone that another listener of 'upgrade' answers, requestTimeout ${requestTimeout}`, async (t) => {
      const { httpServer, port } = await listen(t);
      const server = new ours.server({ httpServer, requestTimeout });
      server.on('request', (request) => {
        request.once('requestResolved', () => assert.fail('it is not for this server'));
      });
      httpServer.on('upgrade', (_request, socket) => {
        socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n');
        socket.once('end', () => {
          setTimeout(() => socket.end('late'), 1500);
        });
        socket.resume();
      });
      const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
      t.after(() => socket.destroy());
      socket.write(handshake());
      const answer = readHead(socket);
      assert.equal((await answer).status, 101);
      if (requestTimeout) await until(() => server.pendingRequests.length === 0);
      socket.end();
      const [rest] = await once(socket, 'data');
      assert.equal(rest.toString(), 'late');
      assert.deepEqual(server.pendingRequests, []);
    });
  }
});

describe('pending requests: the option requestTimeout', () => {
  const mount = (requestTimeout) =>
    new ours.server({ httpServer: new EventEmitter(), requestTimeout });

  it('is unset by default, and can be omitted in any way', () => {
    for (const none of [undefined, null, 0]) mount(none);
  });

  for (const [value, kind] of [
    [-1, RangeError],
    [1.5, RangeError],
    [Number.NaN, RangeError],
    [Infinity, RangeError],
    [2 ** 31, RangeError],
    ['1000', TypeError],
    [true, TypeError],
    [{}, TypeError],
  ]) {
    it(`is no ${kind === RangeError ? 'such number' : 'such thing'} as ${JSON.stringify(value)} (${value})`, () => {
      assert.throws(
        () => mount(value),
        (error) =>
          error instanceof kind && /^requestTimeout must be an integer/.test(error.message),
      );
    });
  }
});
