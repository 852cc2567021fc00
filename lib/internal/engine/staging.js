'use strict';

// Stages short messages: writes them into memory that the engine reads at the end of the turn. That
// is quicker than a call for each. The layout is in src/binding/staging.rs.

const { TextEncoder } = require('node:util');
const { markAsUntransferable } = require('node:worker_threads');

const { MOST_HEADER, MOST_STAGED, STAGED_HEAD, STAGED_STEP } = require('./abi');
const { engine } = require('./engine');
const { flush, hasExited, wantFlush } = require('./flush');
const { isIdle } = require('./turn');

/** Bytes of staged messages. With more, the turn is flushed before its end. */
const SIZE = 64 * 1024;

/** Most UTF-16 units of a text. Longer ones are encoded as quickly in a call. */
const MOST_UNITS = 256;
/** Most bytes of UTF-8 for a unit. */
const MOST_UNIT = 3;

const memory = new ArrayBuffer(SIZE);
markAsUntransferable(memory);
const words = new Uint32Array(memory);
const bytes = new Uint8Array(memory);

/** Views of the memory from each step on, for texts. */
const places = new Array(SIZE / STAGED_STEP).fill(undefined);

/** For each slot, how many bytes of frames may be staged. The engine sets it. */
let rooms = new Uint32Array(256);
engine.stage(words, rooms);

// Applications may replace these methods. That must not change what is sent.
const setBytes = /** @type {any} */ (Function.prototype.call).bind(Uint8Array.prototype.set);
const encodeInto = /** @type {any} */ (Function.prototype.call).bind(
  TextEncoder.prototype.encodeInto,
);
const encoder = new TextEncoder();

/**
 * Stages a binary message.
 *
 * @param {number} slot
 * @param {Uint8Array} data
 * @param {number} flags `SEND_MARK` or 0
 * @returns {boolean} `false` leaves it to a call. Otherwise the output is below the high-water mark
 */
function stageBytes(slot, data, flags) {
  const { length } = data;
  if (!(length <= MOST_STAGED) || !hasRoom(slot, length)) return false;
  const start = begin(length);
  setBytes(bytes, data, start + STAGED_HEAD);
  finish(start, slot, flags, length);
  return true;
}

/**
 * Stages a text.
 *
 * @param {number} slot
 * @param {string} text
 * @param {number} flags `SEND_MARK` or 0, and `SEND_AS_TEXT`
 * @returns {boolean} as for bytes
 */
function stageText(slot, text, flags) {
  const most = text.length * MOST_UNIT;
  if (text.length > MOST_UNITS || !hasRoom(slot, most)) return false;
  const start = begin(most);
  places[start / STAGED_STEP] ??= bytes.subarray(
    start + STAGED_HEAD,
    start + STAGED_HEAD + MOST_UNITS * MOST_UNIT,
  );
  const { written } = encodeInto(encoder, text, places[start / STAGED_STEP]);
  finish(start, slot, flags, written);
  return true;
}

/**
 * Whether a message may be staged: a flush follows at the end of the turn, and the output of the
 * link certainly stays below the high-water mark.
 *
 * @param {number} slot
 * @param {number} length most bytes of the payload
 */
function hasRoom(slot, length) {
  if (isIdle() || hasExited()) return false;
  if (slot >= rooms.length) grow(slot);
  return length + MOST_HEADER < rooms[slot];
}

/** @param {number} slot */
function grow(slot) {
  const more = new Uint32Array(Math.max(2 * rooms.length, slot + 1));
  more.set(rooms);
  rooms = more;
  engine.stage(words, rooms);
}

/**
 * @param {number} length most bytes of the payload
 * @returns {number} where the message begins
 */
function begin(length) {
  const start = words[0] || STAGED_STEP;
  if (start + STAGED_HEAD + length <= SIZE) return start;
  flush();
  return STAGED_STEP;
}

/**
 * @param {number} start
 * @param {number} slot
 * @param {number} flags
 * @param {number} length in bytes
 */
function finish(start, slot, flags, length) {
  const word = start >> 2;
  words[word] = slot;
  words[word + 1] = flags;
  words[word + 2] = length;
  words[0] = (start + STAGED_HEAD + length + STAGED_STEP - 1) & -STAGED_STEP;
  rooms[slot] -= length + MOST_HEADER;
  wantFlush();
}

module.exports = { stageBytes, stageText };
