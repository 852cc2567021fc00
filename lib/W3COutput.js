'use strict';

const { turn } = require('./delivery');

/** The longest header of a frame. */
const MOST_OVERHEAD = 14;
/** One byte of header for 2¹⁰ of payload is more than fragments of the default size take. */
const OVERHEAD_SHIFT = 10;

/** What a W3CWebSocket has to send: bytes of payload, without what frames and TLS add to them. */
class W3COutput {
  /**
   * Settles when the last of what waits for a Blob to be read has been sent; null if nothing waits.
   *
   * @type {Promise<void> | null}
   */
  queue = null;
  queuedBytes = 0;
  /** Handed to the connection in turns before the last one, and not known to have left. */
  #earlierBytes = 0;
  /** Handed to the connection in the turn of the last send. */
  #turnBytes = 0;
  /** The most that the frames of that turn add to their payload. */
  #turnOverhead = 0;
  #turn = -1;

  /**
   * Counts a message that is handed to the connection. That isn't asked for anything here, as this
   * would cost more than the rest of `send()`.
   *
   * @param {number} size in bytes
   */
  add(size) {
    const now = turn();
    if (this.#turn !== now) {
      this.#turn = now;
      this.#earlierBytes += this.#turnBytes;
      this.#turnBytes = 0;
      this.#turnOverhead = 0;
    }
    this.#turnBytes += size;
    this.#turnOverhead += MOST_OVERHEAD + (size >>> OVERHEAD_SHIFT);
  }

  /**
   * The bytes that have not left. As in browsers, they only become fewer between two turns of the
   * event loop.
   *
   * @param {any} connection undefined before there is one
   */
  bytes(connection) {
    return this.queuedBytes + this.#sentBytes(connection);
  }

  #sentBytes(connection) {
    if (this.#earlierBytes + this.#turnBytes === 0) return 0;
    const unsent = connection.bufferedAmount;
    if (this.#turn === turn()) {
      const earlier = Math.max(0, unsent - this.#turnBytes - this.#turnOverhead);
      return this.#turnBytes + Math.min(this.#earlierBytes, earlier);
    }
    this.#earlierBytes = Math.min(this.#earlierBytes + this.#turnBytes, unsent);
    this.#turnBytes = 0;
    return this.#earlierBytes;
  }
}

module.exports = W3COutput;
