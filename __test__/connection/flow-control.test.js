'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');

const { isListener } = require('../support/carrier');
const { frame: WebSocketFrame } = require('../..');
const { it, onEachSide, onEachTransport, open, pair } = require('../support/connect');
const {
  catchUncaught,
  closing,
  gather,
  record,
  roundTrips,
  textsOf,
  until,
} = require('../support/events');
const { BINARY, CLOSE, PING, PONG, TEXT, closeBody } = require('../support/frames');

const BLOCK = 256 * 1024;
/** More than the buffers of the kernel on both sides, in bytes. */
const BEYOND_KERNEL = 24 << 20;
const WHOLE = { fragmentOutgoingMessages: false };

/**
 * Sends numbered messages until the kernel takes no more and `most` bytes wait. Returns their
 * number.
 */
async function fill(connection, most = BLOCK) {
  let sent = 0;
  // With TLS, only the I/O thread writes. So output that waits does not mean a full kernel.
  const isOfEngine = connection.transport === 'native' || isListener;
  const isLater = isOfEngine && connection.socket.encrypted === true;
  const least = isLater ? BEYOND_KERNEL / BLOCK : 0;
  while (sent < least || connection.bufferedAmount < most) {
    const block = Buffer.alloc(BLOCK);
    block.writeUInt32BE(sent);
    connection.sendBytes(block);
    sent += 1;
    await new Promise(setImmediate);
  }
  return sent;
}

onEachSide('While the peer does not read', (side) => {
  it('sends return false, outputBufferFull is set, and nothing is lost or out of order', async (t) => {
    const { connection, peer } = await open(t, { ...side, config: WHOLE });
    const log = record(connection, ['drain', 'error', 'close']);
    peer.socket.pause();
    const sent = await fill(connection, 16 * BLOCK);
    const drainsBefore = log.length;
    for (const returned of [
      connection.send('1'),
      connection.sendUTF('2'),
      connection.sendBytes(Buffer.from('3')),
      connection.ping('4'),
      connection.pong(Buffer.from('5')),
    ]) {
      assert.equal(returned, false);
      assert.equal(connection.outputBufferFull, true);
    }
    assert.equal(log.length, drainsBefore, 'no drain while it is full');

    peer.socket.resume();
    for (let i = 0; i < sent; i++) {
      assert.equal((await peer.expect(BINARY)).payload.readUInt32BE(0), i);
    }
    for (const opcode of [TEXT, TEXT, BINARY, PING, PONG]) await peer.expect(opcode);
    await until(() => log.length > drainsBefore);
    assert.deepEqual(log.slice(drainsBefore), [['drain']]);
    assert.equal(connection.outputBufferFull, false);
    assert.equal(connection.bufferedAmount, 0);
    assert.equal(connection.sendUTF('again'), true);
  });

  it('sendFrame() returns the same as the others', async (t) => {
    const { connection, peer } = await open(t, { ...side, config: WHOLE });
    peer.socket.pause();
    await fill(connection);
    const frame = new WebSocketFrame();
    Object.assign(frame, { opcode: TEXT, fin: true, binaryPayload: Buffer.from('by hand') });
    connection.outputBufferFull = undefined;
    assert.equal(connection.sendFrame(frame), false);
    assert.equal(connection.outputBufferFull, true);
  });

  it('bufferedAmount counts waiting bytes, and falls to 0 when the peer reads on', async (t) => {
    const { connection, peer } = await open(t, { ...side, config: WHOLE });
    assert.equal(connection.bufferedAmount, 0);
    peer.socket.pause();
    await fill(connection);
    const before = connection.bufferedAmount;
    connection.sendBytes(Buffer.alloc(1000));
    connection.sendBytes(Buffer.alloc(10));
    const headers = side.role === 'client' ? 8 + 6 : 4 + 2;
    assert.equal(connection.bufferedAmount, before + 1010 + headers);
    assert.equal(connection.bytesWaitingToFlush, connection.bufferedAmount);
    peer.socket.resume();
    await until(() => connection.bufferedAmount === 0);
  });

  it("the socket's fields show the same", async (t) => {
    const { connection, peer } = await open(t, { ...side, config: WHOLE });
    const { socket } = connection;
    const tell = () => [socket.writableLength, socket.bufferSize, socket.writableNeedDrain];
    assert.deepEqual(tell(), [0, 0, false]);
    peer.socket.pause();
    await fill(connection);
    const waiting = connection.bufferedAmount;
    assert.ok(waiting > 0);
    assert.deepEqual(tell(), [waiting, waiting, true]);
    const drained = once(connection, 'drain');
    peer.socket.resume();
    await drained;
    assert.deepEqual(tell(), [0, 0, false]);
  });

  it('everything sent on each drain arrives, however often it drains', async (t) => {
    const { connection, peer } = await open(t, { ...side, config: WHOLE });
    let sent = 0;
    let drains = 0;
    const sendMore = () => {
      let below = true;
      while (below && sent < 500) {
        const block = Buffer.alloc(BLOCK);
        block.writeUInt32BE(sent);
        below = connection.sendBytes(block);
        sent += 1;
      }
    };
    connection.on('drain', () => {
      drains += 1;
      sendMore();
    });
    sendMore();
    for (let i = 0; i < 500; i++) {
      assert.equal((await peer.expect(BINARY)).payload.readUInt32BE(0), i);
    }
    assert.ok(drains > 10, `${drains} drains`);
  });
});

