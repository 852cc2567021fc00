'use strict';

const assert = require('node:assert/strict');
const { EventEmitter, once } = require('node:events');
const { describe } = require('node:test');
const { Duplex } = require('node:stream');

const { connection: WebSocketConnection, frame: WebSocketFrame } = require('../..');
const { it } = require('../support/connect');
const { closing, contentOf, gather, record, textsOf, until } = require('../support/events');
const FakeSocket = require('../support/fakeSocket');
const {
  BINARY,
  CLOSE,
  CONTINUATION,
  FrameReader,
  PING,
  PONG,
  TEXT,
  closeBody,
  encode,
} = require('../support/frames');

const CONFIG = {
  assembleFragments: true,
  maxReceivedFrameSize: 0x10000,
  maxReceivedMessageSize: 0x100000,
  fragmentOutgoingMessages: true,
  fragmentationThreshold: 0x4000,
  closeTimeout: 5000,
  disableNagleAlgorithm: true,
};

/** A socket that records every call in order. write() returns `flushed` and calls no callback. */
class SpySocket extends FakeSocket {
  calls = [];
  flushed = true;

  constructor() {
    super();
    for (const name of [
      'end',
      'destroy',
      'pause',
      'resume',
      'setNoDelay',
      'setTimeout',
      'setKeepAlive',
    ]) {
      this[name] = (...args) => this.calls.push([name, ...args]);
    }
  }

  write(data, callback) {
    this.calls.push(['write', data, callback]);
    return this.flushed;
  }

  removeAllListeners(name) {
    this.calls?.push(['removeAllListeners', name]);
    return super.removeAllListeners(name);
  }

  /** The frames in the bytes written since the last call. */
  takeFrames() {
    const reader = new FrameReader();
    const writes = this.calls.filter(([name]) => name === 'write');
    this.calls = this.calls.filter(([name]) => name !== 'write');
    return writes.flatMap(([, data]) => reader.push(data));
  }
}

function construct({ socket = new SpySocket(), masks = false, config = {} } = {}) {
  const connection = new WebSocketConnection(socket, [], 'chat', masks, { ...CONFIG, ...config });
  connection._addSocketEventListeners();
  return { connection, socket };
}

const shape = ({ opcode, fin, masked, payload }) => [opcode, fin, masked, `${payload}`];

describe('The constructor, over a fake socket', () => {
  it('prepares the socket', () => {
    const socket = new SpySocket();
    new WebSocketConnection(socket, [], 'chat', false, CONFIG);
    assert.deepEqual(socket.calls, [
      ['setNoDelay', true],
      ['setTimeout', 0],
      ['removeAllListeners', 'error'],
    ]);
  });

  it('asks for native keepalive when the config does', () => {
    const socket = new SpySocket();
    const config = {
      ...CONFIG,
      keepalive: true,
      useNativeKeepalive: true,
      keepaliveInterval: 1234,
    };
    new WebSocketConnection(socket, [], 'chat', false, config);
    assert.deepEqual(
      socket.calls.filter(([name]) => name === 'setKeepAlive'),
      [['setKeepAlive', true, 1234]],
    );
  });

  it('throws when native keepalive is on and the socket does not support it', () => {
    const socket = Object.assign(new EventEmitter(), { setNoDelay() {}, setTimeout() {} });
    const config = { ...CONFIG, keepalive: true, useNativeKeepalive: true, keepaliveInterval: 1 };
    assert.throws(() => new WebSocketConnection(socket, [], null, false, config), {
      message: 'Unable to use native keepalive: unsupported by this version of Node.',
    });
  });

  it('throws for a keepalive without numbers', () => {
    const construct = (config) =>
      new WebSocketConnection(new SpySocket(), [], null, false, {
        ...CONFIG,
        keepalive: true,
        ...config,
      });
    assert.throws(() => construct({}), {
      message: 'keepaliveInterval must be specified and numeric if keepalive is true.',
    });
    assert.throws(
      () => construct({ keepaliveInterval: 1, dropConnectionOnKeepaliveTimeout: true }),
      {
        message:
          'keepaliveGracePeriod  must be specified and numeric if dropConnectionOnKeepaliveTimeout is true.',
      },
    );
  });

  it('listens to nothing until _addSocketEventListeners()', () => {
    const socket = new SpySocket();
    const connection = new WebSocketConnection(socket, [], 'chat', false, CONFIG);
    assert.deepEqual(socket.eventNames(), []);
    connection._addSocketEventListeners();
    const names = ['close', 'data', 'drain', 'end', 'error', 'pause', 'resume'];
    assert.deepEqual(socket.eventNames().sort(), names);
    for (const name of names) assert.equal(socket.listenerCount(name), 1);
    assert.equal(connection.transport, 'stream');
  });
});

