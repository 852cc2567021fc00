'use strict';

const {
  BELOW_MARK,
  calls,
  corked,
  engine,
  hasExited,
  scheduleDelivery,
  sent,
  surface,
  turn,
  corkForTurn,
} = require('../delivery');
const { CLOSE_REASONS } = require('../closeCodes');
const isLatin1 = require('../isLatin1');
const native = require('../native');
const { bytesOf, checkFrame, textOf } = require('./arguments');
const WebSocketFrame = require('../WebSocketFrame');
const SendCallback = require('./SendCallback');
const { beforeEnd, isStandIn, settler, settlerOfAll, watchDestroy } = require('./streamOutput');

/** A bit in what the engine's sends return: the message is to be deflated first, on the stream transport. */
const DEFLATES = 8;

/** Bits in what a message is sent with. */
const MARK = 1;
const PLAIN = 2;
const LATIN1 = 4;

const TEXT = 0x1;
const BINARY = 0x2;
const CLOSE = 0x8;
const PING = 0x9;
const PONG = 0xa;

/** RFC 6455 §5.5. What is longer is cut to 124 bytes, one less than would fit, as upstream does. */
const MOST_CONTROL_PAYLOAD = 125;

const EMPTY = Buffer.alloc(0);

/** Frames that may take up to this many bytes are encoded, one after another, into a common piece of memory. */
const SHORT_FRAME = 4096;
const SLAB_SIZE = 32 * 1024;
const HEADER_SIZE = 14;

/** Bytes that one write of a corked stream takes together, but for a single longer one. */
const MOST_CORKED = 64 * 1024;

let slab = Buffer.allocUnsafeSlow(SLAB_SIZE);
let slabUsed = 0;

