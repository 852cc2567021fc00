'use strict';

const { inspect } = require('node:util');

/**
 * Checks of arguments, for errors that name the argument and what it has to be. None is made for a
 * message that can be sent.
 */
module.exports = { bytesOf, checkFrame, textOf };

/**
 * What is sent as text in place of `data`: what its toString() returns, or the text of the bytes
 * which that stands for, as `Buffer.from()` has it.
 *
 * @param {any} data
 * @returns {string}
 * @throws {TypeError} if it stands for none
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
  // A proxy and an object with the prototype of a Buffer are an instance of it, and have no bytes.
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
    // So does an object with the prototype of a Buffer.
    return Object.prototype.toString.call(value);
  }
}
