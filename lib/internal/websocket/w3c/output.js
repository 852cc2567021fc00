'use strict';

const { turn } = require('../../engine/turn');

/** The longest header of a frame. */
const MOST_OVERHEAD = 14;
/** One byte of header for 2¹⁰ of payload is more than fragments of the default size take. */
const OVERHEAD_SHIFT = 10;

/**
 * Counts the unsent bytes of a W3CWebSocket: payload only, without the overhead of frames and TLS.
 */
class W3COutput {
  /**
   * Settles when the last message that waits for a Blob is sent; null if none waits.
   *
   * @type {Promise<void> | null}
   */
  queue = null;
  queuedBytes = 0;
  /** Bytes handed to the connection in turns before the last one, and not known to have left. */
  _earlierBytes = 0;
  /** Bytes handed to the connection in the turn of the last send. */
  _turnBytes = 0;
  /** The most that the frames of that turn add to their payload. */
  _turnOverhead = 0;
  _turn = -1;

  /**
   * Counts a message that is handed to the connection. It does not query the connection, which
   * would cost more than the rest of `send()`.
   *
   * @param {number} size in bytes
   */
  add(size) {
    const now = turn();
    if (this._turn !== now) {
      this._turn = now;
      this._earlierBytes += this._turnBytes;
      this._turnBytes = 0;
      this._turnOverhead = 0;
    }
    this._turnBytes += size;
    this._turnOverhead += MOST_OVERHEAD + (size >>> OVERHEAD_SHIFT);
  }

  /**
   * The bytes that have not left. As in browsers, they only become fewer between two turns of the
   * event loop.
   *
   * @param {any} connection undefined before there is one
   */
  bytes(connection) {
    return this.queuedBytes + this._sentBytes(connection);
  }

  _sentBytes(connection) {
    if (this._earlierBytes + this._turnBytes === 0) return 0;
    const unsent = connection.bufferedAmount;
    if (this._turn === turn()) {
      const earlier = Math.max(0, unsent - this._turnBytes - this._turnOverhead);
      return this._turnBytes + Math.min(this._earlierBytes, earlier);
    }
    this._earlierBytes = Math.min(this._earlierBytes + this._turnBytes, unsent);
    this._turnBytes = 0;
    return this._earlierBytes;
  }
}

module.exports = W3COutput;
