'use strict';

// Compression without a connection, by Node's zlib.

const zlib = require('node:zlib');

const { MOST_WINDOW_BITS } = require('../internal/engine/abi');
const { invalidData, messageTooLong } = require('./violations');

/** The end of a piece that is flushed, which a message leaves out (RFC 7692 §7.2.1). */
const TAIL = Buffer.from([0, 0, 0xff, 0xff]);

/**
 * A piece of a message.
 *
 * @typedef {object} Piece
 * @property {Buffer | string} data
 * @property {boolean} fin whether it is the last one of its message
 * @property {(error: Error | null, data?: Buffer) => void} callback
 */

/**
 * What zlib does in a direction.
 *
 * @typedef {object} Direction
 * @property {(options: any, windowBits: number) => any} open makes a stream from the options of a
 *   PerMessageDeflate
 * @property {(stream: any, piece: Piece, done: () => void) => void} write
 * @property {(output: Buffer, fin: boolean) => Buffer} trim
 * @property {(perMessageDeflate: any) => number} most bytes of a piece's output; 0 for any number
 */

/** @type {Direction} */
const DEFLATE = {
  open: ({ zlibDeflateOptions }, windowBits) =>
    zlib.createDeflateRaw({ ...zlibDeflateOptions, windowBits }),
  write(stream, { data }, done) {
    stream.write(data);
    stream.flush(zlib.constants.Z_SYNC_FLUSH, done);
  },
  trim: (output, fin) => (fin ? output.subarray(0, -TAIL.length) : output),
  most: () => 0,
};

/** @type {Direction} */
const INFLATE = {
  open: ({ zlibInflateOptions }, windowBits) =>
    zlib.createInflateRaw({ ...zlibInflateOptions, windowBits }),
  write(stream, { data, fin }, done) {
    stream.write(data);
    if (fin) stream.write(TAIL);
    stream.flush(done);
  },
  trim: (output) => output,
  most: ({ _maxPayload: most }) => most,
};

/** Puts one piece after another through a zlib stream. */
class ZlibWorker {
  /**
   * @param {any} perMessageDeflate
   * @param {'server' | 'client'} side the one that deflates
   * @param {Direction} direction
   */
  constructor(perMessageDeflate, side, direction) {
    this._owner = perMessageDeflate;
    this._side = side;
    this._direction = direction;
    /** @type {any} */
    this._stream = null;
    /**
     * The pieces that are not done. The first one is in the stream.
     *
     * @type {Piece[]}
     */
    this._pieces = [];
    /** @type {Buffer[]} */
    this._output = [];
    this._outputLength = 0;
  }

  /**
   * @param {Piece} piece
   * @throws {TypeError | RangeError} if zlib refuses its options or the data
   */
  add(piece) {
    this._pieces.push(piece);
    if (this._pieces.length > 1) return;
    try {
      this._begin();
    } catch (error) {
      this._pieces.pop();
      throw error;
    }
  }

  /**
   * Frees the memory of zlib.
   *
   * @returns {Piece[]} the pieces that are not done
   */
  close() {
    this._stream?.close();
    this._stream = null;
    return this._pieces.splice(0);
  }

  _begin() {
    this._stream ??= this._open();
    const stream = this._stream;
    this._output = [];
    this._outputLength = 0;
    this._direction.write(stream, this._pieces[0], () => {
      if (stream === this._stream) this._onFlushed();
    });
  }

  _open() {
    const bits = this._owner.params[`${this._side}_max_window_bits`];
    const windowBits = typeof bits === 'number' ? bits : MOST_WINDOW_BITS;
    const stream = this._direction.open(this._owner._options, windowBits);
    stream.on('data', (chunk) => {
      if (stream === this._stream) this._onOutput(chunk);
    });
    stream.on('error', (error) => {
      if (stream === this._stream) this._fail(invalidData(error));
    });
    return stream;
  }

  /** @param {Buffer} chunk */
  _onOutput(chunk) {
    this._output.push(chunk);
    this._outputLength += chunk.length;
    const most = this._direction.most(this._owner);
    if (most > 0 && this._outputLength > most) this._fail(messageTooLong());
  }

  _onFlushed() {
    const { fin } = this._pieces[0];
    const [first] = this._output;
    const output =
      this._output.length === 1 ? first : Buffer.concat(this._output, this._outputLength);
    this._output = [];
    const keepsContext = !this._owner.params[`${this._side}_no_context_takeover`];
    if (this._stream.readableEnded) this._discardStream();
    else if (fin && !keepsContext) this._stream.reset();
    this._finish(null, this._direction.trim(output, fin));
  }

  /** @param {Error} error */
  _fail(error) {
    this._output = [];
    this._discardStream();
    this._finish(error);
  }

  _discardStream() {
    this._stream.close();
    this._stream = null;
  }

  /**
   * @param {Error | null} error
   * @param {Buffer} [output]
   */
  _finish(error, output) {
    const [piece] = this._pieces.splice(0, 1);
    // The callback may throw.
    if (this._pieces.length > 0) this._begin();
    piece.callback(error, output);
  }
}

/**
 * @param {any} perMessageDeflate
 * @param {'server' | 'client'} side ours
 */
function makeDeflater(perMessageDeflate, side) {
  return new ZlibWorker(perMessageDeflate, side, DEFLATE);
}

/**
 * @param {any} perMessageDeflate
 * @param {'server' | 'client'} side the peer's
 */
function makeInflater(perMessageDeflate, side) {
  return new ZlibWorker(perMessageDeflate, side, INFLATE);
}

module.exports = { makeDeflater, makeInflater };
