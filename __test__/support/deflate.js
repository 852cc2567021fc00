'use strict';

const assert = require('node:assert/strict');
const { deflateRawSync, inflateRawSync, constants } = require('node:zlib');

const { open } = require('./connect');
const { BINARY, CONTINUATION, TEXT } = require('./frames');

/** RSV1 for `encode` and `FrameReader`: the message is compressed (RFC 7692 §6). */
const RSV1 = 4;

/** The bytes that senders remove from the end of each message (RFC 7692 §7.2.1). */
const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff]);

/** In pieces of this size, zlib detects a reference that goes further back than the window. */
const SMALL_CHUNK = 64;

/**
 * One side of an agreement.
 *
 * @typedef {object} Side
 * @property {boolean} [forgets] begins each message with an empty window
 * @property {number} [bits] of its window
 */

/** The window of one side: the end of what that side has sent. zlib gets it as a dictionary. */
class Window {
  #said = Buffer.alloc(0);
  #size;

  /** @param {Side} side */
  constructor({ forgets = false, bits = 15 }) {
    this.bits = bits;
    this.#size = forgets ? 0 : 1 << bits;
  }

  get options() {
    const dictionary = this.#said.length > 0 ? { dictionary: this.#said } : {};
    return { ...dictionary, windowBits: this.bits, finishFlush: constants.Z_SYNC_FLUSH };
  }

  push(data) {
    if (this.#size === 0) return;
    this.#said = Buffer.concat([this.#said, data].map((it) => it.subarray(-this.#size)));
    this.#said = Buffer.from(this.#said.subarray(-this.#size));
  }
}

/** A raw peer's compression. It uses Node's zlib and no code of this package. */
class Codec {
  #theirs;
  #ours;

  /** @param {{ ours?: Side, theirs?: Side }} [agreement] ours is the connection under test */
  constructor({ ours = {}, theirs = {} } = {}) {
    this.#ours = new Window(ours);
    this.#theirs = new Window(theirs);
  }

  /** The payload of the peer's next message. The peer must send all payloads, in this order. */
  deflate(data, options = {}) {
    const said = Buffer.from(data);
    const stream = deflateRawSync(said, { ...this.#theirs.options, ...options });
    this.#theirs.push(said);
    assert.ok(stream.subarray(-TAIL.length).equals(TAIL));
    return said.length === 0 ? Buffer.from([0]) : stream.subarray(0, -TAIL.length);
  }

  /** Inflates a payload from the connection under test. */
  inflate(payload) {
    const { options, bits } = this.#ours;
    if (bits < 15) options.chunkSize = SMALL_CHUNK;
    const said = inflateRawSync(Buffer.concat([payload, TAIL]), options);
    this.#ours.push(said);
    return said;
  }

  /** A frame with the peer's next message, compressed. */
  text(data, options) {
    return { opcode: TEXT, rsv: RSV1, payload: this.deflate(data, options) };
  }

  binary(data, options) {
    return { opcode: BINARY, rsv: RSV1, payload: this.deflate(data, options) };
  }

  /**
   * The next message of the connection under test, joined from its frames.
   *
   * @param {import('./RawPeer')} peer
   * @returns {Promise<{ opcode: number, compressed: boolean, data: Buffer, frames: number, size:
   *   number }>} `size` is that on the wire
   */
  async next(peer) {
    const first = await peer.next();
    assert.ok(first, `a message, and not the end by ${peer.ending}`);
    assert.ok([0, RSV1].includes(first.rsv), 'RSV2 and RSV3 mean nothing');
    const compressed = first.rsv === RSV1;
    const payloads = [first.payload];
    for (let { fin } = first; !fin; ) {
      const frame = await peer.next();
      assert.deepEqual([frame.opcode, frame.rsv], [CONTINUATION, 0], 'RSV1 is the first frame’s');
      payloads.push(frame.payload);
      ({ fin } = frame);
    }
    const payload = Buffer.concat(payloads);
    const data = compressed ? this.inflate(payload) : payload;
    return {
      ...{ opcode: first.opcode, compressed, data },
      ...{ frames: payloads.length, size: payload.length },
    };
  }
}

/**
 * Splits a message's frame into `count` frames. Only the first has RSV1 and the opcode.
 *
 * @param {{ opcode: number, rsv?: number, payload: Buffer }} frame
 * @param {number} count
 */
function inFragments({ opcode, rsv = 0, payload }, count) {
  const size = Math.ceil(payload.length / count);
  return Array.from({ length: count }, (_, i) => ({
    opcode: i === 0 ? opcode : CONTINUATION,
    rsv: i === 0 ? rsv : 0,
    fin: i === count - 1,
    payload: payload.subarray(i * size, (i + 1) * size),
  }));
}

/**
 * The header for this agreement. It is valid as an offer and as a response.
 *
 * @param {string} role that of the connection under test
 * @param {{ ours?: Side, theirs?: Side }} [agreement]
 */
function headerFor(role, { ours = {}, theirs = {} } = {}) {
  const names = role === 'server' ? ['server', 'client'] : ['client', 'server'];
  const sides = [ours, theirs].map((side, i) => ({ ...side, name: names[i] }));
  const params = sides.flatMap(({ name, forgets, bits }) => [
    ...(forgets ? [`${name}_no_context_takeover`] : []),
    ...(bits ? [`${name}_max_window_bits=${bits}`] : []),
  ]);
  return ['permessage-deflate', ...params].join('; ');
}

/**
 * Like `open`, with negotiated compression.
 *
 * @param {object} setting as for `open`
 * @param {{ ours?: Side, theirs?: Side }} [setting.agreement]
 * @param {object} [setting.deflate] more options of perMessageDeflate
 * @returns {Promise<{ connection: any, peer: import('./RawPeer'), codec: Codec, wsServer?: any }>}
 */
async function openDeflated(t, { agreement, deflate = {}, config = {}, ...setting }) {
  const extensions = headerFor(setting.role, agreement);
  const opened = await open(t, {
    ...setting,
    extensions,
    config: { ...config, perMessageDeflate: { threshold: 0, ...deflate } },
  });
  assert.equal(opened.connection.extensions.length, 1, extensions);
  return { ...opened, codec: new Codec(agreement) };
}

const WORDS = 'he who has a mind to speak and none of us to hear will say it over'.split(' ');

const made = { noise: Buffer.alloc(0), prose: '' };

/** Random bytes, the same in each call. They don't compress. */
function noise(size) {
  if (made.noise.length < size) {
    made.noise = Buffer.allocUnsafe(size);
    const random = lcg();
    for (let i = 0; i < size; i++) made.noise[i] = random();
  }
  return made.noise.subarray(0, size);
}

/** ASCII text of `size` characters, the same in each call. It compresses to a fifth. */
function prose(size) {
  if (made.prose.length < size) {
    const random = lcg();
    const words = [];
    for (let length = 0; length < size; length += words.at(-1).length + 1) {
      words.push(WORDS[random() % WORDS.length]);
    }
    made.prose = words.join(' ').concat(' ');
  }
  return made.prose.slice(0, size);
}

/** Pseudorandom numbers below 256. Each generator gives the same sequence. */
function lcg() {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  };
}

module.exports = { Codec, RSV1, TAIL, headerFor, inFragments, noise, openDeflated, prose };
