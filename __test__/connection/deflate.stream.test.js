'use strict';

// Compressed messages on the stream transport: an I/O thread deflates them, and JavaScript writes
// them.

// There is one I/O thread, so that another connection can keep it busy.
process.env.WEBSOCKET_NATIVE_THREADS = '1';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { deflateRawSync } = require('node:zlib');

const { it, onEachSide, onEachTransport } = require('../support/connect');
const cpuTime = require('../support/cpuTime');
const { noise, openDeflated, prose } = require('../support/deflate');
const { catchUncaught, closing, record, until } = require('../support/events');
const { CLOSE, closeBody } = require('../support/frames');

const STREAMS = ['stream', 'tls'];
const MIB = 1024 * 1024;
/** One frame a message, whatever its size. */
const WHOLE = { fragmentOutgoingMessages: false };
const PLAIN = { compress: false };
/** The CPU time of a call includes what other threads do while the system interrupts this one. */
const ATTEMPTS = 5;

/** The CPU time of all threads while `act` runs, in ms. */
function cost(act) {
  const before = cpuTime();
  act();
  return cpuTime() - before;
}

/** Blocks this thread. */
function block(milliseconds) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

onEachSide(
  'The callback of a deflated message',
  (side) => {
    it('is called when a timer writes the message', async (t) => {
      const config = {
        keepalive: true,
        keepaliveInterval: 50,
        dropConnectionOnKeepaliveTimeout: false,
      };
      const { connection } = await openDeflated(t, { ...side, config });
      let called = 0;
      for (let sent = 1; sent <= 5; sent++) {
        // Timers come next in the event loop. The deflated message comes after them.
        await new Promise(setImmediate);
        connection.sendUTF(prose(50000), () => called++);
        block(150);
        await until(() => called === sent);
      }
    });
  },
  STREAMS,
);

onEachSide(
  'A drain',
  (side) => {
    it('does not come before the output is below the mark', async (t) => {
      const config = { ...WHOLE, highWaterMark: 1000 };
      const { connection, peer } = await openDeflated(t, { ...side, config });
      const { socket } = connection;
      peer.socket.pause();
      // Now more than our mark waits, and less than the socket's own mark.
      while (socket.writableLength < 1000) {
        connection.sendBytes(noise(8000), PLAIN);
        await new Promise(setImmediate);
      }
      const lengths = [];
      connection.on('drain', () => lengths.push(socket.writableLength));
      const before = connection.bufferedAmount;
      assert.equal(connection.sendUTF(prose(8000)), false);
      await until(() => connection.bufferedAmount < before + 8000);
      peer.socket.resume();
      await until(() => connection.bufferedAmount === 0 && lengths.length > 0);
      assert.deepEqual(lengths, [0]);
      assert.equal(connection.outputBufferFull, false);
    });

    it('comes although something is deflated when the socket drains', async (t) => {
      const busy = await openDeflated(t, side);
      const config = { ...WHOLE, highWaterMark: 10000 };
      const { connection } = await openDeflated(t, { ...side, config });
      const drained = once(connection, 'drain');
      // The only I/O thread deflates this first.
      busy.connection.sendUTF(prose(250000));
      assert.equal(connection.sendBytes(noise(12000), PLAIN), false);
      assert.equal(connection.sendUTF(prose(9000)), true);
      await drained;
      assert.equal(connection.outputBufferFull, false);
    });
  },
  STREAMS,
);

onEachSide(
  'A drain listener that throws',
  (side) => {
    it('does not prevent the end of the connection', async (t) => {
      const caught = catchUncaught(t);
      const busy = await openDeflated(t, side);
      const config = { ...WHOLE, closeTimeout: 60000 };
      const { connection, peer, codec } = await openDeflated(t, { ...side, config });
      connection.on('drain', () => {
        throw new Error('from a drain listener');
      });
      // The I/O thread deflates this first, so the next message is not deflated before close().
      busy.connection.sendUTF(prose(8 * MIB));
      assert.equal(connection.sendUTF('x'.repeat(MIB)), false);
      connection.close(4001, 'bye');
      assert.equal((await codec.next(peer)).data.length, MIB);
      assert.deepEqual(await peer.expectClose(), { code: 4001, reason: 'bye' });
      peer.send({ opcode: CLOSE, payload: closeBody(4001) });
      await until(() => peer.ending !== undefined);
      assert.equal(peer.ending, 'FIN');
      assert.deepEqual(caught, [], 'nothing drains after close()');
    });
  },
  STREAMS,
);

onEachSide(
  'A message that is being deflated when the peer ends',
  (side) => {
    it('arrives, and the answer to the close frame follows it', async (t) => {
      const { connection, peer, codec } = await openDeflated(t, { ...side, config: WHOLE });
      const log = record(connection, ['error', 'close']);
      const closed = closing(connection);
      const text = prose(4 * MIB);
      const outcome = new Promise((resolve) => connection.sendUTF(text, resolve));
      peer.close(4001, 'bye');
      peer.end();
      assert.ok((await codec.next(peer)).data.equals(Buffer.from(text)));
      assert.equal((await peer.expectClose()).code, 1000);
      assert.ok(!(await outcome), 'no error');
      assert.deepEqual(await closed, [4001, 'bye']);
      assert.deepEqual(log, [['close', 4001, 'bye']]);
    });
  },
  STREAMS,
);

onEachSide(
  'pause() and resume()',
  (side) => {
    it('may be called after the end, although the socket ended before', async (t) => {
      const { connection, peer, codec } = await openDeflated(t, side);
      const log = record(connection, ['message', 'close']);
      const closed = closing(connection);
      const frames = Array.from({ length: 50 }, () => codec.text(prose(20000)));
      peer.send(...frames);
      peer.end();
      assert.equal((await closed)[0], 1006);
      assert.equal(log.length, 51);
      connection.pause();
      connection.resume();
      connection.socket.resume();
      await new Promise(setImmediate);
      assert.equal(log.length, 51);
    });
  },
  STREAMS,
);

onEachTransport(
  'drop()',
  (transport) => {
    /** Drops a connection while `count` messages are deflated. Returns the CPU time of drop(). */
    async function dropAmid(t, text, count) {
      const { connection, peer, codec } = await openDeflated(t, { transport, config: WHOLE });
      for (let i = 0; i < count; i++) connection.sendUTF(text);
      const took = cost(() => connection.drop(1011, 'sorry'));
      for (let i = 0; i < count; i++) {
        assert.equal((await codec.next(peer)).data.length, text.length);
      }
      assert.deepEqual(await peer.expectClose(), { code: 1011, reason: 'sorry' });
      assert.equal(await peer.ended(), 'FIN');
      return took;
    }

    it('leaves deflation to the I/O thread, and earlier messages arrive', async (t) => {
      const text = prose(MIB);
      const work = cost(() => deflateRawSync(text, { level: 1 }));
      let took = Number.POSITIVE_INFINITY;
      for (let i = 0; i < ATTEMPTS && took >= 2 * work; i++) took = await dropAmid(t, text, 10);
      assert.ok(took < 2 * work, `${took} ms of CPU time, and ${work} ms deflate a tenth of it`);
    });
  },
  STREAMS,
);
