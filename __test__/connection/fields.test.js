'use strict';

const assert = require('node:assert/strict');
const { EventEmitter, once } = require('node:events');
const net = require('node:net');
const { describe } = require('node:test');

const { connection: WebSocketConnection, frame: WebSocketFrame } = require('../..');
const { isNative, it, onEachSide, open } = require('../support/connect');
const { closing, until } = require('../support/events');
const FakeSocket = require('../support/fakeSocket');
const { BINARY, CONTINUATION, TEXT } = require('../support/frames');

const CONFIG = {
  assembleFragments: true,
  maxReceivedFrameSize: 0x10000,
  maxReceivedMessageSize: 0x100000,
  closeTimeout: 5000,
};

/** The public names that connections have beyond those of npm `websocket`, as in the types. */
const ADDED = ['bufferedAmount', 'bytesReceived', 'bytesSent', 'bytesWaitingToFlush', 'transport'];

/** An object with the fields in `names`. */
function pick(connection, names) {
  return Object.fromEntries(names.map((name) => [name, connection[name]]));
}

onEachSide('An open connection', (side) => {
  it('has the fields that applications read', async (t) => {
    const { connection, client, wsServer } = await open(t, side);
    assert.ok(connection instanceof WebSocketConnection);
    assert.ok(connection instanceof EventEmitter);
    assert.ok(connection.socket instanceof net.Socket);
    assert.equal(connection.config, (client ?? wsServer).config);
    const expected = {
      extensions: [],
      remoteAddress: '127.0.0.1',
      webSocketVersion: 13,
      closeReasonCode: -1,
      closeDescription: null,
      closeEventEmitted: false,
      maskOutgoingPackets: side.role === 'client',
      connected: true,
      state: 'open',
      waitingForCloseResponse: false,
      receivedEnd: false,
      closeTimeout: 5000,
      assembleFragments: true,
      maxReceivedMessageSize: side.role === 'client' ? 0x800000 : 0x100000,
      outputBufferFull: false,
      inputPaused: false,
      fragmentationSize: 0,
      frameQueue: [],
      _pingListenerCount: 0,
      bufferedAmount: 0,
      bytesWaitingToFlush: 0,
      transport: isNative(side.transport) ? 'native' : 'stream',
    };
    assert.deepEqual(pick(connection, Object.keys(expected)), expected);
    assert.equal(connection.bufferList.length, 0);
    assert.ok(connection.currentFrame instanceof WebSocketFrame);
    assert.deepEqual([connection.maskBytes.length, connection.frameHeader.length], [4, 10]);
  });

  it('counts its ping listeners', async (t) => {
    const { connection } = await open(t, side);
    const listener = () => {};
    connection.on('ping', listener);
    connection.once('ping', listener);
    connection.addListener('pong', listener);
    assert.equal(connection._pingListenerCount, 2);
    connection.removeListener('ping', listener);
    assert.equal(connection._pingListenerCount, 1);
    connection.removeAllListeners('ping');
    assert.equal(connection._pingListenerCount, 0);
  });

  it('reports how much of a fragmented message has arrived', async (t) => {
    const { connection, peer } = await open(t, side);
    peer.send({ opcode: BINARY, payload: Buffer.alloc(100, 1), fin: false });
    await until(() => connection.fragmentationSize === 100);
    peer.send({ opcode: CONTINUATION, payload: Buffer.alloc(50, 2), fin: false });
    await until(() => connection.fragmentationSize === 150);
    const queued = Buffer.concat(connection.frameQueue.map(({ binaryPayload }) => binaryPayload));
    assert.ok(queued.equals(Buffer.concat([Buffer.alloc(100, 1), Buffer.alloc(50, 2)])));
    assert.equal(connection.frameQueue[0].opcode, BINARY);
    const message = once(connection, 'message');
    peer.send({ opcode: CONTINUATION, payload: Buffer.alloc(1) });
    await message;
    assert.deepEqual([connection.fragmentationSize, connection.frameQueue], [0, []]);
  });

  it('reports which frame is arriving', async (t) => {
    const { connection, peer } = await open(t, side);
    const wire = peer.frame({ opcode: TEXT, payload: 'x'.repeat(1000) });
    peer.write(wire.subarray(0, 500));
    await until(() => connection.bufferList.length > 0);
    const { opcode, length, fin, mask } = connection.currentFrame;
    assert.deepEqual(
      { opcode, length, fin, mask },
      { opcode: TEXT, length: 1000, fin: true, mask: side.role === 'server' },
    );
    const message = once(connection, 'message');
    peer.write(wire.subarray(500));
    await message;
    assert.equal(connection.bufferList.length, 0);
  });

  it('counts the bytes of its frames, without those of the handshake', async (t) => {
    const { connection, peer } = await open(t, side);
    const counts = () => [connection.bytesReceived, connection.bytesSent];
    assert.deepEqual(counts(), [0, 0]);
    const message = once(connection, 'message');
    peer.text('x'.repeat(200));
    await message;
    connection.sendUTF('y'.repeat(70000));
    let length = 0;
    while (length < 70000) length += (await peer.next()).payload.length;
    const maskKeys = side.role === 'client' ? 5 * 4 : 0;
    const expected = [
      4 + (side.role === 'server' ? 4 : 0) + 200,
      // Four fragments of 16 KiB and the rest.
      5 * 4 + maskKeys + 70000,
    ];
    await until(() => connection.bufferedAmount === 0);
    assert.deepEqual(counts(), expected);
    const closed = closing(connection);
    connection.drop(1000, '', true);
    await closed;
    assert.deepEqual(counts(), expected, 'also when it is over');
  });
});

