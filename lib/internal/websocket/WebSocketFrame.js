'use strict';

const { bytesOf } = require('../util/arguments');
const { FRAME_MASKED, MOST_CONTROL_PAYLOAD, OPCODE_CLOSE } = require('../engine/abi');
const codec = require('../engine/codec');

/** Values of `parseState`. */
const DECODE_HEADER = 1;
const WAITING_FOR_16_BIT_LENGTH = 2;
const WAITING_FOR_64_BIT_LENGTH = 3;
const WAITING_FOR_MASK_KEY = 4;
const WAITING_FOR_PAYLOAD = 5;
const COMPLETE = 6;

const EMPTY = Buffer.alloc(0);

/**
 * One frame that an application composes or parses itself (RFC 6455 §5.2). For connections the
 * engine does that.
 *
 * @constructor
 * @this {any}
 * @param {Buffer} [maskBytes] four bytes that take the masking key
 * @param {Buffer} [frameHeader] ten bytes that take the header while it is parsed
 * @param {{ maxReceivedFrameSize?: number }} [config]
 */
function WebSocketFrame(maskBytes, frameHeader, config) {
  this.maskBytes = maskBytes ?? Buffer.alloc(4);
  this.frameHeader = frameHeader ?? Buffer.alloc(10);
  this.config = config;
  this.maxReceivedFrameSize = config?.maxReceivedFrameSize;
  this.protocolError = false;
  this.frameTooLarge = false;
  this.invalidCloseFrameLength = false;
  this.parseState = DECODE_HEADER;
  this.closeStatus = -1;
}

const methods = {
  /**
   * Continues to parse, from a list of buffers that has `length`, `joinInto(target, targetStart,
   * start, end)`, `advance(n)` and `take(n)`.
   *
   * @param {any} bufferList
   * @returns {boolean} whether the frame is complete, or wrong: `protocolError` or `frameTooLarge`,
   *   with `dropReason`
   */
  addData(bufferList) {
    if (this.parseState === DECODE_HEADER && bufferList.length >= 2) {
      this._readInto(bufferList, this.frameHeader, 0, 2);
      if (!this._parseStart()) return true;
    }
    if (this.parseState === WAITING_FOR_16_BIT_LENGTH && bufferList.length >= 2) {
      this._readInto(bufferList, this.frameHeader, 2, 2);
      this.length = this.frameHeader.readUInt16BE(2);
      this.parseState = WAITING_FOR_MASK_KEY;
    } else if (this.parseState === WAITING_FOR_64_BIT_LENGTH && bufferList.length >= 8) {
      this._readInto(bufferList, this.frameHeader, 2, 8);
      if (this.frameHeader.readUInt32BE(2) !== 0) {
        return this._refuse('Unsupported 64-bit length frame received');
      }
      this.length = this.frameHeader.readUInt32BE(6);
      this.parseState = WAITING_FOR_MASK_KEY;
    }
    if (this.parseState === WAITING_FOR_MASK_KEY) {
      if (!this.mask) {
        this.parseState = WAITING_FOR_PAYLOAD;
      } else if (bufferList.length >= 4) {
        this._readInto(bufferList, this.maskBytes, 0, 4);
        this.parseState = WAITING_FOR_PAYLOAD;
      }
    }
    return this.parseState === WAITING_FOR_PAYLOAD && this._parsePayload(bufferList);
  },

  /**
   * Skips the payload once all of it has arrived.
   *
   * @param {any} bufferList
   * @returns {boolean} whether it was skipped
   */
  throwAwayPayload(bufferList) {
    if (bufferList.length < this.length) return false;
    bufferList.advance(this.length);
    this.parseState = COMPLETE;
    return true;
  },

  /**
   * The frame's bytes; sets `length` to the payload's. A close frame's payload is `closeStatus` and
   * then `binaryPayload`.
   *
   * @param {boolean} [nullMask] mask with a key of zeros, which changes nothing in the payload
   * @returns {Buffer}
   */
  toBuffer(nullMask) {
    let payload = bytesOf(this.binaryPayload || EMPTY, 'binaryPayload');
    if (this.opcode === OPCODE_CLOSE) {
      const status = Buffer.allocUnsafe(2);
      status.writeUInt16BE(this.closeStatus);
      payload = Buffer.concat([status, payload]);
    }
    this.length = payload.length;
    const first =
      (this.fin ? 0x80 : 0) |
      (this.rsv1 ? 0x40 : 0) |
      (this.rsv2 ? 0x20 : 0) |
      (this.rsv3 ? 0x10 : 0) |
      (this.opcode & 0x0f);
    if (!this.mask) return codec.encodeFrame(first, payload);
    const key = this._maskKey();
    if (nullMask) key.fill(0);
    else codec.fillMaskKey(key);
    return codec.encodeFrame(first, payload, key);
  },

  toString() {
    return (
      `Opcode: ${this.opcode}, fin: ${this.fin}, length: ${this.length}, ` +
      `hasPayload: ${Boolean(this.binaryPayload)}, masked: ${this.mask}`
    );
  },

  /** The masking key: the first four of `maskBytes`. */
  _maskKey() {
    return bytesOf(this.maskBytes, 'maskBytes').subarray(0, 4);
  },

  _readInto(bufferList, target, start, length) {
    bufferList.joinInto(target, start, 0, length);
    bufferList.advance(length);
  },

  _parseStart() {
    const [first, second] = this.frameHeader;
    this.fin = (first & 0x80) !== 0;
    this.rsv1 = (first & 0x40) !== 0;
    this.rsv2 = (first & 0x20) !== 0;
    this.rsv3 = (first & 0x10) !== 0;
    this.mask = (second & 0x80) !== 0;
    this.opcode = first & 0x0f;
    this.length = second & 0x7f;
    if (this.opcode >= OPCODE_CLOSE) {
      if (this.length > MOST_CONTROL_PAYLOAD) {
        return !this._refuse('Illegal control frame longer than 125 bytes.');
      }
      if (!this.fin) return !this._refuse('Control frames must not be fragmented.');
    }
    if (this.length === 126) this.parseState = WAITING_FOR_16_BIT_LENGTH;
    else if (this.length === 127) this.parseState = WAITING_FOR_64_BIT_LENGTH;
    else this.parseState = WAITING_FOR_MASK_KEY;
    return true;
  },

  _parsePayload(bufferList) {
    if (this.length > this.maxReceivedFrameSize) {
      this.frameTooLarge = true;
      this.dropReason = `Frame size of ${this.length} bytes exceeds maximum accepted frame size`;
      return true;
    }
    if (bufferList.length < this.length) return false;
    this.binaryPayload = EMPTY;
    if (this.length > 0) {
      this.binaryPayload = bytesOf(bufferList.take(this.length), 'what take() returns');
      bufferList.advance(this.length);
      if (this.mask) codec.unmask(this.binaryPayload, this._maskKey());
      if (this.opcode === OPCODE_CLOSE) this._splitCloseBody();
    }
    this.parseState = COMPLETE;
    return true;
  },

  /**
   * A close body is nothing, or a status of two bytes and a reason; half a status is invalid
   * (§5.5.1).
   */
  _splitCloseBody() {
    if (this.length === 1) {
      this.binaryPayload = EMPTY;
      this.invalidCloseFrameLength = true;
    } else {
      this.closeStatus = this.binaryPayload.readUInt16BE(0);
      this.binaryPayload = this.binaryPayload.subarray(2);
    }
  },

  _refuse(reason) {
    this.protocolError = true;
    this.dropReason = reason;
    return true;
  },
};

