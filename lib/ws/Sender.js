'use strict';

const {
  OPCODE_BINARY,
  OPCODE_CLOSE,
  OPCODE_PING,
  OPCODE_PONG,
  OPCODE_TEXT,
} = require('../internal/engine/abi');
const noop = require('../internal/util/noop');
const { checkControl, closeBody, isBlob, toBytes } = require('./data');
const { encodeFrame } = require('./frame');
const PerMessageDeflate = require('./PerMessageDeflate');

const OPCODE_CONTINUATION = 0;

/** Values of `_state`: what the first message waits for. */
const IDLE = 0;
const DEFLATING = 1;
const READING_BLOB = 2;

/**
 * A message or a control frame.
 *
 * @typedef {object} Message
 * @property {any} data a string, bytes or a Blob
 * @property {number} length in bytes, before compression
 * @property {boolean} compress
 * @property {import('./frame').FrameOptions} options
 * @property {((error?: Error) => void) | undefined} callback
 */

/**
 * Writes messages as frames, in order, for users of this class. It needs no connection. Connections
 * send through the engine.
 */
class Sender {
  /**
   * @param {any} socket anything with `write()`, `cork()` and `uncork()`
   * @param {Record<string, any>} [extensions] the negotiated ones
   * @param {(key: Buffer) => void} [generateMask] fills a masking key
   */
  constructor(socket, extensions, generateMask) {
    this._socket = socket;
    this._extensions = extensions || {};
    this._generateMask = generateMask;
    /** Keys for `generateMask` are written here. */
    this._maskBuffer = generateMask ? Buffer.alloc(4) : undefined;
    /** The next call of `send()` begins a message, and `_compress` is not decided yet. */
    this._firstFragment = true;
    this._compress = false;
    /** Payload bytes that have not reached the socket. */
    this._bufferedBytes = 0;
    /**
     * The messages behind the first one that waits.
     *
     * @type {Message[]}
     */
    this._queue = [];
    this._state = IDLE;
    /**
     * Gets the error of a Blob that can't be read.
     *
     * @type {(error: Error) => void}
     */
    this.onerror = noop;
  }

  /**
   * Encodes a frame, for `sendFrame()`.
   *
   * @param {any} data a string or bytes
   * @param {import('./frame').FrameOptions} options
   * @returns {Buffer[]}
   */
  static frame(data, options) {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    return encodeFrame(bytes, bytes.length, options);
  }

  /**
   * Sends a close frame.
   *
   * @param {number} [code] undefined sends neither code nor reason
   * @param {string | Uint8Array} [data] the reason
   * @param {boolean} [mask]
   * @param {(error?: Error) => void} [cb]
   * @throws {TypeError | RangeError}
   */
  close(code, data, mask, cb) {
    const body = closeBody(code, data);
    const options = this._optionsOf(OPCODE_CLOSE, mask, false);
    this._submit({ data: body, length: body.length, compress: false, options, callback: cb });
  }

  /**
   * @param {any} data
   * @param {boolean} [mask]
   * @param {(error?: Error) => void} [cb]
   * @throws {RangeError} if it is too long
   */
  ping(data, mask, cb) {
    this._sendControl(OPCODE_PING, data, mask, cb);
  }

  /**
   * @param {any} data
   * @param {boolean} [mask]
   * @param {(error?: Error) => void} [cb]
   * @throws {RangeError} if it is too long
   */
  pong(data, mask, cb) {
    this._sendControl(OPCODE_PONG, data, mask, cb);
  }

  /**
   * Sends a message, or a fragment of one.
   *
   * @param {any} data
   * @param {object} options
   * @param {boolean} [options.binary]
   * @param {boolean} [options.compress] counts for the first fragment
   * @param {boolean} [options.fin] whether it is the last fragment
   * @param {boolean} [options.mask]
   * @param {(error?: Error) => void} [cb]
   */
  send(data, options, cb) {
    const payload = payloadOf(data);
    const isFirst = this._firstFragment;
    if (isFirst) this._compress = Boolean(options.compress) && this._isWorthIt(payload.length);
    this._firstFragment = Boolean(options.fin);
    const kind = options.binary ? OPCODE_BINARY : OPCODE_TEXT;
    const frame = this._optionsOf(
      isFirst ? kind : OPCODE_CONTINUATION,
      options.mask,
      payload.readOnly,
    );
    frame.fin = options.fin;
    frame.rsv1 = isFirst && this._compress;
    this._submit({ ...payload, compress: this._compress, options: frame, callback: cb });
  }

