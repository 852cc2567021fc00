'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { describe } = require('node:test');

const { connection: WebSocketConnection } = require('../..');
const { dialRaw, it, makeClient, open, serve, shakeHands } = require('../support/connect');
const { catchUncaught, closing, contentOf, gather, textsOf, until } = require('../support/events');
const RawPeer = require('../support/RawPeer');
const { TEXT, encode } = require('../support/frames');

const CONFIG = {
  assembleFragments: true,
  maxReceivedFrameSize: 0x10000,
  maxReceivedMessageSize: 0x100000,
  closeTimeout: 5000,
};

/**
 * Windows has no descriptors to adopt and no Unix domain sockets, so these tests are skipped there
 * with a reason.
 */
const unixOnly = process.platform === 'win32' ? reasonedSkip : it;

function reasonedSkip(name) {
  it(name, (t) => t.skip('needs descriptors, which Windows does not have'));
}

/** The two ends of a TCP connection before any handshake. */
async function socketPair(t, Socket = net.Socket) {
  const server = net.createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection');
  const own = new Socket().connect(server.address().port, '127.0.0.1');
  const [[other]] = await Promise.all([accepted, once(own, 'connect')]);
  t.after(() => {
    server.close();
    own.destroy();
    other.destroy();
  });
  return { own, other };
}

/** A connection that an application constructs itself. */
function construct(socket, config = {}) {
  const connection = new WebSocketConnection(socket, [], null, false, { ...CONFIG, ...config });
  connection._addSocketEventListeners();
  return connection;
}

/** Overrides a method on the object itself. */
function wrap(object, name, see) {
  const before = object[name];
  object[name] = function (...args) {
    see();
    return before.apply(this, args);
  };
}

/** Sends a message each way, which shows that no other frame comes first. */
async function talk(connection, peer) {
  const message = once(connection, 'message');
  peer.text('in');
  assert.equal((await message)[0].utf8Data, 'in');
  connection.sendUTF('out');
  assert.equal((await peer.expect(TEXT)).payload.toString(), 'out');
}

describe('The transport', () => {
  unixOnly('is native over TCP, and stream if the option says so', async (t) => {
    for (const role of ['server', 'client']) {
      const native = await open(t, { transport: 'native', role });
      assert.equal(native.connection.transport, 'native');
      await talk(native.connection, native.peer);
      const stream = await open(t, { transport: 'stream', role });
      await talk(stream.connection, stream.peer);
      assert.equal(stream.connection.transport, 'stream');
    }
  });

  it('is stream over TLS', async (t) => {
    const { connection, peer } = await open(t, { transport: 'tls' });
    await talk(connection, peer);
    assert.equal(connection.transport, 'stream');
    assert.equal(connection.socket.encrypted, true);
  });

  unixOnly('is native over a Unix domain socket, for servers and clients', async (t) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'websocket-'));
    t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
    const server = await serve(t, { transport: 'native', path: path.join(folder, 'socket') });
    server.wsServer.on('request', (request) => request.accept());
    let opened = once(server.wsServer, 'connect');
    const peer = await shakeHands(await dialRaw(t, server));
    const [byHand] = await opened;
    await until(() => byHand.transport === 'native');
    await talk(byHand, peer);

    opened = once(server.wsServer, 'connect');
    const client = makeClient('native', {});
    client.connect('ws://localhost/', null, null, null, { socketPath: server.path });
    const [[connected], [accepted]] = await Promise.all([once(client, 'connect'), opened]);
    await until(() => accepted.transport === 'native' && connected.transport === 'native');
    const messages = gather(accepted, 'message', 1);
    connected.sendUTF('x'.repeat(100000));
    assert.equal((await messages)[0].utf8Data.length, 100000);
    const ends = [closing(accepted), closing(connected)];
    accepted.close(4001, 'bye');
    assert.deepEqual(await Promise.all(ends), [
      [4001, 'bye'],
      [4001, 'bye'],
    ]);
  });

  unixOnly('is native for a connection that the application constructs over TCP', async (t) => {
    const { own, other } = await socketPair(t);
    const connection = construct(own);
    assert.equal(connection.transport, 'stream', 'not before the current turn is over');
    const texts = textsOf(connection);
    connection.handleSocketData(encode({ opcode: TEXT, payload: 'came with the handshake' }));
    const peer = new RawPeer(other, true);
    peer.text('came later');
    await until(() => connection.transport === 'native');
    await until(() => texts.length === 2);
    assert.deepEqual(texts, ['came with the handshake', 'came later']);
  });

  const watched = {
    'a write() of its own': (socket, see) => wrap(socket, 'write', see),
    'an end() of its own': (socket, see) => wrap(socket, 'end', see),
    'a push() of its own': (socket, see) => wrap(socket, 'push', see),
    'an emit() of its own': (socket, see) => wrap(socket, 'emit', see),
    'a _write() of its own': (socket, see) => wrap(socket, '_write', see),
    'a listener for data': (socket, see) => socket.on('data', see),
  };
  for (const [what, watch] of Object.entries(watched)) {
    it(`is stream over a socket with ${what}, which still gets its bytes`, async (t) => {
      const { own, other } = await socketPair(t);
      let seen = 0;
      watch(own, () => seen++);
      const connection = construct(own);
      const peer = new RawPeer(other, true);
      await talk(connection, peer);
      assert.equal(connection.transport, 'stream');
      assert.ok(seen > 0 || what.includes('end()'));
    });
  }

  it('is stream when a listener for data throws, and the connection still gets everything', async (t) => {
    const caught = catchUncaught(t);
    const { own, other } = await socketPair(t);
    const connection = construct(own);
    own.once('data', () => {
      throw new Error('from a data listener');
    });
    const texts = textsOf(connection);
    const peer = new RawPeer(other, true);
    peer.text('one');
    await until(() => caught.length === 1);
    peer.text('two');
    await until(() => texts.includes('two'));
    assert.equal(connection.transport, 'stream');
    assert.equal(caught[0].message, 'from a data listener');
  });

  it('is stream over a subclass of net.Socket, which may transfer its bytes differently', async (t) => {
    class Counting extends net.Socket {
      chunks = 0;

      push(chunk) {
        this.chunks += 1;
        return super.push(chunk);
      }
    }
    const { own, other } = await socketPair(t, Counting);
    const connection = construct(own);
    await talk(connection, new RawPeer(other, true));
    assert.equal(connection.transport, 'stream');
    assert.ok(own.chunks > 0);
  });

  it('is stream over a destroyed socket', async (t) => {
    const { own } = await socketPair(t);
    own.destroy();
    const connection = construct(own);
    assert.deepEqual(await closing(connection), [1006, 'Connection dropped by remote peer.']);
    assert.equal(connection.transport, 'stream');
  });
});

