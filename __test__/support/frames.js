'use strict';

/** Opcodes of RFC 6455 §5.2. */
const CONTINUATION = 0x0;
const TEXT = 0x1;
const BINARY = 0x2;
const CLOSE = 0x8;
const PING = 0x9;
const PONG = 0xa;

const MASK_KEY = Buffer.from('37fa213d', 'hex');

/**
 * Encodes one frame (RFC 6455 §5.2), valid or not, as a test needs it on the wire.
 *
 * @param {object} frame
 * @param {number} frame.opcode
 * @param {string | Buffer} [frame.payload]
 * @param {boolean} [frame.fin]
 * @param {number} [frame.rsv] RSV1 to RSV3 as 4, 2 and 1
 * @param {boolean} [frame.masked]
 * @param {number | bigint} [frame.length] the length in the header, if it is not the true one
 * @param {number} [frame.lengthBytes] 1, 2 or 8, if it is not the shortest form
 */
function encode({
  opcode,
  payload = '',
  fin = true,
  rsv = 0,
  masked = false,
  length,
  lengthBytes,
}) {
  const body = Buffer.from(payload);
  const claimed = BigInt(length ?? body.length);
  const header = [Buffer.from([(fin ? 0x80 : 0) | (rsv << 4) | opcode])];
  header.push(encodeLength(claimed, lengthBytes, masked ? 0x80 : 0));
  if (!masked) return Buffer.concat([...header, body]);
  return Buffer.concat([...header, MASK_KEY, toggleMask(body, MASK_KEY)]);
}

function encodeLength(length, bytes, maskBit) {
  const size = bytes ?? (length < 126n ? 1 : length < 65536n ? 2 : 8);
  if (size === 1) return Buffer.from([maskBit | Number(length)]);
  const field = Buffer.alloc(1 + size);
  field[0] = maskBit | (size === 2 ? 126 : 127);
  if (size === 2) field.writeUInt16BE(Number(length), 1);
  else field.writeBigUInt64BE(length, 1);
  return field;
}

/** Masks or unmasks, byte by byte (RFC 6455 §5.3). */
function toggleMask(payload, key) {
  const result = Buffer.allocUnsafe(payload.length);
  for (let i = 0; i < payload.length; i++) result[i] = payload[i] ^ key[i % 4];
  return result;
}

/** The body of a close frame (RFC 6455 §5.5.1). */
function closeBody(code, reason = '') {
  if (code === undefined) return Buffer.alloc(0);
  return Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]);
}

/** Parses frames from a byte stream in pieces of any size. */
class FrameReader {
  #pieces = [];
  #length = 0;
  #needed = 2;

  /**
   * @param {Buffer} chunk
   * @returns {{ fin: boolean, rsv: number, opcode: number, masked: boolean, payload: Buffer }[]}
   */
  push(chunk) {
    this.#pieces.push(chunk);
    this.#length += chunk.length;
    const frames = [];
    // Joins chunks only when there are enough bytes, so that a large frame isn't copied for each
    // chunk.
    while (this.#length >= this.#needed) {
      const bytes = this.#pieces.length === 1 ? this.#pieces[0] : Buffer.concat(this.#pieces);
      this.#pieces = [bytes];
      const end = endOfFrame(bytes);
      this.#needed = end.needed;
      if (!end.complete) continue;
      frames.push(decode(bytes.subarray(0, end.needed), end.start));
      this.#pieces = [bytes.subarray(end.needed)];
      this.#length -= end.needed;
      this.#needed = 2;
    }
    return frames;
  }

  /** The bytes of an incomplete frame. */
  get pending() {
    return this.#length;
  }
}

/**
 * The number of bytes needed for the next step: for the header's next part, or for the whole frame.
 */
function endOfFrame(bytes) {
  if (bytes.length < 2) return { complete: false, needed: 2 };
  const short = bytes[1] & 0x7f;
  const lengthEnd = short === 127 ? 10 : short === 126 ? 4 : 2;
  if (bytes.length < lengthEnd) return { complete: false, needed: lengthEnd };
  let length = short;
  if (short === 126) length = bytes.readUInt16BE(2);
  else if (short === 127) length = Number(bytes.readBigUInt64BE(2));
  const start = lengthEnd + (bytes[1] & 0x80 ? 4 : 0);
  return { complete: bytes.length >= start + length, needed: start + length, start };
}

function decode(bytes, start) {
  const masked = (bytes[1] & 0x80) !== 0;
  const payload = bytes.subarray(start);
  return {
    fin: (bytes[0] & 0x80) !== 0,
    rsv: (bytes[0] >> 4) & 0x7,
    opcode: bytes[0] & 0xf,
    masked,
    payload: masked ? toggleMask(payload, bytes.subarray(start - 4, start)) : Buffer.from(payload),
  };
}

module.exports = {
  BINARY,
  CLOSE,
  CONTINUATION,
  PING,
  PONG,
  TEXT,
  FrameReader,
  closeBody,
  encode,
};
