'use strict';

// Methods of WebSocketConnection that send messages, control frames, and frames of the application.

const {
  MOST_CONTROL_PAYLOAD,
  OPCODE_BINARY,
  OPCODE_CLOSE,
  OPCODE_PING,
  OPCODE_PONG,
  OPCODE_TEXT,
  SEND_PLAIN,
} = require('../engine/abi');
const { encodeClose } = require('../engine/codec');
const { afterAll } = require('../transport/callbacks');
const kPeer = require('../transport/kPeer');
const { bytesOf, checkFrame, textOf } = require('../util/arguments');
const { CLOSE_REASONS } = require('./closeCodes');
const { replacesFrames, originals } = require('./replaced');
const WebSocketFrame = require('./WebSocketFrame');

module.exports = {
  /**
   * Sends a Buffer as a binary message, anything else as text.
   *
   * @param {any} data
   * @param {SendOptions | ((error?: Error) => void)} [options] or the
   *   callback in their place
   * @param {(error?: Error) => void} [callback] called when the kernel has the message, or never
   *   will
   * @returns {boolean} whether the output is below the high-water mark; if not, 'drain' follows
   */
  send(data, options, callback) {
    const isBytes = Buffer.isBuffer(data);
    if (!isBytes && typeof data.toString !== 'function') {
      throw new Error('Data provided must either be a Node Buffer or implement toString()');
    }
    // Replacements of the methods below expect the arguments of npm `websocket`.
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
   * @param {SendOptions | ((error?: Error) => void)} [options] or the
   *   callback in their place
   * @param {(error?: Error) => void} [callback]
   * @returns {boolean}
   */
  sendUTF(data, options, callback) {
    const text = typeof data === 'string' ? data : textOf(data);
    const done = typeof options === 'function' ? options : callback;
    return sendMessage(this, OPCODE_TEXT, text, options, done);
  },

  /**
   * Sends a Buffer as a binary message. It may be changed as soon as this returns.
   *
   * @param {Buffer} data
   * @param {SendOptions | ((error?: Error) => void)} [options] or the
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
    return sendMessage(this, OPCODE_BINARY, data, options, done);
  },

  /**
   * Sends a ping.
   *
   * @param {any} [data] a Buffer, or anything with toString(); cut to 124 bytes if it is longer
   *   than 125
   * @returns {boolean}
   */
  ping(data) {
    const payload = data && !Buffer.isBuffer(data) ? Buffer.from(data.toString()) : data;
    return sendControl(this, OPCODE_PING, payload);
  },

  /**
   * Sends a pong. Pings are answered without it, unless a 'ping' listener cancels that.
   *
   * @param {Buffer} [binaryPayload] cut to 124 bytes if it is longer than 125
   * @returns {boolean}
   */
  pong(binaryPayload) {
    return sendControl(this, OPCODE_PONG, binaryPayload);
  },

  /**
   * Sends a frame that the application has composed. Sets `frame.mask` as the role demands.
   *
   * @param {any} frame a WebSocketFrame
   * @param {(error?: Error) => void} [callback]
   * @returns {boolean}
   */
  sendFrame(frame, callback) {
    checkFrame(frame);
    frame.mask = this.maskOutgoingPackets;
    return this[kPeer].sendRaw(frame.toBuffer(), callback);
  },

  /**
   * Sends the payload of a frame as a message with its opcode, in fragments if the config says so.
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
      const fragment = newFrame(this);
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
   * @param {number} [reasonCode] a code that must not be sent makes a frame without one
   * @param {string} [description] cut to 123 bytes
   * @param {(error?: Error) => void} [callback]
   */
  sendCloseFrame(reasonCode, description, callback) {
    if (this.state !== 'open' && this.state !== 'peer_requested_close') return;
    const code = typeof reasonCode === 'number' ? reasonCode : CLOSE_REASONS.CLOSE_REASON_NORMAL;
    const reason = typeof description === 'string' ? description : '';
    if (this.sendFrame === originals.sendFrame) {
      const frame = encodeClose(code, reason, Boolean(this.maskOutgoingPackets));
      this[kPeer].sendRaw(frame, callback);
    } else {
      const frame = newFrame(this);
      frame.opcode = OPCODE_CLOSE;
      frame.fin = true;
      frame.closeStatus = code;
      // The bytes of the reason that fit, without header and code.
      frame.binaryPayload = encodeClose(1000, reason, false).subarray(4);
      this.sendFrame(frame, callback);
    }
    this[kPeer].endOutput();
  },
};

/**
 * Sends a message through the Peer. It goes frame by frame if an application has replaced the
 * methods for that. It also does once closing has begun, so that the socket reports the error.
 *
 * @param {any} connection
 * @param {number} opcode
 * @param {any} data
 * @param {any} options
 * @param {((error?: Error) => void) | undefined} callback
 * @returns {boolean}
 */
function sendMessage(connection, opcode, data, options, callback) {
  if (connection.state === 'open' && !replacesFrames(connection)) {
    const below = connection[kPeer].send(opcode, data, flagsOf(options), callback);
    if (below !== undefined) return below;
  }
  const frame = newFrame(connection);
  frame.opcode = opcode;
  frame.binaryPayload = typeof data === 'string' ? Buffer.from(data) : data;
  return connection.fragmentAndSend(frame, callback);
}

/**
 * @typedef {object} SendOptions
 * @property {boolean} [compress] `false` sends the message uncompressed
 *
 * @param {any} options
 */
function flagsOf(options) {
  return options?.compress === false ? SEND_PLAIN : 0;
}

/**
 * As `sendMessage`, for a ping or a pong.
 *
 * @param {any} connection
 * @param {number} opcode
 * @param {Buffer | undefined} data
 * @returns {boolean}
 */
function sendControl(connection, opcode, data) {
  // A longer payload is cut to one byte below the limit, as upstream does.
  let payload = data ? bytesOf(data, 'binaryPayload') : data;
  if (payload && payload.length > MOST_CONTROL_PAYLOAD) {
    payload = payload.subarray(0, MOST_CONTROL_PAYLOAD - 1);
  }
  if (connection.state === 'open' && !replacesFrames(connection)) {
    const below = connection[kPeer].send(opcode, payload);
    if (below !== undefined) return below;
  }
  const frame = newFrame(connection);
  frame.opcode = opcode;
  frame.fin = true;
  if (payload) frame.binaryPayload = payload;
  return connection.sendFrame(frame);
}

/**
 * @param {any} connection
 * @returns {any} a WebSocketFrame
 */
function newFrame(connection) {
  return new WebSocketFrame(connection.maskBytes, connection.frameHeader, connection.config);
}
