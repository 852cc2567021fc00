'use strict';

const extension = require('./extension');
const PerMessageDeflate = require('./PerMessageDeflate');
const subprotocol = require('./subprotocol');

/** @typedef {import('./answers').Fault} Fault */

/** 16 bytes in base64. The last of the 22 characters may be any, as in npm `ws`. */
const KEY = /^[+/0-9A-Za-z]{22}==$/;

/** Older drafts of the protocol have version 8, and another name for Origin. */
const DRAFT_VERSION = 8;
const VERSION = 13;

/** @param {any} request */
function versionOf(request) {
  return Number(request.headers['sec-websocket-version']);
}

/**
 * Checks what every opening handshake needs (RFC 6455 §4.2.1).
 *
 * @param {any} request
 * @returns {Fault | undefined}
 */
function faultOfRequest(request) {
  const { headers } = request;
  if (request.method !== 'GET') return fault(405, 'Invalid HTTP method');
  if (headers.upgrade?.toLowerCase() !== 'websocket') return fault(400, 'Invalid Upgrade header');
  const key = headers['sec-websocket-key'];
  if (key === undefined || !KEY.test(key)) {
    return fault(400, 'Missing or invalid Sec-WebSocket-Key header');
  }
  const version = versionOf(request);
  if (version !== VERSION && version !== DRAFT_VERSION) {
    return fault(400, 'Missing or invalid Sec-WebSocket-Version header', {
      'Sec-WebSocket-Version': `${VERSION}, ${DRAFT_VERSION}`,
    });
  }
  return undefined;
}

/**
 * @param {number} status
 * @param {string} message
 * @param {Record<string, string>} [headers]
 * @returns {Fault}
 */
function fault(status, message, headers) {
  return { status, message, headers };
}

/**
 * Reads the subprotocols that a client offers, in its order.
 *
 * @param {any} request
 * @returns {{ protocols: Set<string>, fault?: Fault }}
 */
function readProtocols(request) {
  const header = request.headers['sec-websocket-protocol'];
  if (header === undefined) return { protocols: new Set() };
  try {
    return { protocols: subprotocol.parse(header) };
  } catch {
    return { protocols: new Set(), fault: fault(400, 'Invalid Sec-WebSocket-Protocol header') };
  }
}

/**
 * Accepts the first offer of compression that the server's options allow.
 *
 * @param {any} request
 * @param {any} options of the server
 * @returns {{ extensions: Record<string, any>, fault?: Fault }}
 */
function acceptExtensions(request, { perMessageDeflate, maxPayload }) {
  const header = request.headers['sec-websocket-extensions'];
  /** @type {Record<string, any>} */
  const extensions = {};
  if (!perMessageDeflate || header === undefined) return { extensions };
  const name = PerMessageDeflate.extensionName;
  try {
    const offers = extension.parse(header)[name];
    if (offers) {
      const deflate = new PerMessageDeflate({ ...perMessageDeflate, isServer: true, maxPayload });
      deflate.accept(offers);
      extensions[name] = deflate;
    }
    return { extensions };
  } catch {
    const message = 'Invalid or unacceptable Sec-WebSocket-Extensions header';
    return { extensions, fault: fault(400, message) };
  }
}

/**
 * The first argument of `verifyClient`.
 *
 * @param {any} request
 */
function describeClient(request) {
  const isDraft = versionOf(request) === DRAFT_VERSION;
  const { authorized, encrypted } = request.socket;
  return {
    origin: request.headers[isDraft ? 'sec-websocket-origin' : 'origin'],
    secure: Boolean(authorized || encrypted),
    req: request,
  };
}

module.exports = { acceptExtensions, describeClient, faultOfRequest, readProtocols };