describe('Sending, over a fake socket', () => {
  it('is one synchronous write(Buffer, callback) for each frame', () => {
    const { connection, socket } = construct({ config: { fragmentationThreshold: 4 } });
    const callback = () => {};
    socket.calls = [];
    connection.sendUTF('abc', callback);
    assert.equal(socket.calls.length, 1);
    const [name, data, given] = socket.calls[0];
    assert.deepEqual([name, Buffer.isBuffer(data), given], ['write', true, callback]);
    connection.sendBytes(Buffer.from('defghijkl'));
    connection.ping('p');
    connection.pong(Buffer.from('q'));
    assert.equal(socket.calls.length, 1 + 3 + 2);
    assert.deepEqual(socket.takeFrames().map(shape), [
      [TEXT, true, false, 'abc'],
      [BINARY, false, false, 'defg'],
      [CONTINUATION, false, false, 'hijk'],
      [CONTINUATION, true, false, 'l'],
      [PING, true, false, 'p'],
      [PONG, true, false, 'q'],
    ]);
  });

  it('masks for a client', () => {
    const { connection, socket } = construct({ masks: true });
    connection.sendUTF('from a client');
    connection.sendFrame(
      Object.assign(new WebSocketFrame(), {
        opcode: TEXT,
        fin: true,
        binaryPayload: Buffer.from('too'),
      }),
    );
    assert.deepEqual(socket.takeFrames().map(shape), [
      [TEXT, true, true, 'from a client'],
      [TEXT, true, true, 'too'],
    ]);
  });

  it('calls the write() that the socket has at that moment', () => {
    const { connection, socket } = construct();
    const seen = [];
    socket.write = (data) => {
      seen.push(data);
      return true;
    };
    connection.sendUTF('x');
    assert.deepEqual(seen, [Buffer.from('810178', 'hex')]);
  });

  it("sets outputBufferFull from the result of write(), until 'drain'", () => {
    const { connection, socket } = construct();
    const log = record(connection);
    assert.equal(connection.sendUTF('x'), true);
    assert.equal(connection.outputBufferFull, false);
    socket.flushed = false;
    assert.equal(connection.sendUTF('x'), false);
    assert.equal(connection.outputBufferFull, true);
    socket.emit('drain');
    assert.equal(connection.outputBufferFull, false);
    assert.deepEqual(log, [['drain']]);
  });

  it('waits for no callback, also when closing', () => {
    const { connection, socket } = construct();
    for (let i = 0; i < 100; i++) connection.sendUTF(`${i}`);
    connection.close(4001, 'bye');
    const frames = socket.takeFrames();
    assert.equal(frames.length, 101);
    assert.deepEqual(shape(frames[100]), [CLOSE, true, false, `${closeBody(4001, 'bye')}`]);
    assert.deepEqual(socket.calls.at(-1), ['end']);
    assert.deepEqual([connection.state, connection.connected], ['ending', false]);
    connection.drop();
  });
});

