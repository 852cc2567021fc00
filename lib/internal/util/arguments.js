'use strict';

const { inspect } = require('node:util');

/**
 * Checks of arguments. Their errors name the argument and what it has to be. They accept every
 * message that can be sent.
 */
module.exports = { bytesOf, checkFrame, textOf };

/**
 * The text that is sent for `data`: the result of its toString(). `Buffer.from()` converts a result
 * that is no string.
 *
 * @param {any} data
 * @returns {string}
 * @throws {TypeError} if `Buffer.from()` can't convert it
 */
function textOf(data) {
  const text = data.toString();
  return typeof text === 'string' ? text : Buffer.from(text).toString();
}

/**
 * @param {any} value
 * @param {string} name
 * @returns {any} `value`, a Uint8Array
 * @throws {TypeError}
 */
function bytesOf(value, name) {
  // `instanceof` also accepts proxies and objects with a Buffer's prototype, which have no bytes.
  if (ArrayBuffer.isView(value) && value instanceof Uint8Array) return value;
  throw mismatch(name, 'a Buffer or a Uint8Array', value);
}

/**
 * @param {any} frame
 * @throws {TypeError}
 */
function checkFrame(frame) {
  if (typeof frame?.toBuffer !== 'function') throw mismatch('frame', 'a WebSocketFrame', frame);
}

/**
 * @param {string} name
 * @param {string} expected
 * @param {unknown} value
 */
function mismatch(name, expected, value) {
  return new TypeError(`${name} must be ${expected}, not ${shown(value)}.`);
}

/** @param {unknown} value */
function shown(value) {
  try {
    return inspect(value, { depth: 0, maxStringLength: 32, breakLength: Infinity });
  } catch {
    // `inspect()` throws for an object with the prototype of a Buffer.
    return Object.prototype.toString.call(value);
  }
}