onEachTransport(
  'A short message to a peer that does not read',
  (transport) => {
    it('holds no more memory than one of Node itself would', async (t) => {
      const { connection, peer } = await open(t, { transport, config: WHOLE });
      const { socket } = connection;
      peer.socket.pause();
      await fill(connection);
      const held = [];
      const { write } = socket;
      socket.write = (chunk, ...args) => {
        held.push(chunk.buffer.byteLength);
        return write.call(socket, chunk, ...args);
      };
      for (let i = 0; i < 10; i++) connection.sendUTF(`${i}`);
      assert.equal(held.length, 10);
      // The size of Node's pool for short Buffers. It is not Buffer.poolSize in all versions.
      const pool = Buffer.allocUnsafe(1).buffer.byteLength;
      assert.ok(Math.max(...held) <= pool, `${held}`);
    });
  },
  ['stream', 'tls'],
);

onEachSide('highWaterMark', (side) => {
  /** What each of many sends returned, and how many bytes waited after it. */
  async function sendMany(connection) {
    const results = [];
    while (connection.bufferedAmount < 2e6) {
      const below = connection.sendBytes(Buffer.alloc(100000));
      results.push({ below, waits: connection.bufferedAmount });
      await new Promise(setImmediate);
    }
    return results;
  }

  it('determines the results of sends', async (t) => {
    const { connection, peer } = await open(t, {
      ...side,
      config: { ...WHOLE, highWaterMark: 1e6 },
    });
    peer.socket.pause();
    const results = await sendMany(connection);
    for (const { below, waits } of results) assert.equal(below, waits < 1e6, `${waits} bytes wait`);
    assert.ok(results.some(({ below, waits }) => below && waits > 0));
    const drained = once(connection, 'drain');
    peer.socket.resume();
    await drained;
    assert.equal(connection.outputBufferFull, false);
  });

  it("is the socket's by default", async (t) => {
    const { connection, peer } = await open(t, { ...side, config: WHOLE });
    const mark = connection.socket.writableHighWaterMark;
    peer.socket.pause();
    const results = await sendMany(connection);
    for (const { below, waits } of results) {
      if (waits >= mark) assert.equal(below, false, `${waits} bytes wait`);
    }
    const drained = once(connection, 'drain');
    peer.socket.resume();
    await drained;
    await until(() => connection.bufferedAmount === 0);
    assert.equal(connection.sendUTF('a few bytes'), true);
  });
});

