'use strict';

// What applications hand to `send()`, `ping()`, `pong()` and `close()`, as bytes.

const { types } = require('node:util');

const { MOST_CONTROL_PAYLOAD } = require('../internal/engine/abi');
const { isCloseCode } = require('../internal/engine/codec');

const EMPTY = Buffer.alloc(0);

/** Most bytes of a close frame's reason. Its code takes the other two. */
const MOST_REASON = MOST_CONTROL_PAYLOAD - 2;

/**
 * Whether a value is a Blob, of Node or of another implementation.
 *
 * @param {any} value
 */
function isBlob(value) {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof value.arrayBuffer === 'function' &&
    typeof value.type === 'string' &&
    typeof value.stream === 'function' &&
    (value[Symbol.toStringTag] === 'Blob' || value[Symbol.toStringTag] === 'File')
  );
}

/**
 * @param {any} data
 * @returns {Buffer | Uint8Array} its bytes, without a copy where it has bytes
 * @throws {TypeError} that of `Buffer.from()`
 */
function toBytes(data) {
  if (types.isUint8Array(data)) return data;
  if (data instanceof ArrayBuffer) return Buffer.from(data);
  if (ArrayBuffer.isView(data)) return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return Buffer.from(data);
}

/**
 * The payload of a close frame.
 *
 * @param {any} code RFC 6455 §7.4; undefined sends none
 * @param {any} reason a string or a Uint8Array of at most 123 bytes
 * @returns {Buffer}
 * @throws {TypeError | RangeError}
 */
function closeBody(code, reason) {
  if (code === undefined) return EMPTY;
  if (typeof code !== 'number' || !isCloseCode(Math.trunc(code))) {
    throw new TypeError('First argument must be a valid error code number');
  }
  const length = reason === undefined || !reason.length ? 0 : Buffer.byteLength(reason);
  if (length > MOST_REASON) {
    throw new RangeError('The message must not be greater than 123 bytes');
  }
  const body = Buffer.allocUnsafe(2 + length);
  body.writeUInt16BE(code, 0);
  if (length === 0) return body;
  if (typeof reason === 'string') body.write(reason, 2);
  else if (types.isUint8Array(reason)) body.set(reason, 2);
  else throw new TypeError('Second argument must be a string or a Uint8Array');
  return body;
}

/**
 * Checks the payload of a ping or a pong.
 *
 * @param {number} length in bytes
 * @throws {RangeError}
 */
function checkControl(length) {
  if (length > MOST_CONTROL_PAYLOAD) {
    throw new RangeError('The data size must not be greater than 125 bytes');
  }
}

module.exports = { EMPTY, checkControl, closeBody, isBlob, toBytes };
