'use strict';

const version = require('./version');

const Native = globalThis.WebSocket;

/**
 * The browser's own WebSocket under this package's name. Arguments past the second are for Node and
 * are left out, since a browser decides on origin and headers itself.
 *
 * @param {string | URL} url
 * @param {string | string[]} [protocols]
 * @returns {WebSocket} the browser's object, which `new` hands over instead of its own
 */
function W3CWebSocket(url, protocols) {
  return protocols ? new Native(url, protocols) : new Native(url);
}

if (Native) {
  for (const name of ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED']) {
    Object.defineProperty(W3CWebSocket, name, { get: () => Native[name] });
  }
}

const w3cwebsocket = Native ? W3CWebSocket : null;

module.exports = { w3cwebsocket, version };
