'use strict';

// Methods of Peer that turn messages, control frames and raw bytes into output, on both transports.

const { types } = require('node:util');

const {
  OPCODE_BINARY,
  OPCODE_CLOSE,
  OPCODE_PING,
  OPCODE_TEXT,
  SEND_AS_TEXT,
  SEND_MARK,
  SEND_MASKED,
  SEND_MORE,
  SEND_UNMASKED,
} = require('../engine/abi');
const { engine } = require('../engine/engine');
const { sent } = require('../engine/flush');
const { stageBytes, stageText } = require('../engine/staging');
const { scheduleDelivery } = require('../engine/turn');
const { sendBinary, sendText } = require('../engine/sends');

const EMPTY = Buffer.alloc(0);

/** Flags of messages that `writeMessage` does not know. */
const FRAMED = SEND_AS_TEXT | SEND_MORE | SEND_MASKED | SEND_UNMASKED;

module.exports = {
  /**
   * Sends a message or a control frame, on either transport, with or without compression. A close
   * frame has exactly the body `payload`, and the socket does not end with it.
   *
   * @param {number} opcode that of text, a binary message, a close frame, a ping or a pong
   * @param {any} payload a string for text, otherwise bytes, at most 125 of a control frame
   * @param {number} [flags] bits of `SEND_…`
   * @param {(error?: Error) => void} [callback] of a message, called when the kernel has it or
   *   never will
   * @returns {boolean | undefined} whether the output is below the high-water mark. Undefined if
   *   nothing may be sent any more: the engine has closed, or the socket's output is ended.
   */
  send(opcode, payload, flags = 0, callback) {
    if (this.slot === -1) return undefined;
    if (this.transport === 'native') {
      // The owner then writes to the stream, which reports a write after its end.
      if (this.outputEnded) return undefined;
      if (this.stage(opcode, payload, flags, callback)) return true;
      return this.sentNatively(this.encode(opcode, payload, flags, callback), callback);
    }
    if (opcode > OPCODE_BINARY || this.compression !== null || (flags & FRAMED) !== 0) {
      const status = this.encode(opcode, payload, flags, callback);
      return this.writeEncoded(status, callback);
    }
    return this.writeMessage(payload, opcode === OPCODE_TEXT, callback);
  },

  /**
   * Stages a short message on the native transport.
   *
   * @param {number} opcode
   * @param {any} payload
   * @param {number} flags
   * @param {((error?: Error) => void) | undefined} callback
   * @returns {boolean} `false` leaves it to `encode`
   */
  stage(opcode, payload, flags, callback) {
    if ((flags & FRAMED) !== 0) return false;
    const isMarked = typeof callback === 'function';
    const mark = isMarked ? SEND_MARK : 0;
    if (opcode === OPCODE_TEXT) {
      if (typeof payload !== 'string') return false;
      if (!stageText(this.slot, payload, mark | SEND_AS_TEXT)) return false;
    } else {
      if (opcode !== OPCODE_BINARY || !types.isUint8Array(payload)) return false;
      if (!stageBytes(this.slot, payload, mark)) return false;
    }
    if (isMarked) this.callWhenFlushed(callback);
    this.outputFull = false;
    return true;
  },

  /**
   * Makes the engine append a message or a control frame to its output.
   *
   * @param {number} opcode
   * @param {any} payload
   * @param {number} flags
   * @param {((error?: Error) => void) | undefined} callback
   * @returns {number} its status
   */
  encode(opcode, payload, flags, callback) {
    const isMarked = typeof callback === 'function';
    const bits = isMarked ? flags | SEND_MARK : flags;
    if (opcode === OPCODE_TEXT) return sendText(this.slot, payload, bits);
    if (opcode === OPCODE_BINARY) return sendBinary(this.slot, payload, bits);
    if (opcode === OPCODE_PING) return engine.ping(this.slot, payload || EMPTY, bits);
    if (opcode === OPCODE_CLOSE) return engine.sendClose(this.slot, payload, isMarked);
    return engine.pong(this.slot, payload || EMPTY, bits);
  },

  /**
   * Sends bytes as they are, behind messages that wait to be deflated. The socket refuses them
   * after its end.
   *
   * @param {Buffer} bytes
   * @param {((error?: Error) => void) | undefined} callback
   * @returns {boolean}
   */
  sendRaw(bytes, callback) {
    if (!this.isDeflating()) return this.write(bytes, callback);
    const status = engine.sendRaw(this.slot, bytes, typeof callback === 'function');
    return this.awaitDeflated(status, callback);
  },

  /**
   * Whether this connection may send the same encoded frames as others: it is native and does not
   * compress. Its owner knows whether it masks.
   */
  sharesFrames() {
    return (
      this.transport === 'native' &&
      this.slot !== -1 &&
      this.compression === null &&
      !this.outputEnded
    );
  },

  /**
   * @param {number} status the result of the engine's send
   * @param {((error?: Error) => void)} [callback]
   * @returns {boolean}
   */
  sentNatively(status, callback) {
    if (typeof callback === 'function') this.callWhenFlushed(callback);
    const below = sent(status, this.slot);
    this.outputFull = !below;
    if (!below) {
      this.drainOwed = true;
      if (this.hooks.missesListeners(this.owner)) this.wantDrain();
    }
    return below;
  },

  /**
   * Asks for drains: somebody listens for 'drain', or asks whether the output is full. Most
   * connections need none.
   */
  wantDrain() {
    if (this.drainWanted) return;
    this.drainWanted = true;
    if (this.transport === 'native') this.reportDrains();
  },

  /** Makes the engine report drains. */
  reportDrains() {
    if (this.slot === -1) return;
    if (engine.wantDrain(this.slot, this.drainOwed)) scheduleDelivery();
  },

  /** Whether the output has reached the high-water mark, until it is empty. */
  isOutputFull() {
    // The engine has reported no drains before the first question.
    if (this.outputFull && !this.drainWanted) {
      this.wantDrain();
      const isAdopted = this.transport === 'native' && this.slot !== -1;
      if (isAdopted && !engine.isDrainOwed(this.slot)) this.outputFull = false;
    }
    return this.outputFull;
  },

  /** Bytes that were sent, but have not reached the kernel. */
  bufferedAmount() {
    // The `writableLength` of an adopted socket includes the engine's output.
    const isCounted = this.transport === 'native' || this.slot === -1;
    return (isCounted ? 0 : engine.bufferedAmount(this.slot)) + (this.socket.writableLength ?? 0);
  },

  /**
   * Writes what the kernel takes of the output of this turn. An API that promises `bufferedAmount`
   * to be 0 after a short send calls it first.
   */
  writeNow() {
    this.uncork();
    if (this.transport !== 'native' || this.slot === -1) return;
    if (engine.flushLink(this.slot)) scheduleDelivery();
  },

  /** Bytes of an adopted link that have not reached the kernel. */
  unsentAmount() {
    if (this.slot === -1) return 0;
    // The application has the socket of an API with that promise.
    if (this.showsWritten) this.writeNow();
    return engine.bufferedAmount(this.slot);
  },

  /** Bytes of messages that are still to be deflated, and of all output behind them. */
  deflatingAmount() {
    return this.slot === -1 ? 0 : engine.deflatingAmount(this.slot);
  },

  /**
   * Sends the output of an engine command, on either transport.
   *
   * @param {number} status
   */
  transmit(status) {
    if (this.transport === 'native') sent(status, this.slot);
    else if (!this.isDeflating()) this.writeOutput();
  },
};
