'use strict';

const { createHash, randomBytes } = require('node:crypto');

const OPCODES = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 };
const NAMES = Object.fromEntries(Object.entries(OPCODES).map(([name, code]) => [code, name]));

/** RFC 6455 §4.2.2. */
function acceptKey(key) {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}

function lengthBytes(length, form) {
  const bits = form ?? (length < 126 ? 7 : length < 65536 ? 16 : 64);
  if (bits === 7) return { marker: length, extension: Buffer.alloc(0) };
  const extension = Buffer.alloc(bits / 8);
  if (bits === 16) extension.writeUInt16BE(length);
  else extension.writeBigUInt64BE(BigInt(length));
  return { marker: bits === 16 ? 126 : 127, extension };
}

function xor(payload, key) {
  return Buffer.from(payload.map((byte, i) => byte ^ key[i & 3]));
}

/**
 * One frame, RFC 6455 §5.2. `lengthForm` (7, 16 or 64) and `declaredLength` make unusual or wrong
 * headers.
 */
function encodeFrame(opcode, payload = Buffer.alloc(0), options = {}) {
  const { fin = true, rsv = 0, mask = true, lengthForm, declaredLength } = options;
  const bytes = Buffer.from(payload);
  const code = OPCODES[opcode] ?? opcode;
  const { marker, extension } = lengthBytes(declaredLength ?? bytes.length, lengthForm);
  const header = Buffer.from([(fin ? 0x80 : 0) | (rsv << 4) | code, (mask ? 0x80 : 0) | marker]);
  if (!mask) return Buffer.concat([header, extension, bytes]);
  const key = randomBytes(4);
  return Buffer.concat([header, extension, key, xor(bytes, key)]);
}

/** The payload of a close frame, RFC 6455 §5.5.1. */
function closePayload(code, reason = '') {
  const head = Buffer.alloc(2);
  head.writeUInt16BE(code);
  return Buffer.concat([head, Buffer.from(reason)]);
}

function decodeHeader(bytes) {
  if (bytes.length < 2) return null;
  const marker = bytes[1] & 0x7f;
  const masked = (bytes[1] & 0x80) !== 0;
  const extension = marker === 126 ? 2 : marker === 127 ? 8 : 0;
  const size = 2 + extension + (masked ? 4 : 0);
  if (bytes.length < size) return null;
  let length = marker;
  if (marker === 126) length = bytes.readUInt16BE(2);
  if (marker === 127) length = Number(bytes.readBigUInt64BE(2));
  const opcode = bytes[0] & 0x0f;
  return {
    fin: (bytes[0] & 0x80) !== 0,
    rsv: (bytes[0] >> 4) & 7,
    opcode: NAMES[opcode] ?? opcode,
    key: masked ? bytes.subarray(size - 4, size) : null,
    size,
    length,
  };
}

/** Extracts whole frames from a byte stream and unmasks their payloads. */
class FrameReader {
  #chunks = [];
  #held = 0;
  #needed = 2;

  push(chunk) {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    const frames = [];
    if (this.#held < this.#needed) return frames;
    let bytes = Buffer.concat(this.#chunks);
    for (;;) {
      const header = decodeHeader(bytes);
      this.#needed = header ? header.size + header.length : bytes.length + 1;
      if (!header || bytes.length < this.#needed) break;
      const payload = bytes.subarray(header.size, this.#needed);
      frames.push({ ...header, payload: header.key ? xor(payload, header.key) : payload });
      bytes = bytes.subarray(this.#needed);
    }
    this.#chunks = [bytes];
    this.#held = bytes.length;
    return frames;
  }
}

function describePayload(frame) {
  if (frame.opcode === 'text') {
    const text = frame.payload.toString();
    return Buffer.from(text).equals(frame.payload) ? text : frame.payload;
  }
  if (frame.opcode !== 'close' || frame.payload.length < 2) return frame.payload;
  return `${frame.payload.readUInt16BE(0)} ${frame.payload.subarray(2).toString()}`.trim();
}

/** A frame as trace values: its flags in words, then its payload. */
function frameValues(frame) {
  const flags = [`${frame.opcode}`];
  if (!frame.fin) flags.push('not final');
  if (frame.rsv) flags.push(`rsv ${frame.rsv}`);
  if (frame.key) flags.push('masked');
  return [flags.join(', '), describePayload(frame)];
}

module.exports = { FrameReader, acceptKey, closePayload, encodeFrame, frameValues };