  /**
   * Writes an encoded frame.
   *
   * @param {any[]} list
   * @param {(error?: Error) => void} [cb]
   */
  sendFrame(list, cb) {
    const socket = this._socket;
    if (list.length === 1) {
      socket.write(list[0], cb);
      return;
    }
    socket.cork();
    socket.write(list[0]);
    socket.write(list[1], cb);
    socket.uncork();
  }

  /**
   * @param {number} opcode
   * @param {any} data
   * @param {boolean | undefined} mask
   * @param {((error?: Error) => void) | undefined} callback
   */
  _sendControl(opcode, data, mask, callback) {
    const payload = payloadOf(data);
    checkControl(payload.length);
    const options = this._optionsOf(opcode, mask, payload.readOnly);
    this._submit({ ...payload, compress: false, options, callback });
  }

  /**
   * @param {number} opcode
   * @param {boolean | undefined} mask
   * @param {boolean} readOnly
   * @returns {import('./frame').FrameOptions}
   */
  _optionsOf(opcode, mask, readOnly) {
    const { _generateMask: generateMask, _maskBuffer: maskBuffer } = this;
    return { opcode, fin: true, rsv1: false, mask, generateMask, maskBuffer, readOnly };
  }

  /**
   * Whether compression makes a message of this length shorter. With a context it always may.
   *
   * @param {number} length
   */
  _isWorthIt(length) {
    const deflate = this._extensions[PerMessageDeflate.extensionName];
    if (!deflate) return true;
    const side = deflate._isServer ? 'server' : 'client';
    return !deflate.params[`${side}_no_context_takeover`] || length >= deflate._threshold;
  }

  /** @param {Message} message */
  _submit(message) {
    if (this._state === IDLE) {
      this._process(message);
      return;
    }
    this._bufferedBytes += message.length;
    this._queue.push(message);
  }

  /** @param {Message} message */
  _process(message) {
    if (isBlob(message.data)) this._readBlob(message);
    else this._compressOrWrite(message);
  }

  /** @param {Message} message */
  async _readBlob(message) {
    this._bufferedBytes += message.length;
    this._state = READING_BLOB;
    try {
      const bytes = await message.data.arrayBuffer();
      if (this._socket.destroyed) {
        const error = new Error('The socket was closed while the blob was being read');
        // In a tick, exceptions of callbacks reject no promise.
        process.nextTick(failAll, this, message, error);
        return;
      }
      this._bufferedBytes -= message.length;
      this._state = IDLE;
      this._compressOrWrite({ ...message, data: Buffer.from(bytes) });
      this._continue();
    } catch (error) {
      process.nextTick(failBlob, this, message, error);
    }
  }

  /** @param {Message} message */
  _compressOrWrite(message) {
    if (message.compress) this._deflate(message);
    else this._write(message);
  }

  /** @param {Message} message */
  _deflate(message) {
    const deflate = this._extensions[PerMessageDeflate.extensionName];
    this._bufferedBytes += message.length;
    this._state = DEFLATING;
    deflate.compress(message.data, message.options.fin, (_error, data) => {
      if (this._socket.destroyed) {
        const error = new Error('The socket was closed while data was being compressed');
        failAll(this, message, error);
        return;
      }
      this._bufferedBytes -= message.length;
      this._state = IDLE;
      this._write({
        ...message,
        data,
        length: data.length,
        options: { ...message.options, readOnly: false },
      });
      this._continue();
    });
  }

  /** @param {Message} message */
  _write({ data, length, options, callback }) {
    this.sendFrame(encodeFrame(data, length, options), callback);
  }

  /** Goes on with the queue, until a message waits. */
  _continue() {
    while (this._state === IDLE && this._queue.length > 0) {
      const message = /** @type {Message} */ (this._queue.shift());
      this._bufferedBytes -= message.length;
      this._process(message);
    }
  }
}

/**
 * @param {any} data
 * @returns {{ data: any, length: number, readOnly: boolean }} its bytes belong to the application if
 *   they are `readOnly`
 */
function payloadOf(data) {
  if (typeof data === 'string') return { data, length: Buffer.byteLength(data), readOnly: false };
  if (isBlob(data)) return { data, length: data.size, readOnly: false };
  const { buffer, byteOffset, length } = toBytes(data);
  return { data: Buffer.from(buffer, byteOffset, length), length, readOnly: true };
}

/**
 * Calls the callbacks of a message and of those behind it.
 *
 * @param {Sender} sender
 * @param {Message} first
 * @param {Error} error
 */
function failAll(sender, first, error) {
  for (const { callback } of [first, ...sender._queue]) {
    if (typeof callback === 'function') callback(error);
  }
}

/**
 * @param {Sender} sender
 * @param {Message} message with a Blob that can't be read
 * @param {Error} error
 */
function failBlob(sender, message, error) {
  failAll(sender, message, error);
  sender.onerror(error);
}

module.exports = Sender;