onEachSide('pause()', (side) => {
  it('stops delivery at once, even of messages that have arrived, until resume()', async (t) => {
    const { connection, peer } = await open(t, side);
    const log = record(connection, ['message', 'pause', 'resume', 'close']);
    connection.on('message', ({ utf8Data }) => {
      if (utf8Data === 'b' || utf8Data === 'd') connection.pause();
    });
    const paused = once(connection, 'pause');
    peer.send(...['a', 'b', 'c', 'd', 'e'].map((payload) => ({ opcode: TEXT, payload })));
    const texts = () => log.map(([name, message]) => message?.utf8Data ?? name);
    await paused;
    await quiet(t, side.transport);
    assert.deepEqual(texts(), ['a', 'b', 'pause']);
    assert.equal(connection.inputPaused, true);

    const again = once(connection, 'pause');
    connection.resume();
    await again;
    await quiet(t, side.transport);
    assert.deepEqual(texts(), ['a', 'b', 'pause', 'resume', 'c', 'd', 'pause']);

    const last = gather(connection, 'message', 1);
    connection.resume();
    await last;
    assert.deepEqual(texts(), ['a', 'b', 'pause', 'resume', 'c', 'd', 'pause', 'resume', 'e']);
    assert.equal(connection.inputPaused, false);
  });

  it('holds when resume() was called right before it', async (t) => {
    const { connection, peer } = await open(t, side);
    const texts = textsOf(connection);
    connection.pause();
    peer.text('a');
    await quiet(t, side.transport);
    connection.resume();
    connection.pause();
    await quiet(t, side.transport);
    assert.deepEqual(texts, []);
    const message = once(connection, 'message');
    connection.resume();
    await message;
    assert.deepEqual(texts, ['a']);
  });

  it('delivers everything when resume() comes right after it', async (t) => {
    const { connection, peer } = await open(t, side);
    const texts = textsOf(connection);
    connection.on('message', () => {
      connection.pause();
      connection.resume();
    });
    const messages = gather(connection, 'message', 5);
    peer.send(...['a', 'b', 'c', 'd', 'e'].map((payload) => ({ opcode: TEXT, payload })));
    await messages;
    assert.deepEqual(texts, ['a', 'b', 'c', 'd', 'e']);
  });

  it('may be called as soon as the application sees the connection', async (t) => {
    let texts;
    const { connection, peer } = await open(t, {
      ...side,
      onConnection: (connection) => {
        texts = textsOf(connection);
        connection.pause();
      },
    });
    peer.text('a');
    await quiet(t, side.transport);
    assert.deepEqual(texts, []);
    const message = once(connection, 'message');
    connection.resume();
    await message;
    assert.deepEqual(texts, ['a']);
  });

  it('also ends when a resume listener throws', async (t) => {
    const caught = catchUncaught(t);
    const { connection, peer } = await open(t, side);
    const texts = textsOf(connection);
    connection.pause();
    connection.once('resume', () => {
      throw new Error('from a resume listener');
    });
    peer.text('one');
    await new Promise(setImmediate);
    connection.resume();
    await until(() => texts.length === 1);
    peer.text('two');
    await until(() => texts.length === 2);
    assert.deepEqual(
      caught.map(({ message }) => message),
      ['from a resume listener'],
    );
  });

  it('delays pings and a close frame of the peer', async (t) => {
    const { connection, peer } = await open(t, side);
    const log = record(connection, ['message', 'close']);
    connection.pause();
    await quiet(t, side.transport);
    peer.send(
      { opcode: PING, payload: 'p' },
      { opcode: TEXT, payload: 'a' },
      { opcode: CLOSE, payload: closeBody(4001, 'bye') },
    );
    await quiet(t, side.transport);
    assert.deepEqual([peer.unread, log], [0, []]);
    const closed = closing(connection);
    connection.resume();
    assert.equal((await peer.expect(PONG)).payload.toString(), 'p');
    assert.equal((await peer.expectClose()).code, 1000);
    peer.end();
    await closed;
    assert.deepEqual(log, [
      ['message', { type: 'utf8', utf8Data: 'a' }],
      ['close', 4001, 'bye'],
    ]);
  });

  it('delays the end of TCP until after the messages', async (t) => {
    const { connection, peer } = await open(t, side);
    const log = record(connection, ['message', 'close']);
    connection.once('message', () => connection.pause());
    const paused = once(connection, 'pause');
    peer.send({ opcode: TEXT, payload: 'a' }, { opcode: TEXT, payload: 'b' });
    peer.end();
    await paused;
    await quiet(t, side.transport);
    assert.equal(log.length, 1);
    const closed = closing(connection);
    connection.resume();
    await closed;
    assert.deepEqual(log, [
      ['message', { type: 'utf8', utf8Data: 'a' }],
      ['message', { type: 'utf8', utf8Data: 'b' }],
      ['close', 1006, 'Connection dropped by remote peer.'],
    ]);
  });

  it('works as before when TCP has ended meanwhile', async (t) => {
    const { connection, peer } = await open(t, side);
    const log = record(connection, ['message', 'close']);
    connection.on('message', () => connection.pause());
    const paused = once(connection, 'pause');
    peer.send(...['a', 'b', 'c'].map((payload) => ({ opcode: TEXT, payload })));
    peer.end();
    await paused;
    await quiet(t, side.transport);
    connection.resume();
    connection.pause();
    await quiet(t, side.transport);
    assert.deepEqual(
      log.map(([, { utf8Data }]) => utf8Data),
      ['a'],
    );
    for (const [letter, either] of [
      ['b', connection],
      ['c', connection.socket],
    ]) {
      const message = once(connection, 'message');
      either.resume();
      assert.equal((await message)[0].utf8Data, letter);
    }
    const closed = closing(connection);
    connection.resume();
    assert.deepEqual(await closed, [1006, 'Connection dropped by remote peer.']);
    assert.equal(log.length, 4);
  });

  it('does not affect sending', async (t) => {
    const { connection, peer } = await open(t, side);
    connection.pause();
    const called = new Promise((resolve) => connection.sendUTF('out', resolve));
    assert.equal((await peer.expect(TEXT)).payload.toString(), 'out');
    await called;
  });

  it('does not stop close() from ending at closeTimeout, nor drop() at once', async (t) => {
    const { connection, peer } = await open(t, { ...side, config: { closeTimeout: 80 } });
    const closed = closing(connection);
    connection.pause();
    connection.close(4001, 'bye');
    assert.equal((await peer.expectClose()).code, 4001);
    assert.deepEqual(await closed, [4001, 'bye']);

    const other = await open(t, side);
    other.connection.pause();
    other.peer.text('unread');
    await quiet(t, side.transport);
    other.connection.drop(1008, 'out');
    assert.deepEqual(await other.peer.expectClose(), { code: 1008, reason: 'out' });
    assert.equal(await other.peer.ended(), 'FIN');
  });
});