describe('Receiving, over a fake socket', () => {
  it('happens by data events, in the next turn at the latest', async () => {
    const { connection, socket } = construct();
    const messages = gather(connection, 'message', 3);
    const wire = Buffer.concat([
      encode({ opcode: TEXT, payload: 'plain' }),
      encode({ opcode: BINARY, payload: 'masked', masked: true }),
      encode({ opcode: TEXT, payload: 'é'.repeat(200), masked: true }),
    ]);
    const copy = Buffer.from(wire);
    // Otherwise the test runner's own work would count as time of the handlers.
    await new Promise(setImmediate);
    for (const byte of wire) socket.emit('data', Buffer.from([byte]));
    let turn = false;
    setImmediate(() => {
      turn = true;
    });
    const contents = (await messages).map(contentOf);
    assert.deepEqual(contents, ['plain', Buffer.from('masked'), 'é'.repeat(200)]);
    assert.equal(turn, false);
    assert.ok(wire.equals(copy), 'the bytes that were given are left alone');
  });

  it("goes on when a socket emits 'pause' and 'resume' at once, and a handler calls both", async () => {
    const { connection, socket } = construct();
    socket.pause = () => socket.emit('pause');
    socket.resume = () => socket.emit('resume');
    const texts = textsOf(connection);
    connection.on('message', () => {
      connection.pause();
      connection.resume();
    });
    connection.pause();
    const letters = ['a', 'b', 'c', 'd'];
    socket.emit('data', Buffer.concat(letters.map((payload) => encode({ opcode: TEXT, payload }))));
    await new Promise(setImmediate);
    connection.resume();
    await until(() => texts.length === 4);
    socket.emit('data', encode({ opcode: TEXT, payload: 'e' }));
    await until(() => texts.length === 5);
    assert.deepEqual(texts, [...letters, 'e']);
  });

  it('can be done by handleSocketData()', async () => {
    const { connection } = construct();
    const messages = gather(connection, 'message', 1);
    connection.handleSocketData(encode({ opcode: TEXT, payload: 'by hand' }));
    assert.deepEqual((await messages).map(contentOf), ['by hand']);
  });

  it('answers pings and closes by write() and end()', async () => {
    const { connection, socket } = construct();
    socket.emit('data', encode({ opcode: PING, payload: 'p' }));
    await until(() => socket.calls.some(([name]) => name === 'write'));
    assert.deepEqual(socket.takeFrames().map(shape), [[PONG, true, false, 'p']]);
    socket.emit('data', encode({ opcode: CLOSE, payload: closeBody(4001, 'bye') }));
    await until(() => socket.calls.some(([name]) => name === 'end'));
    assert.deepEqual(socket.takeFrames().map(shape), [[CLOSE, true, false, `${closeBody(1000)}`]]);
    assert.deepEqual([connection.state, connection.connected], ['peer_requested_close', false]);
    const closed = closing(connection);
    socket.emit('close', false);
    assert.deepEqual(await closed, [4001, 'bye']);
  });

  it('drops a peer that breaks the protocol', async () => {
    const { connection, socket } = construct();
    const closed = closing(connection);
    socket.emit('data', encode({ opcode: 0x3 }));
    assert.deepEqual(await closed, [1002, 'Unrecognized Opcode: 0x3']);
    const [frame] = socket.takeFrames();
    assert.equal(frame.payload.readUInt16BE(0), 1002);
    assert.ok(socket.calls.some(([name]) => name === 'destroy'));
  });

  it('stops between the events pause and resume, which the socket emits', async () => {
    const { connection, socket } = construct();
    const texts = textsOf(connection);
    connection.pause();
    connection.resume();
    const asked = socket.calls.slice(-2).map(([name]) => name);
    assert.deepEqual(asked, ['pause', 'resume'], 'it is the socket that is asked');
    socket.emit('pause');
    assert.equal(connection.inputPaused, true);
    socket.emit('data', encode({ opcode: TEXT, payload: 'a' }));
    await new Promise(setImmediate);
    assert.deepEqual(texts, []);
    const message = once(connection, 'message');
    socket.emit('resume');
    assert.equal(connection.inputPaused, false);
    await message;
    assert.deepEqual(texts, ['a']);
  });
});

describe('The end, over a fake socket', () => {
  it('is reported at once when the socket closes', () => {
    const { connection, socket } = construct();
    const log = record(connection);
    socket.emit('close', false);
    assert.deepEqual(log, [['close', 1006, 'Connection dropped by remote peer.']]);
    assert.deepEqual([connection.connected, connection.state], [false, 'closed']);
    socket.emit('close', false);
    assert.equal(log.length, 1);
  });

  it('is reported at once when the socket fails', () => {
    const { connection, socket } = construct();
    const log = record(connection);
    const error = Object.assign(new Error('fake'), { code: 'EFAKE', syscall: 'read' });
    socket.emit('error', error);
    assert.deepEqual(log, [['error', error]]);
    assert.deepEqual(socket.calls.at(-1), ['destroy']);
    socket.emit('close', true);
    assert.deepEqual(log.slice(1), [['close', 1006, 'Socket Error: read EFAKE']]);
    assert.equal(connection.socketHadError, true);
  });

  it('of the peer ends our side', () => {
    const { connection, socket } = construct();
    socket.emit('end');
    assert.equal(connection.receivedEnd, true);
    assert.deepEqual(socket.calls.at(-1), ['end']);
  });

  it('by drop() writes, ends, emits close and destroys, all before it returns', () => {
    const { connection, socket } = construct();
    socket.calls = [];
    connection.on('close', (...args) => socket.calls.push(['close event', ...args]));
    connection.drop(1008, 'out');
    assert.deepEqual(
      socket.calls.map(([name]) => name),
      ['write', 'end', 'close event', 'destroy'],
    );
    const [frame] = socket.takeFrames();
    assert.equal(`${frame.payload}`, `${closeBody(1008, 'out')}`);
  });

  it('comes at closeTimeout when the fake peer stays silent', async () => {
    const { connection, socket } = construct({ config: { closeTimeout: 30 } });
    connection.close();
    await until(() => socket.calls.some(([name]) => name === 'destroy'));
    assert.equal(connection.state, 'closed');
  });
});

