'use strict';

const { markAsUntransferable } = require('node:worker_threads');

const { MOST_SHORT_PAYLOAD } = require('./abi');

/** Bytes. A message that the application keeps may keep so much. */
const SIZE = 16 * 1024;

/** The class of Node's own views, whose constructor takes memory as it is. */
const View = Buffer[Symbol.species];

/**
 * Memory for short payloads of one user of the engine's batches. The engine writes payloads into it,
 * and the user turns each into a Buffer, before it takes the next batch.
 */
class PayloadMemory {
  bytes = allocate();
  /** How much of it has payloads. */
  used = 0;

  /** Begins new memory, unless there is room for any short payload. */
  prepare() {
    if (this.used + MOST_SHORT_PAYLOAD <= this.bytes.length) return;
    this.bytes = allocate();
    this.used = 0;
  }

  /**
   * @param {number} start
   * @param {number} length
   * @returns {Buffer} the next payload
   */
  view(start, length) {
    this.used = start + length;
    return new View(this.bytes.buffer, start, length);
  }
}

/** Memory that an application can't transfer to another thread, because other messages are there. */
function allocate() {
  const bytes = Buffer.allocUnsafeSlow(SIZE);
  markAsUntransferable(bytes.buffer);
  return bytes;
}

module.exports = PayloadMemory;
