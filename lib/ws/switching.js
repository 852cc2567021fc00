'use strict';

// Judges the server's answer 101 to a client's request (RFC 6455 §4.1).

const { acceptKey } = require('../internal/engine/codec');
const extension = require('./extension');
const PerMessageDeflate = require('./PerMessageDeflate');

/**
 * A client's offer to the server.
 *
 * @typedef {object} Offer
 * @property {string} key
 * @property {Set<string>} protocols
 * @property {any} deflate a PerMessageDeflate; undefined if compression is not offered
 */

/**
 * @param {any} headers of the answer
 * @param {Offer} offer
 * @returns {string | undefined} what is wrong, if anything is
 */
function faultOfUpgrade(headers, { key, protocols }) {
  if (headers.upgrade?.toLowerCase() !== 'websocket') return 'Invalid Upgrade header';
  if (headers['sec-websocket-accept'] !== acceptKey(key)) {
    return 'Invalid Sec-WebSocket-Accept header';
  }
  const protocol = headers['sec-websocket-protocol'];
  if (protocol === undefined) {
    return protocols.size > 0 ? 'Server sent no subprotocol' : undefined;
  }
  if (protocols.size === 0) return 'Server sent a subprotocol but none was requested';
  return protocols.has(protocol) ? undefined : 'Server sent an invalid subprotocol';
}

/**
 * Agrees on the extensions of the answer.
 *
 * @param {string} header Sec-WebSocket-Extensions
 * @param {Offer} offer its `deflate` takes the parameters
 * @returns {string | undefined} what is wrong, if anything is
 */
function faultOfExtensions(header, { deflate }) {
  if (!deflate) {
    return 'Server sent a Sec-WebSocket-Extensions header but no extension was requested';
  }
  try {
    const extensions = extension.parse(header);
    const names = Object.keys(extensions);
    if (names.length !== 1 || names[0] !== PerMessageDeflate.extensionName) {
      return 'Server indicated an extension that was not requested';
    }
    deflate.accept(extensions[names[0]]);
    return undefined;
  } catch {
    return 'Invalid Sec-WebSocket-Extensions header';
  }
}

module.exports = { faultOfExtensions, faultOfUpgrade };
