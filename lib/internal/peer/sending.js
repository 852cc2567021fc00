'use strict';

const {
  MOST_CONTROL_PAYLOAD,
  OPCODE_BINARY,
  OPCODE_CLOSE,
  OPCODE_PING,
  OPCODE_PONG,
  OPCODE_TEXT,
} = require('../engine/abi');
const { engine } = require('../engine/engine');
const { sent } = require('../engine/flush');
const { scheduleDelivery } = require('../engine/turn');
const { CLOSE_REASONS } = require('../websocket/closeCodes');
const { encodeClose } = require('../engine/codec');
const WebSocketFrame = require('../websocket/WebSocketFrame');
const { bytesOf, checkFrame, textOf } = require('../util/arguments');
const { afterAll } = require('../transport/callbacks');
const { flagsOf, sendBinary, sendText } = require('../engine/sends');

const EMPTY = Buffer.alloc(0);

/** Methods of WebSocketConnection that send. */
module.exports = {
  /**
   * Sends a Buffer as a binary message, anything else as text.
   *
   * @param {any} data
   * @param {import('../engine/sends').SendOptions | ((error?: Error) => void)} [options] or the
   *   callback in their place
   * @param {(error?: Error) => void} [callback] when it is with the kernel, or never will be
   * @returns {boolean} whether the output is below the high-water mark; if not, 'drain' follows
   */
  send(data, options, callback) {
    const isBytes = Buffer.isBuffer(data);
    if (!isBytes && typeof data.toString !== 'function') {
      throw new Error('Data provided must either be a Node Buffer or implement toString()');
    }
    // What an application puts in the place of the methods below expects the arguments of npm
    // `websocket`.
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
   * @param {import('../engine/sends').SendOptions | ((error?: Error) => void)} [options] or the
   *   callback in their place
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
    return this._sendMessage(OPCODE_TEXT, text, options, done);
  },

  /**
   * Sends a Buffer as a binary message. It may be changed as soon as this returns.
   *
   * @param {Buffer} data
   * @param {import('../engine/sends').SendOptions | ((error?: Error) => void)} [options] or the
   *   callback in their place
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
    return this._sendMessage(OPCODE_BINARY, data, options, done);
  },

  /**
   * Sends a ping.
   *
   * @param {any} [data] a Buffer, or what toString() gives; cut to 124 bytes if it is longer than
   *   125
   * @returns {boolean}
   */
  ping(data) {
    return this._sendControl(
      OPCODE_PING,
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
    return this._sendControl(OPCODE_PONG, binaryPayload);
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
    if (frame.opcode >= OPCODE_CLOSE) throw new Error('You cannot fragment control frames.');
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
      const frame = encodeClose(code, reason, Boolean(this.maskOutgoingPackets));
      this._writeInOrder(frame, callback);
    } else {
      const frame = this._newFrame();
      frame.opcode = OPCODE_CLOSE;
      frame.fin = true;
      frame.closeStatus = code;
      // Behind header and code: what of the reason fits.
      frame.binaryPayload = encodeClose(1000, reason, false).subarray(4);
      this.sendFrame(frame, callback);
    }
    this._endSocket();
  },

  /**
   * Whether the application has replaced a method that every close frame goes by.
   */
  _closesByHand() {
    return this.sendCloseFrame !== original.sendCloseFrame || this.sendFrame !== original.sendFrame;
  },

  /** As `_closesByHand` has it, of messages and their frames. */
  _composesByHand() {
    return (
      this.sendFrame !== original.sendFrame || this.fragmentAndSend !== original.fragmentAndSend
    );
  },

  /** As `_closesByHand` has it, of pings. */
  _composesPingsByHand() {
    return this.ping !== original.ping || this.sendFrame !== original.sendFrame;
  },

  /** As `_closesByHand` has it, of the answers to pings. */
  _answersByHand() {
    return this.pong !== original.pong || this.sendFrame !== original.sendFrame;
  },

  /**
   * @param {number} opcode
   * @param {Buffer | undefined} data
   * @returns {boolean}
   */
  _sendControl(opcode, data) {
    // What is longer than fits is cut to one byte less, as upstream does.
    let payload = data ? bytesOf(data, 'binaryPayload') : data;
    if (payload && payload.length > MOST_CONTROL_PAYLOAD) {
      payload = payload.subarray(0, MOST_CONTROL_PAYLOAD - 1);
    }
    if (this._sendsNatively()) {
      const send = opcode === OPCODE_PING ? engine.ping : engine.pong;
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

  /** @returns {any} a WebSocketFrame */
  _newFrame() {
    return new WebSocketFrame(this.maskBytes, this.frameHeader, this.config);
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
};

/** What an application may have replaced, on a connection, a subclass or the prototype. */
const original = { ...module.exports };