for (const [name, value] of Object.entries(methods)) {
  Object.defineProperty(WebSocketFrame.prototype, name, {
    value,
    writable: true,
    configurable: true,
  });
}

/**
 * Makes a frame from a header that the engine has parsed.
 *
 * @param {number} bits its first byte and `FRAME_MASKED`
 * @param {number} length of the payload
 * @param {any} connection
 */
WebSocketFrame.arriving = function arriving(bits, length, connection) {
  /** @type {any} */
  const frame = new WebSocketFrame(connection.maskBytes, connection.frameHeader, connection.config);
  frame.fin = (bits & 0x80) !== 0;
  frame.rsv1 = (bits & 0x40) !== 0;
  frame.rsv2 = (bits & 0x20) !== 0;
  frame.rsv3 = (bits & 0x10) !== 0;
  frame.mask = (bits & FRAME_MASKED) !== 0;
  frame.opcode = bits & 0x0f;
  frame.length = length;
  frame.parseState = WAITING_FOR_PAYLOAD;
  return frame;
};

/**
 * Makes a frame that the engine has received completely.
 *
 * @param {number} bits as for `arriving`
 * @param {Buffer} payload
 * @param {any} connection
 */
WebSocketFrame.received = function received(bits, payload, connection) {
  const frame = WebSocketFrame.arriving(bits, payload.length, connection);
  frame.binaryPayload = payload;
  if (frame.opcode === OPCODE_CLOSE && frame.length > 0) frame._splitCloseBody();
  frame.parseState = COMPLETE;
  return frame;
};

module.exports = WebSocketFrame;
