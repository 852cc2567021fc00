'use strict';

// Connections of both APIs over NativeSockets: the engine's link becomes a WebSocket in place.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');
const { describe, it } = require('node:test');

const websocket = require('../..');
const kPeer = require('../../lib/internal/transport/kPeer');
const ws = require('../../lib/ws');
const { engine } = require('../../lib/internal/engine/engine');
const { NativeSocket } = require('../../lib/internal/transport/NativeSocket');
const { text, onTexts, CLOSE, HANDSHAKE } = require('../engine/raw');
const { until } = require('../support/events');
const { linkOf, nativeOf } = require('../support/nativeSocket');

/** What the tests need of an API: to attach it, to send, and to hear. */
const APIS = {
  websocket: {
    attach(httpServer, onConnection, options) {
      const server = new websocket.server({ httpServer, autoAcceptConnections: true, ...options });
      server.on('connect', onConnection);
    },
    listen: (connection, hear) => connection.on('message', ({ utf8Data }) => hear(utf8Data)),
    send: (connection, message, callback) => connection.sendUTF(message, callback),
    abandon: (connection) => connection.drop(1000),
    socket: (connection) => connection.socket,
  },
  ws: {
    attach(server, onConnection, options) {
      new ws.WebSocketServer({ server, ...options }).on('connection', onConnection);
    },
    listen: (connection, hear) => connection.on('message', (data) => hear(`${data}`)),
    send: (connection, message, callback) => connection.send(message, callback),
    abandon: (connection) => connection.terminate(),
    socket: (connection) => connection._socket,
  },
};

/**
 * An HTTP server whose sockets are NativeSockets.
 *
 * @param {import('node:test').TestContext} t
 * @param {(socket: any) => any} [convert] makes the NativeSocket of an accepted socket
 */
async function listen(t, convert = (socket) => nativeOf(socket)) {
  const httpServer = http.createServer((_request, response) => response.end('plain'));
  const sockets = [];
  const acceptor = net.createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) => {
    const native = convert(socket);
    sockets.push(native);
    httpServer.emit('connection', native);
  });
  acceptor.listen(0, '127.0.0.1');
  await once(acceptor, 'listening');
  t.after(() => {
    acceptor.close();
    for (const socket of sockets) socket.destroy();
  });
  return { httpServer, sockets, port: /** @type {net.AddressInfo} */ (acceptor.address()).port };
}

/** A raw client, which collects the texts that it receives. */
function dial(t, port) {
  const socket = net.connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  socket.on('error', () => {});
  const texts = [];
  onTexts(socket, (payload) => texts.push(payload));
  return { socket, texts };
}

/** The next connection of a server, and what it hears. */
function connectionOf(api, httpServer, options) {
  return new Promise((resolve) => {
    api.attach(
      httpServer,
      (connection) => {
        const heard = [];
        api.listen(connection, (message) => heard.push(message));
        const log = [];
        connection.on('close', (code) => log.push(code));
        connection.on('error', (error) => log.push(error.code));
        resolve({ connection, heard, log, peer: connection[kPeer] });
      },
      options,
    );
  });
}

