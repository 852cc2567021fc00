'use strict';

// Few bytes on the wire that inflate to many. They must cost neither much memory nor much time.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { constants, deflateRawSync } = require('node:zlib');

const { it, onEachSide, pair } = require('../support/connect');
const cpuTime = require('../support/cpuTime');
const { RSV1, TAIL, inFragments, openDeflated } = require('../support/deflate');
const { closing, roundTrips, until } = require('../support/events');
const { BINARY } = require('../support/frames');

const MIB = 1024 * 1024;
const TOO_BIG = [1009, 'Maximum message size exceeded.'];
const LIMITS = { maxReceivedFrameSize: 16 * MIB, maxReceivedMessageSize: MIB };
/** Without context takeover, so that each payload inflates by itself. */
const FORGETS = { theirs: { forgets: true } };

/** In CPU time. zlib needs more than a second for a gigabyte of zeros. */
const LONGEST_TURN_MS = 400;
const MOST_GROWTH = 64 * MIB;
/** As in backpressure.test.js: V8 decides when it collects delivered messages. */
const MOST_WAITING = 160 * MIB;

/** DEFLATE data of `size` zero bytes. More data may follow. */
function zeros(size, options) {
  return deflateRawSync(Buffer.alloc(size), { finishFlush: constants.Z_SYNC_FLUSH, ...options });
}

/**
 * Payloads that inflate to 1 GiB: 6.7 MB with fixed codes, and 1 MB with zlib's best compression.
 */
const BOMBS = {
  '6.7 MB': () => Buffer.concat(Array(1024).fill(zeros(MIB, { strategy: constants.Z_FIXED }))),
  '1 MB': () => Buffer.concat(Array(1000).fill(zeros(MIB, { level: 9 }))),
};

/**
 * Measures from now on the largest growth of this process's memory, and the most CPU time that all
 * threads spend during one turn of the event loop. That is much if JavaScript does the work or
 * waits for it.
 */
function watch(t) {
  const start = process.memoryUsage.rss();
  const most = { growth: 0, turn: 0 };
  let last = cpuTime();
  let timer = setImmediate(look);
  t.after(() => clearImmediate(timer));
  function look() {
    const now = cpuTime();
    most.turn = Math.max(most.turn, now - last);
    most.growth = Math.max(most.growth, process.memoryUsage.rss() - start);
    last = now;
    timer = setImmediate(look);
  }
  return most;
}

onEachSide('A message that becomes a gigabyte', (side) => {
  for (const [size, bomb] of Object.entries(BOMBS)) {
    for (const count of [1, 10]) {
      it(`is refused at its limit, of ${size} in ${count} frames`, async (t) => {
        const { connection, peer } = await openDeflated(t, { ...side, config: LIMITS });
        const payload = bomb();
        const frames = inFragments({ opcode: BINARY, rsv: RSV1, payload }, count);
        const bytes = Buffer.concat(frames.map((frame) => peer.frame(frame)));
        const closed = closing(connection);
        connection.on('message', () => assert.fail('no message is delivered'));
        const { accepted, connected } = await pair(t, side);
        const most = watch(t);
        peer.write(bytes);
        peer.socket.on('error', () => {});
        assert.deepEqual(await closed, TOO_BIG);
        assert.deepEqual(Object.values(await peer.expectClose()), TOO_BIG);
        await roundTrips({ accepted, connected }, 3);
        assert.ok(most.turn < LONGEST_TURN_MS, `a turn of ${most.turn} ms of CPU time`);
        assert.ok(most.growth < MOST_GROWTH, `${most.growth / MIB} MiB of memory`);
      });
    }
  }

  it('is delivered if the limit allows it, while everything else goes on', async (t) => {
    const config = { maxReceivedFrameSize: 16 * MIB, maxReceivedMessageSize: 128 * MIB };
    const { connection, peer } = await openDeflated(t, { ...side, config });
    const payload = Buffer.concat(Array(128).fill(zeros(MIB))).subarray(0, -TAIL.length);
    const message = once(connection, 'message');
    const most = watch(t);
    peer.send({ opcode: BINARY, rsv: RSV1, payload });
    const [{ binaryData }] = await message;
    assert.ok(most.turn < LONGEST_TURN_MS, `a turn of ${most.turn} ms of CPU time`);
    assert.ok(binaryData.equals(Buffer.alloc(128 * MIB)));
  });
});

onEachSide('A thousand messages that become a megabyte each, in one segment', (side) => {
  const COUNT = 1000;

  /** Opens a connection and prepares the messages. `onMessage` gets the number of each. */
  async function prepare(t, onMessage) {
    const config = { maxReceivedMessageSize: MIB };
    const { connection, peer } = await openDeflated(t, { ...side, agreement: FORGETS, config });
    let count = 0;
    connection.on('message', ({ binaryData }) => {
      assert.equal(binaryData.length, MIB);
      onMessage(++count, connection);
    });
    const frame = peer.frame({
      opcode: BINARY,
      rsv: RSV1,
      payload: zeros(MIB).subarray(0, -TAIL.length),
    });
    const bytes = Buffer.concat(Array(COUNT).fill(frame));
    return { connection, peer, bytes, count: () => count };
  }

  it('stay compressed while the connection is paused', async (t) => {
    const { connection, peer, bytes, count } = await prepare(t, (count, connection) => {
      if (count === 1) connection.pause();
    });
    const paused = once(connection, 'pause');
    const most = watch(t);
    peer.write(bytes);
    await paused;
    await roundTrips(await pair(t, side), 100);
    assert.equal(count(), 1);
    assert.ok(most.growth < MOST_GROWTH, `${most.growth / MIB} MiB of memory, paused`);
    connection.resume();
    await until(() => count() === COUNT);
    assert.ok(most.growth < MOST_WAITING, `${most.growth / MIB} MiB of memory, resumed`);
  });

  it('stay compressed while handlers are slow, and block no turn of the event loop', async (t) => {
    const busy = new Int32Array(new SharedArrayBuffer(4));
    const { peer, bytes, count } = await prepare(t, () => Atomics.wait(busy, 0, 0, 1));
    const most = watch(t);
    peer.write(bytes);
    await until(() => count() === COUNT);
    assert.ok(most.turn < LONGEST_TURN_MS, `a turn of ${most.turn} ms of CPU time`);
    assert.ok(most.growth < MOST_WAITING, `${most.growth / MIB} MiB of memory`);
  });

  it('are dropped with the connection', async (t) => {
    const { connection, peer, bytes } = await prepare(t, (count, connection) => {
      if (count === 3) connection.drop(1008, 'out');
    });
    const closed = closing(connection);
    const most = watch(t);
    peer.write(bytes);
    assert.deepEqual(await closed, [1008, 'out']);
    assert.equal((await peer.expectClose()).code, 1008);
    assert.ok(most.turn < LONGEST_TURN_MS, `a turn of ${most.turn} ms of CPU time`);
    assert.ok(most.growth < MOST_GROWTH, `${most.growth / MIB} MiB of memory`);
  });
});