describe('Several connections over one fake socket', () => {
  it('each get its events', async () => {
    const socket = new SpySocket();
    const all = [1, 2, 3].map(() => construct({ socket }).connection);
    const messages = all.map((connection) => gather(connection, 'message', 1));
    socket.emit('data', encode({ opcode: TEXT, payload: 'to all' }));
    for (const [message] of await Promise.all(messages)) {
      assert.equal(contentOf(message), 'to all');
    }
    const closes = all.map((connection) => closing(connection));
    socket.emit('close', false);
    for (const [code] of await Promise.all(closes)) assert.equal(code, 1006);
  });
});

describe('Over any Duplex', () => {
  /** Two connected streams in memory, without methods that only network sockets have. */
  function duplexPair() {
    const ends = [0, 1].map(
      (own) =>
        new Duplex({
          read() {},
          write(chunk, _encoding, callback) {
            ends[1 - own].push(chunk);
            callback();
          },
          final(callback) {
            ends[1 - own].push(null);
            callback();
          },
        }),
    );
    return ends;
  }

  /** Adds the methods that every implementation of the constructor calls. */
  function socketLike(end) {
    return Object.assign(end, { setNoDelay() {}, setTimeout() {}, setKeepAlive() {} });
  }

  for (const [what, prepare] of [
    ['that has the methods of a socket', socketLike],
    ['that has none of them', (end) => end],
  ]) {
    it(`${what}, two connections talk and close`, async () => {
      const [one, other] = duplexPair().map(prepare);
      const server = construct({ socket: one }).connection;
      const client = construct({ socket: other, masks: true }).connection;
      const both = [gather(server, 'message', 2), gather(client, 'message', 2)];
      for (const connection of [server, client]) {
        connection.sendUTF('é€𝄞'.repeat(10000));
        connection.sendBytes(Buffer.from('bytes'));
      }
      for (const messages of await Promise.all(both)) {
        assert.deepEqual(messages.map(contentOf), ['é€𝄞'.repeat(10000), Buffer.from('bytes')]);
      }
      assert.deepEqual([server.transport, client.transport], ['stream', 'stream']);
      const ends = [closing(server), closing(client)];
      client.close(4001, 'bye');
      assert.deepEqual(await Promise.all(ends), [
        [4001, 'bye'],
        [4001, 'bye'],
      ]);
    });
  }

  it('frames with and without a mask are both accepted', async () => {
    const [one, other] = duplexPair().map(socketLike);
    const texts = textsOf(construct({ socket: one }).connection);
    other.write(encode({ opcode: TEXT, payload: 'plain' }));
    other.write(encode({ opcode: TEXT, payload: 'masked', masked: true }));
    await until(() => texts.length === 2);
    assert.deepEqual(texts, ['plain', 'masked']);
  });

  it('the frames of one turn may leave together', async () => {
    const [one, other] = duplexPair().map(socketLike);
    const { connection } = construct({ socket: one });
    const reader = new FrameReader();
    const frames = [];
    other.on('data', (chunk) => frames.push(...reader.push(chunk)));
    for (let i = 0; i < 20; i++) connection.sendUTF(`${i}`);
    await until(() => frames.length === 20);
    assert.deepEqual(
      frames.map(({ payload }) => `${payload}`),
      Array.from({ length: 20 }, (_, i) => `${i}`),
    );
  });
});
