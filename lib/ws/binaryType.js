'use strict';

/**
 * Converts a binary message.
 *
 * @param {string} type the application's `binaryType`
 * @param {Buffer | Buffer[]} data a Buffer, or those of the message's fragments
 * @returns {any} a Buffer, an ArrayBuffer, a Blob or an array of Buffers
 */
function convertBinary(type, data) {
  if (type === 'fragments') return Array.isArray(data) ? data : listOf(data);
  const bytes = Array.isArray(data) ? Buffer.concat(data) : data;
  switch (type) {
    case 'nodebuffer':
      return bytes;
    case 'arraybuffer':
      return arrayBufferOf(bytes);
    default:
      return new Blob([bytes]);
  }
}

/** @param {Buffer} bytes */
function listOf(bytes) {
  return bytes.length > 0 ? [bytes] : [];
}

/** @param {Buffer} bytes */
function arrayBufferOf({ buffer, byteOffset, byteLength }) {
  const isWhole = byteLength === buffer.byteLength;
  return isWhole ? buffer : buffer.slice(byteOffset, byteOffset + byteLength);
}

module.exports = { convertBinary };