onEachSide('A field that an application sets on a connection', (side) => {
  it('stays in the queue until the connection drops', async (t) => {
    const { connection, peer } = await open(t, side);
    const mark = {};
    connection.frameQueue.push(mark);
    assert.deepEqual(connection.frameQueue, [mark]);
    assert.equal(connection.frameQueue, connection.frameQueue);
    peer.send({ opcode: BINARY, payload: Buffer.alloc(100), fin: false });
    await until(() => connection.fragmentationSize === 100);
    peer.send({ opcode: CONTINUATION, payload: Buffer.alloc(50), fin: false });
    await until(() => connection.fragmentationSize === 150);
    assert.equal(connection.frameQueue.length, 2);
    assert.ok(connection.frameQueue.includes(mark));
    const before = connection.frameQueue;
    let whenClosed;
    connection.on('close', () => {
      whenClosed = [connection.frameQueue.length, connection.fragmentationSize];
    });
    connection.drop();
    assert.deepEqual(whenClosed, [0, 0]);
    assert.deepEqual([connection.frameQueue, connection.fragmentationSize], [[], 0]);
    assert.notEqual(connection.frameQueue, before);
  });

  it('empties the queue after a message', async (t) => {
    const { connection, peer } = await open(t, side);
    peer.send({ opcode: BINARY, payload: Buffer.alloc(100), fin: false });
    await until(() => connection.frameQueue.length === 1);
    const message = once(connection, 'message');
    peer.send({ opcode: CONTINUATION, payload: Buffer.alloc(1) });
    await message;
    assert.deepEqual(connection.frameQueue, []);
    peer.send({ opcode: TEXT, payload: 'x', fin: false });
    await until(() => connection.frameQueue.length === 1);
    assert.equal(connection.frameQueue[0].opcode, TEXT);
  });

  it('keeps the value that was set', async (t) => {
    const { connection } = await open(t, side);
    const values = {
      frameQueue: [{}],
      fragmentationSize: 7,
      bufferList: { length: 3 },
      currentFrame: new WebSocketFrame(),
      maskBytes: Buffer.alloc(4, 1),
      frameHeader: Buffer.alloc(10, 1),
    };
    Object.assign(connection, values);
    for (const [name, value] of Object.entries(values)) assert.equal(connection[name], value, name);
    connection.drop();
    assert.deepEqual(connection.frameQueue, []);
  });
});