/** Methods of WebSocketConnection that send. */
module.exports = {
  /**
   * Sends a Buffer as a binary message, anything else as text.
   *
   * @param {any} data
   * @param {SendOptions | ((error?: Error) => void)} [options] or the callback in their place
   * @param {(error?: Error) => void} [callback] when it is with the kernel, or never will be
   * @returns {boolean} whether the output is below the high-water mark; if not, 'drain' follows
   */
  send(data, options, callback) {
    const isBytes = Buffer.isBuffer(data);
    if (!isBytes && typeof data.toString !== 'function') {
      throw new Error('Data provided must either be a Node Buffer or implement toString()');
    }
    // What an application puts in the place of the methods below expects the arguments of npm `websocket`.
    if (options === undefined || callback === undefined) {
      const last = options ?? callback;
      return isBytes ? this.sendBytes(data, last) : this.sendUTF(data, last);
    }
    return isBytes
      ? this.sendBytes(data, options, callback)
      : this.sendUTF(data, options, callback);
  },

  /**
   * Sends text: `data.toString()`.
   *
   * @param {any} data
   * @param {SendOptions | ((error?: Error) => void)} [options] or the callback in their place
   * @param {(error?: Error) => void} [callback]
   * @returns {boolean}
   */
  sendUTF(data, options, callback) {
    const text = typeof data === 'string' ? data : textOf(data);
    const done = typeof options === 'function' ? options : callback;
    if (this._sendsNatively()) {
      const status = sendText(this._slot, text, flagsOf(options, done));
      return this._sentNatively(status, done);
    }
    return this._sendMessage(TEXT, text, options, done);
  },

  /**
   * Sends a Buffer as a binary message. It may be changed as soon as this returns.
   *
   * @param {Buffer} data
   * @param {SendOptions | ((error?: Error) => void)} [options] or the callback in their place
   * @param {(error?: Error) => void} [callback]
   * @returns {boolean}
   */
  sendBytes(data, options, callback) {
    if (!Buffer.isBuffer(data)) {
      throw new Error(
        'You must pass a Node Buffer object to WebSocketConnection.prototype.sendBytes()',
      );
    }
    const done = typeof options === 'function' ? options : callback;
    if (this._sendsNatively()) {
      const status = sendBinary(this._slot, data, flagsOf(options, done));
      return this._sentNatively(status, done);
    }
    return this._sendMessage(BINARY, data, options, done);
  },

  /**
   * Sends a ping.
   *
   * @param {any} [data] a Buffer, or what toString() gives; cut to 124 bytes if it is longer than 125
   * @returns {boolean}
   */
  ping(data) {
    return this._sendControl(
      PING,
      data && !Buffer.isBuffer(data) ? Buffer.from(data.toString()) : data,
    );
  },

  /**
   * Sends a pong. Pings are answered without it, unless a 'ping' listener cancels that.
   *
   * @param {Buffer} [binaryPayload] cut to 124 bytes if it is longer than 125
   * @returns {boolean}
   */
  pong(binaryPayload) {
    return this._sendControl(PONG, binaryPayload);
  },

  /**
   * Sends a frame that was composed by hand. `frame.mask` is set to what the role demands.
   *
   * @param {any} frame a WebSocketFrame
   * @param {(error?: Error) => void} [callback]
   * @returns {boolean}
   */
  sendFrame(frame, callback) {
    checkFrame(frame);
    frame.mask = this.maskOutgoingPackets;
    return this._writeInOrder(frame.toBuffer(), callback);
  },

  /**
   * Sends a message whose opcode and payload a frame has, in fragments if the config says so.
   *
   * @param {any} frame a WebSocketFrame
   * @param {(error?: Error) => void} [callback]
   * @returns {boolean}
   */
  fragmentAndSend(frame, callback) {
    if (frame.opcode > 0x7) throw new Error('You cannot fragment control frames.');
    const payload = frame.binaryPayload;
    const { fragmentOutgoingMessages, fragmentationThreshold: size } = this.config;
    if (!fragmentOutgoingMessages || !(payload.length > size)) {
      frame.fin = true;
      return this.sendFrame(frame, callback);
    }
    const count = Math.ceil(payload.length / size);
    const settle = afterAll(count, callback);
    let below = true;
    for (let i = 0; i < count; i++) {
      const fragment = this._newFrame();
      fragment.opcode = i === 0 ? frame.opcode : 0x0;
      fragment.fin = i === count - 1;
      fragment.binaryPayload = payload.subarray(i * size, (i + 1) * size);
      below = this.sendFrame(fragment, settle);
    }
    return below;
  },

  /**
   * Sends a close frame and half-closes the socket; `close()` does that and more.
   *
   * @param {number} [reasonCode] one that must not be sent makes a frame without a code
   * @param {string} [description] cut to 123 bytes
   * @param {(error?: Error) => void} [callback]
   */
  sendCloseFrame(reasonCode, description, callback) {
    if (this.state !== 'open' && this.state !== 'peer_requested_close') return;
    const code = typeof reasonCode === 'number' ? reasonCode : CLOSE_REASONS.CLOSE_REASON_NORMAL;
    const reason = typeof description === 'string' ? description : '';
    if (this.sendFrame === original.sendFrame) {
      const frame = native.encodeClose(code, reason, Boolean(this.maskOutgoingPackets));
      this._writeInOrder(frame, callback);
    } else {
      const frame = this._newFrame();
      frame.opcode = CLOSE;
      frame.fin = true;
      frame.closeStatus = code;
      // Behind header and code: what of the reason fits.
      frame.binaryPayload = native.encodeClose(1000, reason, false).subarray(4);
      this.sendFrame(frame, callback);
    }
    this._endSocket();
  },

  /** Whether the application has put something in the place of a method that every close frame goes by. */
  _closesByHand() {
    return this.sendCloseFrame !== original.sendCloseFrame || this.sendFrame !== original.sendFrame;
  },

  /** As `_closesByHand` has it, of messages and their frames. */
  _composesByHand() {
    return (
      this.sendFrame !== original.sendFrame || this.fragmentAndSend !== original.fragmentAndSend
    );
  },

  /** As `_closesByHand` has it, of the answers to pings. */
  _answersByHand() {
    return this.pong !== original.pong || this.sendFrame !== original.sendFrame;
  },

  /**
   * Sends a message on the stream transport, where each frame is one write; and after the end, when the
   * socket says what is wrong.
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
      const short = encodeShort(this._slot, data, opcode === TEXT, this._leavesNow());
      if (short !== null) return this._write(short, callback);
      const isText = opcode === TEXT;
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
   * Sends a message on the stream transport where compression was negotiated. An I/O thread deflates it; what is
   * sent behind it waits in the engine too.
   *
   * @param {number} opcode
   * @param {any} data
   * @param {any} options
   * @param {((error?: Error) => void) | undefined} callback
   * @returns {boolean}
   */
  _sendByEngine(opcode, data, options, callback) {
    const send = opcode === TEXT ? sendText : sendBinary;
    const status = send(this._slot, data, flagsOf(options, callback));
    if ((status & DEFLATES) !== 0 || this._deflates) return this._awaitDeflated(status, callback);
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
    if ((status & DEFLATES) === 0 || hasExited()) this._writeDeflated();
    const { writableLength, writableHighWaterMark } = this.socket;
    const below = (status & BELOW_MARK) !== 0 && !(writableLength >= writableHighWaterMark);
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

  /** Whether what is written now would overtake messages that wait to be deflated, on the stream transport. */
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
   * Whether what is sent on the stream transport leaves with this turn. A frame in the common memory would hold
   * all of that, which is four times as much as Node's own pool has, for as long as a peer does not read.
   */
  _leavesNow() {
    if (this._writtenIn !== turn()) this._wasEmpty = !(this.socket.writableLength > 0);
    return this._wasEmpty;
  },

  /**
   * @param {number} opcode
   * @param {Buffer | undefined} data
   * @returns {boolean}
   */
  _sendControl(opcode, data) {
    let payload = data ? bytesOf(data, 'binaryPayload') : data;
    if (payload && payload.length > MOST_CONTROL_PAYLOAD) {
      payload = payload.subarray(0, MOST_CONTROL_PAYLOAD - 1);
    }
    if (this._sendsNatively()) {
      const send = opcode === PING ? engine.ping : engine.pong;
      return this._sentNatively(send.call(engine, this._slot, payload || EMPTY), undefined);
    }
    const frame = this._newFrame();
    frame.opcode = opcode;
    frame.fin = true;
    if (payload) frame.binaryPayload = payload;
    return this.sendFrame(frame);
  },

  /**
   * @param {number} status what the engine's send returned
   * @param {((error?: Error) => void)} [callback]
   * @returns {boolean}
   */
  _sentNatively(status, callback) {
    if (typeof callback === 'function') this._callWhenFlushed(callback);
    const below = sent(status, this._slot);
    this._outputFull = !below;
    if (!below) {
      this._drainOwed = true;
      // After removeAllListeners() nobody tells who listens for drains.
      if (this.listenerCount('newListener') === 0) this._wantDrain();
    }
    return below;
  },

  /** Somebody waits for a drain, or asks whether there was one. At most connections nobody does. */
  _wantDrain() {
    if (this._drainWanted) return;
    this._drainWanted = true;
    if (this.transport === 'native') this._tellOfDrains();
  },

  /** Has the engine tell of drains. */
  _tellOfDrains() {
    if (this._slot === -1) return;
    if (engine.wantDrain(this._slot, this._drainOwed)) scheduleDelivery();
  },

  /** @param {(error?: Error) => void} callback for which the engine has a mark */
  _callWhenFlushed(callback) {
    this._callbacks ??= [];
    this._callbacks.push(new SendCallback(callback));
  },

  /**
   * One frame, one write.
   *
   * @param {Buffer} frame
   * @param {((error?: Error) => void) | undefined} callback
   * @returns {boolean}
   */
  _write(frame, callback) {
    return this._put(frame, settler(this, frame.length, callback));
  },

  /**
   * Writes to the socket. The first write of a turn goes at once; behind it real streams are corked, so that the
   * others leave together.
   *
   * @param {Buffer} bytes
   * @param {((error?: Error) => void) | undefined} settle called back by the stream, and throws nothing unless the
   *   socket is a stand-in
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
    this._outputFull = !flushed;
    return flushed;
  },

  /**
   * Has what is written now leave with the rest of the turn, but for more than a write is good for: all of one write
   * calls back together.
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
   * Writes to a stream with a high-water mark of the application's. The stream tells when it is empty only if
   * its own mark was reached; otherwise the write that reached the other one does.
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
    this._outputFull = full;
    return !full;
  },

  /** @returns {any} a WebSocketFrame */
  _newFrame() {
    return new WebSocketFrame(this.maskBytes, this.frameHeader, this.config);
  },

  _uncork() {
    if (!this._corked) return;
    this._corked = false;
    corked.delete(this);
    this.socket.uncork();
  },

  /**
   * What a command of the engine has put into the output, on either transport.
   *
   * @param {number} status
   */
  _transmit(status) {
    if (this.transport === 'native') sent(status, this._slot);
    else if (!this._isDeflating()) this._writeOutput();
  },

  /** Writes what the engine has to send on the stream transport. */
  _writeOutput() {
    if (this._slot === -1) return;
    const output = engine.takeOutput(this._slot);
    const behind = this._callbacks === null ? [] : engine.takeMarks(this._slot);
    const callbacks = behind.length > 0 ? this._callbacks.splice(0, behind.length) : [];
    const settle = settlerOfAll(this, output?.length ?? 0, callbacks, behind);
    if (output !== null) this._put(output, settle);
    else settle?.();
  },
};

/** What an application may have replaced, on a connection, a subclass or the prototype. */
const original = { ...module.exports };

/**
 * @param {number} slot
 * @param {any} text
 * @param {number} flags
 * @returns {number} what the engine's send returned
 */
function sendText(slot, text, flags) {
  return calls.sendText(slot, text, isLatin1(text) ? flags | LATIN1 : flags);
}

/**
 * @param {number} slot
 * @param {any} data
 * @param {number} flags
 * @returns {number} what the engine's send returned
 */
function sendBinary(slot, data, flags) {
  try {
    return calls.sendBinary(slot, data, flags);
  } catch (error) {
    bytesOf(data, 'data');
    throw error;
  }
}

/** @param {any} connection */
function tellDrain(connection) {
  if (connection._drainOwed && connection.connected) connection.handleSocketDrain();
}

/**
 * @typedef {object} SendOptions
 * @property {boolean} [compress] `false` sends the message uncompressed
 *
 * @param {any} options
 * @param {any} callback
 */
function flagsOf(options, callback) {
  const mark = typeof callback === 'function' ? MARK : 0;
  return options?.compress === false ? mark | PLAIN : mark;
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
  const most = HEADER_SIZE + (isText ? data.length * 3 : data.length);
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

/**
 * @param {number} count
 * @param {((error?: Error) => void) | undefined} callback
 * @returns {(error?: Error) => void} calls back once: at the first error or after all
 */
function afterAll(count, callback) {
  let left = count;
  return (error) => {
    if (left === 0) return;
    left = error ? 0 : left - 1;
    if (typeof callback !== 'function') return;
    if (error) callback(error);
    else if (left === 0) callback();
  };
}
