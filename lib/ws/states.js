'use strict';

/** The names of `readyState`, by its values. */
const NAMES = ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'];
const [CONNECTING, OPEN, CLOSING, CLOSED] = NAMES.keys();

/**
 * Defines the constants of a class and of its instances.
 *
 * @param {any} WebSocket
 */
function defineStates(WebSocket) {
  for (const [value, name] of NAMES.entries()) {
    for (const target of [WebSocket, WebSocket.prototype]) {
      Object.defineProperty(target, name, { value, enumerable: true });
    }
  }
}

/** @param {any} websocket */
function notOpenError({ readyState }) {
  return new Error(`WebSocket is not open: readyState ${readyState} (${NAMES[readyState]})`);
}

module.exports = { CLOSED, CLOSING, CONNECTING, OPEN, defineStates, notOpenError };