onEachSide('A connection that is over', (side) => {
  it('can be inspected and called without harm', async (t) => {
    const { connection, peer } = await open(t, side);
    const closed = closing(connection);
    connection.on('ping', () => {});
    connection.close(4001, 'bye');
    await peer.hangUp();
    await closed;
    const expected = {
      closeReasonCode: 4001,
      closeDescription: 'bye',
      closeEventEmitted: true,
      connected: false,
      state: 'closed',
      waitingForCloseResponse: false,
      receivedEnd: true,
      socketHadError: false,
      bufferedAmount: 0,
      bytesWaitingToFlush: 0,
      fragmentationSize: 0,
      frameQueue: [],
      remoteAddress: '127.0.0.1',
    };
    assert.deepEqual(pick(connection, Object.keys(expected)), expected);
    assert.equal(connection.bufferList.length, 0);
    assert.ok(connection.currentFrame instanceof WebSocketFrame);
    connection.removeAllListeners('ping');
    connection.on('ping', () => {});
    connection.close();
    connection.pause();
    connection.resume();
    connection.setKeepaliveTimer();
    connection.clearCloseTimer();
    connection.handleSocketData(peer.frame({ opcode: TEXT, payload: 'too late' }));
    assert.deepEqual(pick(connection, Object.keys(expected)), expected);
  });
});

describe('Over a stream of the application, as with npm websocket', () => {
  for (const [name, Connection] of [
    ['npm websocket', require('websocket').connection],
    ['ours', WebSocketConnection],
  ]) {
    it(`the queue of ${name} keeps its entries, and is empty after drop()`, () => {
      const connection = new Connection(new FakeSocket(), [], null, true, CONFIG);
      const { frameQueue } = connection;
      frameQueue.push({}, {});
      assert.equal(connection.frameQueue, frameQueue);
      assert.equal(connection.frameQueue.length, 2);
      connection.frameQueue = [{}];
      assert.equal(connection.frameQueue.length, 1);
      connection.drop();
      assert.deepEqual(connection.frameQueue, []);
      assert.equal(connection.fragmentationSize, 0);
      assert.equal(frameQueue.length, 2);
    });
  }
});

describe('The class', () => {
  it('has the close codes by name, and their descriptions', () => {
    const named = Object.entries(WebSocketConnection).filter(([name]) =>
      name.startsWith('CLOSE_REASON_'),
    );
    assert.deepEqual(Object.fromEntries(named), {
      CLOSE_REASON_NORMAL: 1000,
      CLOSE_REASON_GOING_AWAY: 1001,
      CLOSE_REASON_PROTOCOL_ERROR: 1002,
      CLOSE_REASON_UNPROCESSABLE_INPUT: 1003,
      CLOSE_REASON_RESERVED: 1004,
      CLOSE_REASON_NOT_PROVIDED: 1005,
      CLOSE_REASON_ABNORMAL: 1006,
      CLOSE_REASON_INVALID_DATA: 1007,
      CLOSE_REASON_POLICY_VIOLATION: 1008,
      CLOSE_REASON_MESSAGE_TOO_BIG: 1009,
      CLOSE_REASON_EXTENSION_REQUIRED: 1010,
      CLOSE_REASON_INTERNAL_SERVER_ERROR: 1011,
      CLOSE_REASON_TLS_HANDSHAKE_FAILED: 1015,
    });
    const upstream = require('websocket').connection;
    assert.deepEqual(WebSocketConnection.CLOSE_DESCRIPTIONS, upstream.CLOSE_DESCRIPTIONS);
  });

  it('has every method that upstream has', () => {
    const upstream = require('websocket').connection;
    for (const name of Object.keys(upstream.prototype)) {
      assert.equal(typeof WebSocketConnection.prototype[name], 'function', name);
    }
  });

  it('has no names of its own on its prototype, but public ones', () => {
    const { connection: Upstream } = require('websocket');
    const theirs = new Upstream(new FakeSocket(), [], null, false, CONFIG);
    // Fields of upstream may be accessors here.
    const allowed = new Set([
      ...Reflect.ownKeys(Upstream.prototype),
      ...Reflect.ownKeys(theirs),
      ...ADDED,
    ]);
    const ours = Reflect.ownKeys(WebSocketConnection.prototype);
    assert.deepEqual(
      ours.filter((name) => !allowed.has(name)),
      [],
    );
    for (const name of ADDED) assert.ok(ours.includes(name), name);
  });
});