for (const [name, api] of Object.entries(APIS)) {
  describe(`A connection of '${name}' over a NativeSocket`, () => {
    it('is native in place, and both sides hear each other in order', async (t) => {
      const { httpServer, port } = await listen(t);
      const opened = connectionOf(api, httpServer);
      const client = dial(t, port);
      client.socket.write(HANDSHAKE);
      const { connection, heard, peer } = await opened;
      api.send(connection, 'greeting');
      await until(() => peer.transport === 'native');
      const called = [];
      for (let i = 0; i < 50; i++) {
        client.socket.write(text(`${i}`));
        api.send(connection, `${i}`, (error) => called.push(error ?? i));
      }
      const all = Array.from({ length: 50 }, (_, i) => i);
      await until(() => heard.length === 50 && client.texts.length === 51 && called.length === 50);
      assert.deepEqual(heard, all.map(String));
      assert.deepEqual(client.texts, ['greeting', ...all.map(String)]);
      assert.deepEqual(called, all);
      assert.ok(api.socket(connection) instanceof NativeSocket);
    });

    it('hears what came with the handshake', async (t) => {
      const { httpServer, port } = await listen(t);
      const opened = connectionOf(api, httpServer);
      const client = dial(t, port);
      const frames = [text('one'), text('two'), text('three')];
      client.socket.write(Buffer.concat([Buffer.from(HANDSHAKE), ...frames]));
      client.socket.write(text('four'));
      const { heard, peer } = await opened;
      await until(() => heard.length === 4);
      assert.deepEqual(heard, ['one', 'two', 'three', 'four']);
      await until(() => peer.transport === 'native');
    });

    it('comes behind other requests of a kept connection', async (t) => {
      const { httpServer, port } = await listen(t);
      const opened = connectionOf(api, httpServer);
      const client = net.connect(port, '127.0.0.1');
      t.after(() => client.destroy());
      const get = 'GET /page HTTP/1.1\r\nHost: a\r\n\r\n';
      for (let i = 0; i < 2; i++) {
        client.write(get);
        const [answer] = await once(client, 'data');
        assert.match(`${answer}`, /^HTTP\/1.1 200 OK\r\n/);
      }
      const texts = [];
      onTexts(client, (payload) => texts.push(payload));
      client.write(Buffer.concat([Buffer.from(HANDSHAKE), text('hello')]));
      const { connection, heard, peer } = await opened;
      await until(() => heard.length === 1 && peer.transport === 'native');
      api.send(connection, 'answer');
      await until(() => texts.length === 1);
    });

    it('takes a link that has held its input from the start', async (t) => {
      const httpServer = http.createServer();
      const opened = connectionOf(api, httpServer);
      const acceptor = net.createServer({ pauseOnConnect: true }, (accepted) => {
        const slot = linkOf(accepted);
        const socket = new NativeSocket({ slot, isHolding: true, allowHalfOpen: true });
        engine.holdInput(slot);
        const request = new http.IncomingMessage(socket);
        Object.assign(request, { method: 'GET', url: '/', httpVersion: '1.1' });
        Object.assign(request, { httpVersionMajor: 1, httpVersionMinor: 1 });
        for (const line of HANDSHAKE.trim().split('\r\n').slice(1)) {
          const [field, value] = line.split(': ');
          request.headers[field.toLowerCase()] = value;
        }
        httpServer.emit('upgrade', request, socket, Buffer.alloc(0));
      });
      acceptor.listen(0, '127.0.0.1');
      await once(acceptor, 'listening');
      t.after(() => acceptor.close());
      const { port } = /** @type {net.AddressInfo} */ (acceptor.address());
      const client = dial(t, port);
      client.socket.write(text('early'));
      const { connection, heard, peer } = await opened;
      t.after(() => api.socket(connection).destroy());
      await until(() => peer.transport === 'native');
      await until(() => heard.length === 1);
      api.send(connection, 'answer');
      await until(() => client.texts.length === 1);
    });

    it('closes when its peer closes, and when its peer just ends', async (t) => {
      for (const last of [CLOSE, Buffer.alloc(0)]) {
        const { httpServer, port } = await listen(t);
        const opened = connectionOf(api, httpServer);
        const client = dial(t, port);
        client.socket.write(Buffer.concat([Buffer.from(HANDSHAKE), text('only')]));
        const { heard, log } = await opened;
        client.socket.end(last);
        await until(() => log.length === 1);
        assert.deepEqual(heard, ['only']);
        assert.deepEqual(log, [last === CLOSE ? 1000 : 1006]);
      }
    });

    it('is gone at once when the application gives it up', async (t) => {
      const { httpServer, port, sockets } = await listen(t);
      const opened = connectionOf(api, httpServer);
      const client = dial(t, port);
      client.socket.write(HANDSHAKE);
      const { connection, log, peer } = await opened;
      await until(() => peer.transport === 'native');
      const ended = once(client.socket, 'close');
      api.abandon(connection);
      await ended;
      await until(() => log.length === 1);
      assert.equal(sockets[0].destroyed, true);
    });

    it('tells of a peer that resets the connection', async (t) => {
      const { httpServer, port } = await listen(t);
      const opened = connectionOf(api, httpServer);
      const client = dial(t, port);
      client.socket.write(HANDSHAKE);
      const { log, peer } = await opened;
      await until(() => peer.transport === 'native');
      client.socket.resetAndDestroy();
      await until(() => log.includes(1006));
      // npm `ws` tells of no errors of the socket of an open connection.
      assert.deepEqual(log, name === 'ws' ? [1006] : ['ECONNRESET', 1006]);
    });

    it('stops reading while it is paused', async (t) => {
      const { httpServer, port } = await listen(t);
      const opened = connectionOf(api, httpServer);
      const client = dial(t, port);
      client.socket.write(HANDSHAKE);
      const { connection, heard, peer } = await opened;
      await until(() => peer.transport === 'native');
      connection.pause();
      client.socket.write(text('x'));
      client.socket.write(text('y'));
      await until(() => client.socket.writableLength === 0);
      assert.deepEqual(heard, []);
      connection.resume();
      await until(() => heard.length === 2);
    });

    it("stays a stream with transport 'stream' or a replaced write()", async (t) => {
      for (const isReplaced of [false, true]) {
        const { httpServer, port, sockets } = await listen(t);
        const options = isReplaced ? {} : { transport: 'stream' };
        const opened = connectionOf(api, httpServer, options);
        const client = dial(t, port);
        let written = 0;
        httpServer.on('upgrade', (_request, socket) => {
          if (!isReplaced) return;
          socket.write = (...args) => {
            written++;
            return Reflect.apply(net.Socket.prototype.write, socket, args);
          };
        });
        client.socket.write(Buffer.concat([Buffer.from(HANDSHAKE), text('early')]));
        const { connection, heard, peer } = await opened;
        api.send(connection, 'answer');
        client.socket.write(text('later'));
        await until(() => heard.length === 2 && client.texts.length === 1);
        assert.equal(peer.transport, 'stream');
        assert.equal(written > 0, isReplaced);
        assert.equal(sockets[0].destroyed, false);
      }
    });
  });

  describe(`The socket of a connection of '${name}' over a NativeSocket`, () => {
    it('has its addresses, counts, options and listeners', async (t) => {
      const { httpServer, port } = await listen(t);
      const opened = connectionOf(api, httpServer);
      const client = dial(t, port);
      client.socket.write(HANDSHAKE);
      const { connection, heard, peer } = await opened;
      await until(() => peer.transport === 'native');
      const socket = api.socket(connection);
      assert.equal(socket.remotePort, client.socket.localPort);
      assert.equal(socket.setNoDelay(), socket);
      assert.equal(socket.setKeepAlive(true), socket);
      assert.equal(socket.bytesRead, HANDSHAKE.length);
      const chunks = [];
      socket.on('data', (chunk) => chunks.push(chunk));
      client.socket.write(text('shown'));
      await until(() => heard.length === 1 && chunks.length === 1);
      assert.deepEqual(Buffer.concat(chunks), text('shown'));
      assert.equal(socket.bytesRead, HANDSHAKE.length + text('shown').length);
      await until(() => socket.bytesWritten === client.socket.bytesRead);
    });

    it('writes in order with the messages', async (t) => {
      const { httpServer, port } = await listen(t);
      const opened = connectionOf(api, httpServer);
      const client = dial(t, port);
      client.socket.write(HANDSHAKE);
      const { connection, peer } = await opened;
      await until(() => peer.transport === 'native');
      const frame = (/** @type {string} */ payload) =>
        Buffer.concat([Buffer.from([0x81, payload.length]), Buffer.from(payload)]);
      api.send(connection, 'one');
      const written = new Promise((resolve) => api.socket(connection).write(frame('two'), resolve));
      api.send(connection, 'three');
      await written;
      await until(() => client.texts.length === 3);
      assert.deepEqual(client.texts, ['one', 'two', 'three']);
    });

    it("emits 'timeout' when nothing goes", async (t) => {
      const { httpServer, port } = await listen(t);
      const opened = connectionOf(api, httpServer);
      const client = dial(t, port);
      client.socket.write(HANDSHAKE);
      const { connection, peer } = await opened;
      await until(() => peer.transport === 'native');
      api.socket(connection).setTimeout(20);
      await once(api.socket(connection), 'timeout');
    });
  });
}

describe("A connection of 'ws' with compression over a NativeSocket", () => {
  it('keeps both contexts when its link becomes a WebSocket', async (t) => {
    const { httpServer, port } = await listen(t);
    const perMessageDeflate = { threshold: 0 };
    const server = new ws.WebSocketServer({ server: httpServer, perMessageDeflate });
    const sent = Array.from({ length: 20 }, (_, i) => `message ${i} of many that are alike`);
    const accepted = new Promise((resolve) => {
      server.on('connection', (connection) => {
        // These are deflated before the link is taken.
        for (const message of sent.slice(0, 10)) connection.send(message);
        resolve(connection);
      });
    });
    const client = new ws.WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate });
    const atClient = [];
    client.on('message', (data) => atClient.push(`${data}`));
    client.on('open', () => {
      for (const message of sent) client.send(message);
    });
    const connection = await accepted;
    const atServer = [];
    connection.on('message', (data) => atServer.push(`${data}`));
    await until(() => connection[kPeer].transport === 'native');
    for (const message of sent.slice(10)) connection.send(message);
    await until(() => atClient.length === 20 && atServer.length === 20);
    assert.deepEqual([atClient, atServer], [sent, sent]);
    client.close();
    await once(connection, 'close');
  });
});
