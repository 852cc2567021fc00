'use strict';

const { MOST_HEADER, OPCODE_TEXT, SENT_BELOW_MARK, SENT_DEFLATES } = require('../engine/abi');
const { calls, engine } = require('../engine/engine');
const { corked, corkForTurn, hasExited } = require('../engine/flush');
const { surface } = require('../engine/ticks');
const { turn } = require('../engine/turn');
const isLatin1 = require('../engine/isLatin1');
const { afterAll } = require('../transport/callbacks');
const { flagsOf, sendBinary, sendText } = require('../engine/sends');
const {
  beforeEnd,
  isStandIn,
  place,
  settler,
  settlerOfAll,
  watchDestroy,
} = require('../transport/streamOutput');

/**
 * Frames that may take up to this many bytes are encoded, one after another, into a common piece of
 * memory.
 */
const SHORT_FRAME = 4096;
const SLAB_SIZE = 32 * 1024;

/** Bytes that one write of a corked stream takes together, but for a single longer one. */
const MOST_CORKED = 64 * 1024;

let slab = Buffer.allocUnsafeSlow(SLAB_SIZE);
let slabUsed = 0;

/**
 * Methods of WebSocketConnection that write to its socket, and have the engine prepare what is
 * written.
 */
module.exports = {
  /**
   * Sends a message on the stream transport, where each frame is one write; and after the end, when
   * the socket says what is wrong.
   *
   * @param {number} opcode
   * @param {string | Buffer} data
   * @param {any} options
   * @param {((error?: Error) => void) | undefined} callback
   * @returns {boolean}
   */
  _sendMessage(opcode, data, options, callback) {
    if (this._slot !== -1 && this.transport === 'stream' && !this._composesByHand()) {
      if (this._deflate !== null && this.state === 'open') {
        return this._sendByEngine(opcode, data, options, callback);
      }
      const short = encodeShort(this._slot, data, opcode === OPCODE_TEXT, this._leavesNow());
      if (short !== null) return this._write(short, callback);
      const isText = opcode === OPCODE_TEXT;
      const frames = engine.encode(this._slot, data, isText, isText && isLatin1(data));
      if (frames.length === 1) return this._write(frames[0], callback);
      if (frames.length > 1) {
        const last = /** @type {Buffer} */ (frames.pop());
        const each = isStandIn(this.socket) ? afterAll(frames.length + 1, callback) : undefined;
        for (const frame of frames) this._write(frame, each);
        return this._write(last, each ?? callback);
      }
    }
    const frame = this._newFrame();
    frame.opcode = opcode;
    frame.binaryPayload = typeof data === 'string' ? Buffer.from(data) : data;
    return this.fragmentAndSend(frame, callback);
  },

  /**
   * Sends a message on the stream transport where compression was negotiated. An I/O thread
   * deflates it; what is sent behind it waits in the engine too.
   *
   * @param {number} opcode
   * @param {any} data
   * @param {any} options
   * @param {((error?: Error) => void) | undefined} callback
   * @returns {boolean}
   */
  _sendByEngine(opcode, data, options, callback) {
    const send = opcode === OPCODE_TEXT ? sendText : sendBinary;
    const status = send(this._slot, data, flagsOf(options, callback));
    if ((status & SENT_DEFLATES) !== 0 || this._deflates)
      return this._awaitDeflated(status, callback);
    const output = engine.takeOutput(this._slot);
    engine.takeMarks(this._slot);
    return output === null || this._write(output, callback);
  },

  /**
   * What was sent waits to be deflated.
   *
   * @param {number} status
   * @param {((error?: Error) => void) | undefined} callback for which the engine has a mark
   * @returns {boolean}
   */
  _awaitDeflated(status, callback) {
    this._deflates = true;
    this._awaitEngine();
    if (typeof callback === 'function') {
      this._callWhenFlushed(callback);
      // What is left of it when the socket goes is for the hook to say.
      watchDestroy(this);
    }
    // An application that ends the socket itself has what it sent before leave first.
    beforeEnd(this.socket, () => {
      if (!this._isDeflating()) return;
      engine.deflateAll(this._slot);
      this._writeDeflated();
    });
    // Nothing but listeners of 'exit' will run any more.
    if (hasExited()) engine.deflateAll(this._slot);
    // Only what was before it had to be deflated, and that may be done.
    if ((status & SENT_DEFLATES) === 0 || hasExited()) this._writeDeflated();
    const { writableLength, writableHighWaterMark } = this.socket;
    const below = (status & SENT_BELOW_MARK) !== 0 && !(writableLength >= writableHighWaterMark);
    this._outputFull = !below;
    if (!below) this._drainOwed = true;
    return below;
  },

  /** Writes what the engine has deflated on the stream transport, or had behind that. */
  _writeDeflated() {
    if (!this._deflates || this._slot === -1) return;
    // Asked first: what is done after that is told of once more.
    const isDone = !engine.isDeflating(this._slot);
    this._writeOutput();
    if (!isDone) return;
    this._deflates = false;
    this._restEngine();
    const ends = this._endWanted;
    this._endWanted = false;
    if (ends) this.socket.end();
    if (this._lingers) {
      this._release();
      return;
    }
    const mark = this.config.highWaterMark ?? Number.POSITIVE_INFINITY;
    const isFull = this.socket.writableNeedDrain || this.socket.writableLength >= mark;
    // Whoever has sent or closed something just now is in the middle of that.
    if (!ends && this._drainOwed && !isFull) process.nextTick(tellDrain, this);
  },

  /**
   * Whether what is written now would overtake messages that wait to be deflated, on the stream
   * transport.
   */
  _isDeflating() {
    if (!this._deflates || this._slot === -1) return false;
    if (engine.isDeflating(this._slot)) return true;
    this._writeDeflated();
    return false;
  },

  /**
   * Writes a frame behind what waits to be deflated.
   *
   * @param {Buffer} frame
   * @param {((error?: Error) => void) | undefined} callback
   * @returns {boolean}
   */
  _writeInOrder(frame, callback) {
    if (!this._isDeflating()) return this._write(frame, callback);
    const status = engine.sendRaw(this._slot, frame, typeof callback === 'function');
    return this._awaitDeflated(status, callback);
  },

  /** Ends the socket's output, behind what waits to be deflated. */
  _endSocket() {
    if (this._isDeflating()) this._endWanted = true;
    else this.socket.end();
  },

  /**
   * Whether what is sent on the stream transport leaves with this turn. A frame in the common
   * memory would hold all of that, which is four times as much as Node's own pool has, for as long
   * as a peer does not read.
   */
  _leavesNow() {
    if (this._writtenIn !== turn()) this._wasEmpty = !(this.socket.writableLength > 0);
    return this._wasEmpty;
  },

  /**
   * One frame, one write.
   *
   * @param {Buffer} frame
   * @param {((error?: Error) => void) | undefined} callback
   * @returns {boolean}
   */
  _write(frame, callback) {
    return this._put(frame, settler(this, callback));
  },

  /**
   * Writes to the socket. The first write of a turn goes at once; behind it real streams are
   * corked, so that the others leave together.
   *
   * @param {Buffer} bytes
   * @param {((error?: Error) => void) | undefined} settle called back by the stream, and throws
   *   nothing unless the socket is a stand-in
   * @returns {boolean}
   */
  _put(bytes, settle) {
    const { socket } = this;
    const now = turn();
    if (this._writtenIn !== now) {
      this._writtenIn = now;
    } else if (this.transport === 'stream' && !isStandIn(socket)) {
      this._cork(bytes.length);
    }
    if (this.transport === 'stream' && this.config.highWaterMark !== undefined) {
      return this._putBelow(this.config.highWaterMark, bytes, settle);
    }
    const flushed = socket.write(bytes, settle);
    place(settle);
    this._outputFull = !flushed;
    return flushed;
  },

  /**
   * Has what is written now leave with the rest of the turn, but for more than a write is good for:
   * all of one write calls back together.
   *
   * @param {number} length in bytes
   */
  _cork(length) {
    if (this._corked && this._corkedBytes + length > MOST_CORKED) this._uncork();
    if (!this._corked) {
      watchDestroy(this);
      corkForTurn(this);
      this._corkedBytes = 0;
    }
    this._corkedBytes += length;
  },

  /**
   * Writes to a stream with a high-water mark of the application's. The stream tells when it is
   * empty only if its own mark was reached; otherwise the write that reached the other one does.
   *
   * @param {number} highWaterMark
   * @param {Buffer} bytes
   * @param {((error?: Error) => void) | undefined} settle
   * @returns {boolean}
   */
  _putBelow(highWaterMark, bytes, settle) {
    const { socket } = this;
    const full = socket.writableLength + bytes.length >= highWaterMark;
    const tell = (error) => {
      try {
        if (!error && this._drainOwed && socket.writableLength === 0 && !socket.writableNeedDrain) {
          this.handleSocketDrain();
        }
      } catch (thrown) {
        surface(thrown);
      }
      settle?.(error);
    };
    if (full) this._drainOwed = true;
    // A drain that is owed already may fall to this write.
    socket.write(bytes, full || this._drainOwed ? tell : settle);
    place(settle);
    this._outputFull = full;
    return !full;
  },

  /** Writes what the engine has to send on the stream transport. */
  _writeOutput() {
    if (this._slot === -1) return;
    const output = engine.takeOutput(this._slot);
    const behind = this._callbacks === null ? [] : engine.takeMarks(this._slot);
    const callbacks = behind.length > 0 ? this._callbacks.splice(0, behind.length) : [];
    const settle = settlerOfAll(this, callbacks, behind);
    if (output !== null) this._put(output, settle);
    else settle?.();
  },

  _uncork() {
    if (!this._corked) return;
    this._corked = false;
    corked.delete(this);
    this.socket.uncork();
  },
};

/** @param {any} connection */
function tellDrain(connection) {
  if (connection._drainOwed && connection.connected) connection.handleSocketDrain();
}

/**
 * @param {number} slot
 * @param {string | Buffer} data
 * @param {boolean} isText
 * @param {boolean} leavesNow whether the common memory is soon free of it
 * @returns {Buffer | null} the frame, or null if it is not a short one
 */
function encodeShort(slot, data, isText, leavesNow) {
  // A UTF-16 unit takes at most three bytes of UTF-8.
  const most = MOST_HEADER + (isText ? data.length * 3 : data.length);
  if (most > SHORT_FRAME) return null;
  if (slabUsed + most > SLAB_SIZE) {
    slab = Buffer.allocUnsafeSlow(SLAB_SIZE);
    slabUsed = 0;
  }
  const start = slabUsed;
  const length = calls.encodeInto(slot, data, isText, slab, start);
  if (length === 0) return null;
  const frame = slab.subarray(start, start + length);
  if (leavesNow) {
    slabUsed += length;
    return frame;
  }
  return Buffer.from(frame);
}
