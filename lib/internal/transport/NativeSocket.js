'use strict';

const net = require('node:net');

const { checkIdle, restartIdleCheck, stopIdleCheck } = require('./idle');
const LinkHandle = require('./LinkHandle');

/**
 * Makes a class of sockets over raw links: Node's class with another handle, so streams, timeouts,
 * half-closing and destroying stay Node's own. Only what Node does by functions of its own addon is
 * replaced.
 *
 * @template {new (...args: any[]) => any} T
 * @param {T} Base Node's class
 */
function overLink(Base) {
  return class NativeSocket extends Base {
    _write(chunk, encoding, callback) {
      if (!this._handle) super._write(chunk, encoding, callback);
      else writeAll(this, [bytesOf(chunk, encoding)], callback);
    }

    _writev(chunks, callback) {
      if (!this._handle) super._writev(chunks, callback);
      else {
        const pieces = chunks.map(({ chunk, encoding }) => bytesOf(chunk, encoding));
        writeAll(this, pieces, callback);
      }
    }

    _final(callback) {
      if (!this._handle) callback();
      else this._handle.end(callback);
    }

    _destroy(error, callback) {
      stopIdleCheck(this);
      super._destroy(error, callback);
    }

    setTimeout(milliseconds, callback) {
      restartIdleCheck(this);
      return super.setTimeout(milliseconds, callback);
    }

    _onTimeout() {
      // As in Node: a socket whose output is stuck in the kernel is idle, but not one that writes.
      checkIdle(this, this._handle?.slot ?? -1);
    }
  };
}

/** A net.Socket over a raw link. */
class NativeSocket extends overLink(net.Socket) {
  /**
   * @param {object} options those of net.Socket that say how it reads and writes, and:
   * @param {number} options.slot of a raw link that has a descriptor; the socket owns it
   * @param {boolean} [options.isHolding] the link holds its input from the start
   * @param {boolean} [options.allowHalfOpen]
   * @param {boolean} [options.noDelay] whether it is set already
   * @param {boolean} [options.keepAlive] whether it is set already
   * @param {number} [options.keepAliveInitialDelay]
   * @param {boolean} [options.pauseOnCreate]
   * @param {number} [options.highWaterMark]
   */
  constructor({ slot, isHolding = false, ...options }) {
    const handle = new LinkHandle(slot, isHolding);
    // Reading would release what is held.
    super(/** @type {any} */ ({ ...options, handle, manualStart: true }));
    handle.socket = this;
    if (!isHolding && !options.pauseOnCreate) this.read(0);
  }

  resetAndDestroy() {
    // Node's method takes no other handle than its own.
    if (!this._handle || typeof this._reset !== 'function') return super.resetAndDestroy();
    this._reset();
    return this;
  }
}

// Applications print and compare the name of a socket's class.
Object.defineProperty(NativeSocket, 'name', { value: 'Socket' });

/**
 * @param {any} socket
 * @param {Uint8Array[]} pieces
 * @param {(error?: Error | null) => void} callback
 */
function writeAll(socket, pieces, callback) {
  const full = pieces.filter(({ length }) => length > 0);
  if (full.length === 0 || socket._handle.slot === -1) callback();
  else socket._handle.write(full, callback);
}

/**
 * @param {string | Uint8Array} chunk
 * @param {BufferEncoding} encoding
 */
function bytesOf(chunk, encoding) {
  return typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk;
}

module.exports = { NativeSocket, overLink };
