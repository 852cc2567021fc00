'use strict';

const codec = require('../engine/codec');
const { listHas, splitList } = require('./tokens');

/**
 * An error that refuses an opening handshake. WebSocketServer answers with its `httpCode` and
 * `headers`, 400 and none if they are missing.
 *
 * @typedef {Error & { httpCode?: number, headers?: Record<string, string> }} HandshakeError
 */

/** Headers that a request has once only: RFC 9112 §3.2 for Host, RFC 6455 §11.3 for the rest. */
const SINGLE_HEADERS = ['host', 'sec-websocket-key', 'sec-websocket-version'];
const SINGLE_LENGTHS = SINGLE_HEADERS.map((name) => name.length);

/** RFC 6455 §4.3: digits without a sign, and no zero before others. */
const VERSION_NUMBER = /^(0|[1-9][0-9]*)$/;

/**
 * Reads the headers that every opening handshake needs.
 *
 * @param {Record<string, any>} headers
 * @returns {{ host: string, key: string, version: number }}
 * @throws {HandshakeError}
 */
function readRequiredHeaders(headers) {
  const { host } = headers;
  if (!host) throw new Error('Client must provide a Host header.');
  const key = headers['sec-websocket-key'];
  if (!key) throw new Error('Client must provide a value for Sec-WebSocket-Key.');
  const version = Number.parseInt(headers['sec-websocket-version'], 10);
  if (Number.isNaN(version)) throw noVersion();
  if (version !== 8 && version !== 13 && VERSION_NUMBER.test(headers['sec-websocket-version'])) {
    throw unsupportedVersion(version);
  }
  return { host, key, version };
}

/**
 * Checks the rest of RFC 6455 §4.2.1. It runs after npm `websocket`'s own checks, so a request that
 * fails both gets the text of npm `websocket`. A missing header passes: Node's server emits no
 * 'upgrade' without it, and request objects that applications make up for tests leave it out.
 *
 * @param {any} request
 * @param {string} key
 * @throws {HandshakeError}
 */
function verifyRequest(request, key) {
  const { headers, httpVersionMajor: major, httpVersionMinor: minor } = request;
  if (request.method !== undefined && request.method !== 'GET') {
    throw refusal('Client must use the GET method.', 405, { Allow: 'GET' });
  }
  if (major < 1 || (major === 1 && minor < 1)) {
    throw new Error('Client must use HTTP/1.1 or later.');
  }
  if (headers.upgrade !== undefined && !listHas(headers.upgrade, 'websocket')) {
    throw new Error('Client must ask for an upgrade to websocket.');
  }
  if (headers.connection !== undefined && !listHas(headers.connection, 'upgrade')) {
    throw new Error('Client must name Upgrade in its Connection header.');
  }
  if (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0) {
    throw new Error('Client must send no body with its opening handshake.');
  }
  const repeated = repeatedHeader(request.rawHeaders);
  if (repeated) throw new Error(`Client must not repeat the ${repeated} header.`);
  if (!VERSION_NUMBER.test(headers['sec-websocket-version'])) throw noVersion();
  if (!codec.isHandshakeKey(key)) {
    throw new Error('Client must provide 16 bytes in base64 for Sec-WebSocket-Key.');
  }
}

/**
 * Checks the server's answer for the client, RFC 6455 §4.1. The order and the texts of the checks
 * are those of npm `websocket`, and applications match on them.
 *
 * @param {Record<string, any>} headers
 * @param {string} nonce as it was sent in Sec-WebSocket-Key
 * @param {string[]} protocols that were asked for
 * @param {Record<string, any>} request the headers that were sent, in any case
 * @returns {string | null} what is wrong, or null
 */
function faultOfResponse(headers, nonce, protocols, request) {
  if (protocols.length > 0) {
    const protocol = headers['sec-websocket-protocol'];
    if (!protocol) return 'Expected a Sec-WebSocket-Protocol header.';
    if (!protocols.includes(protocol)) return 'Server did not respond with a requested protocol.';
  }
  if (!listHas(headers.connection, 'upgrade')) {
    return 'Expected a Connection: Upgrade header from the server';
  }
  if (headers.upgrade?.toLowerCase() !== 'websocket') {
    return 'Expected an Upgrade: websocket header from the server';
  }
  const accept = headers['sec-websocket-accept'];
  if (!accept) return 'Expected Sec-WebSocket-Accept header from server';
  const expected = codec.acceptKey(nonce);
  if (accept !== expected) {
    return `Sec-WebSocket-Accept header from server didn't match expected value of ${expected}`;
  }
  const offered = namesIn(sentValue(request, 'sec-websocket-extensions'));
  const agreed = namesIn(headers['sec-websocket-extensions']);
  const unasked = agreed.find((name) => !offered.includes(name));
  if (unasked !== undefined) return `Server responded with an extension not offered: ${unasked}`;
  if (protocols.length > 0) return null;
  // Item 6 also holds for a client without protocols. The application may name some in a header.
  const chosen = headers['sec-websocket-protocol'];
  const asked = splitList(sentValue(request, 'sec-websocket-protocol'));
  if (!chosen || asked.includes(chosen)) return null;
  return `Server responded with a protocol that was not requested: ${chosen}`;
}

/**
 * @param {Record<string, any>} request the headers that were sent, in any case
 * @param {string} name in lower case
 * @returns {string | undefined} the header's value, which the application may have given as an
 *   array
 */
function sentValue(request, name) {
  // http.request sends the last of two headers that differ in case only.
  const names = Object.keys(request).reverse();
  const sent = names.find((key) => key.toLowerCase() === name);
  return sent === undefined || request[sent] === undefined ? undefined : String(request[sent]);
}

/**
 * @param {string | undefined} extensions a header of extensions, with their parameters
 * @returns {string[]} their names
 */
function namesIn(extensions) {
  return splitList(extensions).map((extension) => extension.split(';')[0].trim().toLowerCase());
}

function noVersion() {
  return new Error('Client must provide a value for Sec-WebSocket-Version.');
}

/** @param {number} version */
function unsupportedVersion(version) {
  // The text leaves in X-WebSocket-Reject-Reason. It lacks a space as that of npm `websocket` does.
  // The newest version comes first, for clients that read a number from the start of the list (RFC
  // 6455 §4.4).
  return refusal(
    `Unsupported websocket client version: ${version}Only versions 8 and 13 are supported.`,
    426,
    { 'Sec-WebSocket-Version': '13, 8' },
  );
}

/**
 * @param {string} message
 * @param {number} httpCode
 * @param {Record<string, string>} headers
 * @returns {HandshakeError}
 */
function refusal(message, httpCode, headers) {
  return Object.assign(new Error(message), { httpCode, headers });
}

/**
 * @param {string[] | undefined} rawHeaders names and values in turn, as Node gives them
 * @returns {string | undefined} the name of a header that is there twice and should not be
 */
function repeatedHeader(rawHeaders) {
  if (!rawHeaders) return undefined;
  /** @type {string[]} */
  const seen = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (!SINGLE_LENGTHS.includes(rawHeaders[i].length)) continue;
    const name = rawHeaders[i].toLowerCase();
    if (!SINGLE_HEADERS.includes(name)) continue;
    if (seen.includes(name)) return rawHeaders[i];
    seen.push(name);
  }
  return undefined;
}

module.exports = { faultOfResponse, namesIn, readRequiredHeaders, sentValue, verifyRequest };
