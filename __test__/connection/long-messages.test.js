'use strict';

// Messages that are long enough to be written directly from the application's memory while the
// kernel has room.

const assert = require('node:assert/strict');
const { randomBytes } = require('node:crypto');
const { once } = require('node:events');

const { it, onEachSide, onEachTransport, open } = require('../support/connect');
const { BINARY, TEXT } = require('../support/frames');

const MIB = 1024 * 1024;
const WHOLE = { fragmentOutgoingMessages: false };
/** More than the kernel takes at once. */
const MOST = 16 * MIB;

onEachSide('A message of a megabyte and more', (side) => {
  for (const size of [512 * 1024 - 1, 512 * 1024, MIB + 1, MOST]) {
    it(`arrives as it was at the time of the send, all ${size} bytes`, async (t) => {
      const { connection, peer } = await open(t, { ...side, config: WHOLE });
      const bytes = randomBytes(size);
      const before = Buffer.from(bytes);
      connection.sendBytes(bytes);
      bytes.fill(0);
      const { payload } = await peer.expect(BINARY);
      assert.ok(payload.equals(before));
    });
  }

  it('arrives in fragments, and in order with other messages', async (t) => {
    const config = { fragmentationThreshold: 1000 };
    const { connection, peer } = await open(t, { ...side, config });
    const text = 'é'.repeat(MIB);
    const bytes = randomBytes(MOST);
    for (let round = 0; round < 2; round++) {
      connection.sendUTF('first');
      connection.sendUTF(text);
      connection.sendUTF('second');
      connection.sendBytes(bytes);
    }
    for (let round = 0; round < 2; round++) {
      assert.equal((await peer.expect(TEXT)).payload.toString(), 'first');
      assert.equal((await message(peer, TEXT)).toString(), text);
      assert.equal((await peer.expect(TEXT)).payload.toString(), 'second');
      assert.ok((await message(peer, BINARY)).equals(bytes));
    }
  });

  it('has its callback called once, whether the kernel takes all of it or not', async (t) => {
    const { connection, peer } = await open(t, { ...side, config: WHOLE });
    for (const size of [MIB, MOST]) {
      const calls = [];
      const called = new Promise((resolve) => {
        connection.sendBytes(Buffer.alloc(size), (error) => resolve(calls.push(error ?? 'none')));
      });
      await peer.expect(BINARY);
      await called;
      connection.sendUTF('behind it');
      await peer.expect(TEXT);
      assert.deepEqual(calls, ['none']);
    }
  });

  it('drains also with a highWaterMark of 0', async (t) => {
    const config = { ...WHOLE, highWaterMark: 0 };
    const { connection, peer } = await open(t, { ...side, config });
    for (const size of [1, MIB, MOST]) {
      const drained = once(connection, 'drain');
      assert.equal(connection.sendBytes(Buffer.alloc(size)), false);
      await drained;
      assert.equal(connection.outputBufferFull, false);
      await peer.expect(BINARY);
    }
  });

  it('counts only the bytes that the kernel has not taken', async (t) => {
    const { connection, peer } = await open(t, { ...side, config: WHOLE });
    peer.socket.pause();
    assert.equal(connection.sendBytes(Buffer.alloc(MOST)), false);
    assert.ok(connection.bufferedAmount > 0);
    assert.ok(connection.bufferedAmount <= MOST + 14);
    const drained = once(connection, 'drain');
    peer.socket.resume();
    await drained;
    assert.equal(connection.bufferedAmount, 0);
    const sent = connection.bytesSent;
    connection.sendBytes(Buffer.alloc(MIB));
    await peer.expect(BINARY);
    await peer.expect(BINARY);
    assert.equal(connection.bytesSent - sent, MIB + (side.role === 'client' ? 14 : 10));
  });
});

onEachTransport(
  'A message of a megabyte on a connection that the peer has reset',
  (transport) => {
    it('fails, and closes the connection', async (t) => {
      const { connection, peer } = await open(t, { transport, config: WHOLE });
      const errors = [];
      connection.on('error', (error) => errors.push(error.code));
      peer.socket.resetAndDestroy();
      const called = new Promise((resolve) => {
        connection.sendBytes(Buffer.alloc(MIB), resolve);
      });
      assert.equal(await new Promise((resolve) => connection.on('close', resolve)), 1006);
      assert.ok((await called) instanceof Error);
      assert.deepEqual(errors, ['ECONNRESET']);
    });
  },
  ['native', 'stream'],
);

/** The payload of a message in fragments. */
async function message(peer, opcode) {
  const payloads = [];
  for (let next = opcode; ; next = 0) {
    const { fin, payload } = await peer.expect(next);
    payloads.push(payload);
    if (fin) return Buffer.concat(payloads);
  }
}