describe('The move to the native transport', () => {
  unixOnly('waits until Node has written everything that came before', async (t) => {
    const { own, other } = await socketPair(t);
    other.pause();
    let sent = 0;
    while (own.writableLength === 0) {
      own.write(Buffer.alloc(65536));
      sent += 65536;
      await new Promise(setImmediate);
    }
    const connection = construct(own);
    connection.sendUTF('behind it');
    await new Promise(setImmediate);
    assert.equal(connection.transport, 'stream', 'Node still has bytes to write');
    connection.sendUTF('and behind that');
    let bytes = 0;
    const rest = [];
    other.on('data', (chunk) => {
      if (bytes >= sent) rest.push(chunk);
      else if (bytes + chunk.length > sent) rest.push(chunk.subarray(sent - bytes));
      bytes += chunk.length;
    });
    other.resume();
    await until(() => connection.transport === 'native');
    connection.sendUTF('natively');
    const expected = ['behind it', 'and behind that', 'natively'].map((payload) =>
      encode({ opcode: TEXT, payload }),
    );
    await until(() => Buffer.concat(rest).length === Buffer.concat(expected).length);
    assert.ok(Buffer.concat(rest).equals(Buffer.concat(expected)));
  });

  unixOnly('loses nothing that Node had read by then', async (t) => {
    for (let round = 0; round < 50; round++) {
      const { own, other } = await socketPair(t);
      const peer = new RawPeer(other, true);
      const count = 100;
      // Some arrive before there is a listener, some in the same turn, some later.
      for (let i = 0; i < 30; i++) peer.text(`${i}`);
      if (round % 2) await new Promise(setImmediate);
      const connection = construct(own);
      const messages = gather(connection, 'message', count);
      for (let i = 30; i < 60; i++) peer.text(`${i}`);
      await new Promise(setImmediate);
      for (let i = 60; i < count; i++) peer.text(`${i}`);
      assert.deepEqual(
        (await messages).map(contentOf),
        Array.from({ length: count }, (_, i) => `${i}`),
      );
      assert.equal(connection.transport, 'native');
      own.destroy();
      other.destroy();
    }
  });

  unixOnly('does not happen to a connection that ends in the same turn', async (t) => {
    for (const [end, code] of [
      [(connection) => connection.drop(1011, 'so soon'), 1011],
      [(connection) => connection.close(1011, 'so soon'), 1011],
    ]) {
      const { own, other } = await socketPair(t);
      const peer = new RawPeer(other, true);
      const connection = construct(own);
      const closed = closing(connection);
      end(connection);
      assert.deepEqual(await peer.expectClose(), { code, reason: 'so soon' });
      assert.equal(await peer.ended(), 'FIN');
      peer.close(code);
      peer.end();
      assert.deepEqual(await closed, [code, 'so soon']);
    }
  });

  unixOnly('takes a pause along', async (t) => {
    const { own, other } = await socketPair(t);
    const connection = construct(own);
    const texts = textsOf(connection);
    connection.pause();
    await until(() => connection.transport === 'native');
    new RawPeer(other, true).text('a');
    const second = await open(t, { transport: 'native' });
    await talk(second.connection, second.peer);
    await talk(second.connection, second.peer);
    assert.deepEqual(texts, []);
    const message = once(connection, 'message');
    connection.resume();
    await message;
    assert.deepEqual(texts, ['a']);
  });
});
