'use strict';

const assert = require('node:assert');

const { it } = require('../support/connect');

/**
 * The transport that connections report for the option `transport`. On Windows no descriptor is
 * adopted.
 */
const TRANSPORTS = { auto: process.platform === 'win32' ? 'stream' : 'native', stream: 'stream' };

/** 1 MiB of UTF-8 whose characters take one, two, three and four bytes. */
const LONG_TEXT = 'aé漢😀'.repeat(104857).concat('abcdef');
const SIZES = [0, 1, 125, 126, 127, 65535, 65536, 1048576];
const MANY = 10000;
/** 123 bytes, the longest reason that fits into a close frame. */
const LONG_REASON = 'ü'.repeat(61).concat('!');

/**
 * Defines the tests that every pair of ends must pass.
 *
 * @param {(protocols?: string[]) => Promise<{ ours: object, theirs: object }>} open requests these
 *   subprotocols, and the server takes the last
 * @param {{ transport: string, codes?: number[], forgetful?: boolean }} expected `transport` is the
 *   final one of ours. `codes` are the close codes that both allow. `forgetful` means that theirs
 *   lose undelivered messages when the socket closes
 */
function battery(open, { transport, codes = [1000, 1001, 1008, 1011, 3000, 4999], forgetful }) {
  it('exchanges 1 MiB of text with multi-byte characters', async () => {
    const { ours, theirs } = await open();
    assert.strictEqual(Buffer.byteLength(LONG_TEXT), 1048576);
    for (const [from, to] of [
      [ours, theirs],
      [theirs, ours],
    ]) {
      from.send(LONG_TEXT);
      const [received] = await to.messages.take(1);
      assert.ok(received === LONG_TEXT);
    }
    assert.strictEqual(ours.transport(), transport);
    await part(ours, theirs);
  });

  it('exchanges 10,000 messages each way at once, in order', async () => {
    const { ours, theirs } = await open();
    const expected = Array.from({ length: MANY }, (_, i) => `message ${i}`);
    for (const text of expected) {
      ours.send(text);
      theirs.send(text);
    }
    const [here, there] = await Promise.all([ours.messages.take(MANY), theirs.messages.take(MANY)]);
    assert.deepStrictEqual(here, expected);
    assert.deepStrictEqual(there, expected);
    await part(ours, theirs);
  });

  it('exchanges binary and text of every length format', async () => {
    const { ours, theirs } = await open();
    const sent = SIZES.flatMap((size) => [pattern(size), 'x'.repeat(size)]);
    for (const data of sent) {
      ours.send(data);
      theirs.send(data);
    }
    for (const end of [ours, theirs]) {
      const received = await end.messages.take(sent.length);
      for (const [i, data] of sent.entries()) {
        const same = Buffer.isBuffer(data) ? data.equals(received[i]) : data === received[i];
        assert.ok(same, `${typeof data} of ${data.length}`);
      }
    }
    await part(ours, theirs);
  });

  it('agrees on a subprotocol', async () => {
    const { ours, theirs } = await open(['chat', 'superchat']);
    assert.strictEqual(ours.protocol, 'superchat');
    assert.strictEqual(theirs.protocol, 'superchat');
    await part(ours, theirs);
  });

  it('gets answers to its pings, and answers pings', async () => {
    const { ours, theirs } = await open();
    for (const end of [ours, theirs]) {
      if (!end.ping) continue;
      const payloads = ['', 'hello', 'x'.repeat(125)];
      for (const payload of payloads) end.ping(payload);
      const pongs = await end.pongs.take(payloads.length);
      assert.deepStrictEqual(pongs.map(String), payloads);
    }
    await part(ours, theirs);
  });

  for (const [code, reason] of [...codes.map((it) => [it, `reason ${it}`]), [1000, LONG_REASON]]) {
    it(`closes with ${code} and a reason of ${reason.length} characters, from either side`, async () => {
      const first = await open();
      first.theirs.close(code, reason);
      assert.deepStrictEqual(await first.ours.closed, { code, reason });
      assert.notStrictEqual((await first.theirs.closed).code, 1006);

      const second = await open();
      second.ours.close(code, reason);
      assert.deepStrictEqual(await second.theirs.closed, { code, reason });
      assert.deepStrictEqual(await second.ours.closed, { code, reason });
    });
  }

  it('delivers messages sent right before the close', async () => {
    const directions = [['theirs', 'ours']];
    if (!forgetful) directions.push(['ours', 'theirs']);
    for (const [from, to] of directions) {
      const ends = await open();
      for (let i = 0; i < 100; i++) ends[from].send(`${i}`);
      ends[from].close(1000, 'done');
      assert.deepStrictEqual((await ends[to].messages.take(100)).at(-1), '99');
      assert.deepStrictEqual(await ends[to].closed, { code: 1000, reason: 'done' });
    }
  });

  it('notices when the other end vanishes', async () => {
    for (const [from, to] of [
      ['ours', 'theirs'],
      ['theirs', 'ours'],
    ]) {
      const ends = await open();
      if (ends[from].vanish) {
        ends[from].vanish();
        assert.strictEqual((await ends[to].closed).code, 1006);
        await ends[from].closed;
      } else {
        await part(ends.ours, ends.theirs);
      }
    }
  });
}

/** Closes, and waits until both ends have closed. */
async function part(ours, theirs) {
  ours.close(1000, '');
  assert.strictEqual((await theirs.closed).code, 1000);
  assert.strictEqual((await ours.closed).code, 1000);
}

function pattern(size) {
  const data = Buffer.allocUnsafe(size);
  for (let i = 0; i < size; i++) data[i] = (i * 7 + (i >> 8)) & 0xff;
  return data;
}

module.exports = { TRANSPORTS, battery, it };
