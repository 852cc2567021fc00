'use strict';

/**
 * The parts of a buffer list that `WebSocketFrame#addData` needs: `length`, `joinInto`, `advance`
 * and `take`.
 */
class BufferListDouble {
  #bytes = Buffer.alloc(0);

  get length() {
    return this.#bytes.length;
  }

  write(bytes) {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
  }

  joinInto(target, targetStart, sourceStart, length) {
    this.#bytes.copy(target, targetStart, sourceStart, sourceStart + length);
  }

  advance(count) {
    this.#bytes = this.#bytes.subarray(count);
  }

  take(count) {
    return Buffer.from(this.#bytes.subarray(0, count));
  }
}

module.exports = { BufferListDouble };