onEachTransport('A server that broadcasts', (transport) => {
  it('fills only the buffers of clients that do not read', async (t) => {
    const slow = await open(t, { transport, config: WHOLE });
    const { wsServer, connection } = slow;
    slow.peer.socket.pause();
    await fill(connection);
    const waited = connection.bufferedAmount;
    wsServer.broadcastUTF('to all');
    assert.equal(connection.outputBufferFull, true);
    assert.ok(connection.bufferedAmount > waited);
    const quick = await pair(t, { transport });
    const texts = gather(quick.connected, 'message', 2);
    quick.wsServer.broadcastUTF('to all');
    quick.wsServer.broadcast(Buffer.from('bytes'));
    assert.deepEqual(await texts, [
      { type: 'utf8', utf8Data: 'to all' },
      { type: 'binary', binaryData: Buffer.from('bytes') },
    ]);
    assert.equal(quick.accepted.outputBufferFull, false);
    slow.peer.socket.resume();
    let frame = await slow.peer.next();
    while (frame.opcode === BINARY) frame = await slow.peer.next();
    assert.equal(frame.payload.toString(), 'to all');
  });
});

/** Resolves when everything under way has had time to happen. */
async function quiet(t, transport) {
  await roundTrips(await pair(t, { transport }), 20);
}
