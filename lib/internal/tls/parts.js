'use strict';

const { bufferOf } = require('./pem');

/**
 * Whether two options, or lists of them, have the same content. Most applications give the same
 * strings again.
 *
 * @param {any} one
 * @param {any} other
 * @returns {boolean}
 */
function sameParts(one, other) {
  if (one === other) return true;
  if (ArrayBuffer.isView(one) && ArrayBuffer.isView(other)) {
    return Buffer.compare(bufferOf(one), bufferOf(other)) === 0;
  }
  if (!Array.isArray(one) || !Array.isArray(other)) return sameKeys(one, other);
  return one.length === other.length && one.every((part, i) => sameParts(part, other[i]));
}

/** Compares two of the objects that the option `key` takes. @param {any} one @param {any} other */
function sameKeys(one, other) {
  return (
    one?.pem !== undefined && sameParts(one.pem, other?.pem) && one.passphrase === other.passphrase
  );
}

/**
 * A copy that an application can't change later.
 *
 * @param {any} part
 * @returns {any}
 */
function copyOf(part) {
  if (ArrayBuffer.isView(part)) return Buffer.from(bufferOf(part));
  if (Array.isArray(part)) return part.map(copyOf);
  return part?.pem === undefined ? part : { pem: copyOf(part.pem), passphrase: part.passphrase };
}

module.exports = { copyOf, sameParts };
