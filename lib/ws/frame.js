'use strict';

// Frames for `Sender`. The engine encodes those of connections.

const { randomFillSync } = require('node:crypto');

const { unmask } = require('../internal/engine/codec');

const FIN = 0x80;
const RSV1 = 0x40;
const MASK = 0x80;

/** Most bytes whose length fits the second byte of a header, and its next two. */
const MOST_7_BITS = 125;
const MOST_16_BITS = 0xffff;
/** In place of a length: it follows in two or eight bytes. */
const LENGTH_16_BITS = 126;
const LENGTH_64_BITS = 127;

const KEY_LENGTH = 4;

/** Payloads up to this length are masked in JavaScript, because a call of the addon takes longer. */
const SHORT = 64;

/** Random bytes for keys. One call for many keys is cheaper. */
const randomBytes = Buffer.allocUnsafeSlow(8192);
let randomPosition = randomBytes.length;

/** The key of the frame that is being encoded, unless the caller has memory for it. */
const ownKey = Buffer.alloc(KEY_LENGTH);

/**
 * @typedef {object} FrameOptions
 * @property {number} opcode
 * @property {boolean} [fin]
 * @property {boolean} [rsv1]
 * @property {boolean} [mask]
 * @property {(key: Buffer) => void} [generateMask] fills the masking key
 * @property {Buffer} [maskBuffer] memory for the masking key
 * @property {boolean} [readOnly] the payload must not be masked in place
 */

/**
 * Encodes a frame.
 *
 * @param {any} data the payload, a string or bytes
 * @param {number} length of the payload in bytes
 * @param {FrameOptions} options
 * @returns {any[]} the header and the payload; one Buffer with both if `data` is masked but must not
 *   be changed, or if it is empty
 */
function encodeFrame(data, length, options) {
  const key = options.mask ? keyOf(options) : undefined;
  // A key of zeros changes nothing.
  const isMasked = length > 0 && key !== undefined && !isZero(key);
  const isMerged = isMasked && options.readOnly;
  const payload = isMasked && typeof data === 'string' ? Buffer.from(data) : data;
  const start = headerLength(length) + (key ? KEY_LENGTH : 0);
  const frame = Buffer.allocUnsafe(isMerged ? start + length : start);
  writeHeader(frame, length, options);
  if (key) copyKey(key, 0, frame, start - KEY_LENGTH);
  if (isMerged) {
    copyMasked(payload, frame, start, key);
    return [frame];
  }
  if (isMasked) copyMasked(payload, payload, 0, key);
  return length > 0 ? [frame, payload] : [frame];
}

/** @param {number} length of the payload */
function headerLength(length) {
  if (length <= MOST_7_BITS) return 2;
  return length <= MOST_16_BITS ? 4 : 10;
}

/**
 * @param {Buffer} frame
 * @param {number} length
 * @param {FrameOptions} options
 */
function writeHeader(frame, length, { opcode, fin, rsv1, mask }) {
  frame[0] = opcode | (fin ? FIN : 0) | (rsv1 ? RSV1 : 0);
  const maskBit = mask ? MASK : 0;
  if (length <= MOST_7_BITS) {
    frame[1] = maskBit | length;
  } else if (length <= MOST_16_BITS) {
    frame[1] = maskBit | LENGTH_16_BITS;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = maskBit | LENGTH_64_BITS;
    frame.writeUInt16BE(0, 2);
    frame.writeUIntBE(length, 4, 6);
  }
}

/**
 * @param {FrameOptions} options
 * @returns {Buffer} a masking key, valid until the next call
 */
function keyOf({ generateMask, maskBuffer: key = ownKey }) {
  if (generateMask) {
    generateMask(key);
    return key;
  }
  if (randomPosition === randomBytes.length) {
    randomFillSync(randomBytes);
    randomPosition = 0;
  }
  copyKey(randomBytes, randomPosition, key, 0);
  randomPosition += KEY_LENGTH;
  return key;
}

/** @param {Buffer} key */
function isZero(key) {
  return (key[0] | key[1] | key[2] | key[3]) === 0;
}

/**
 * @param {Buffer} source
 * @param {number} from
 * @param {Buffer} target
 * @param {number} to
 */
function copyKey(source, from, target, to) {
  for (let i = 0; i < KEY_LENGTH; i++) target[to + i] = source[from + i];
}

/**
 * @param {any} source
 * @param {any} target where the masked bytes go; may be the source itself
 * @param {number} start of them in the target
 * @param {any} key
 */
function copyMasked(source, target, start, key) {
  const { length } = source;
  if (length <= SHORT) {
    for (let i = 0; i < length; i++) target[start + i] = source[i] ^ key[i & 3];
    return;
  }
  if (source !== target) target.set(source, start);
  unmask(start === 0 ? target : target.subarray(start), key);
}

module.exports = { encodeFrame };
