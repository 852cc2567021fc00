'use strict';

const net = require('node:net');

const connect = require('../internal/client/connect');
const { firstIllegalCharacter } = require('../internal/handshake/tokens');
const extension = require('./extension');
const { COMMON_DEFAULTS } = require('./options');
const PerMessageDeflate = require('./PerMessageDeflate');

/** See ClientOptions in types/ws/index.d.ts. */
const DEFAULTS = {
  ...COMMON_DEFAULTS,
  followRedirects: false,
  maxRedirects: 10,
  perMessageDeflate: true,
  protocolVersion: 13,
};

/** Options of `http.request()` that the URL decides, whatever the application gives. */
const FROM_URL = {
  host: undefined,
  hostname: undefined,
  method: 'GET',
  path: undefined,
  port: undefined,
  protocol: undefined,
  protocols: undefined,
  socketPath: undefined,
  timeout: undefined,
};

const PROTOCOL_VERSIONS = [8, 13];

/**
 * The options of a client with all defaults. They are the base of the HTTP request's options, too.
 *
 * @param {any} options
 * @returns {any}
 * @throws {RangeError}
 */
function resolveOptions(options) {
  const settings = { ...DEFAULTS, ...options, ...FROM_URL };
  const { protocolVersion } = settings;
  if (!PROTOCOL_VERSIONS.includes(protocolVersion)) {
    throw new RangeError(
      `Unsupported protocol version: ${protocolVersion} (supported versions: ${PROTOCOL_VERSIONS.join(', ')})`,
    );
  }
  return settings;
}

/**
 * Adds the options that `http.request()` takes.
 *
 * @param {any} settings
 * @param {import('./target').Target} target
 * @param {string} key
 */
function addRequest(settings, target, key) {
  settings.createConnection ||= target.isSecure ? connectTls : connectTcp;
  settings.defaultPort ||= target.defaultPort;
  settings.host = target.host;
  settings.port = target.port;
  settings.path = target.path;
  settings.timeout = settings.handshakeTimeout;
  if (target.socketPath !== undefined) settings.socketPath = target.socketPath;
  if (target.auth !== undefined) settings.auth = target.auth;
  settings.headers = {
    ...settings.headers,
    'Sec-WebSocket-Version': settings.protocolVersion,
    'Sec-WebSocket-Key': key,
    Connection: 'Upgrade',
    Upgrade: 'websocket',
  };
}

/**
 * Offers compression, if the options allow it.
 *
 * @param {any} settings
 * @returns {any} a PerMessageDeflate, which later takes the server's answer
 */
function offerDeflate({ perMessageDeflate, maxPayload, headers }) {
  if (!perMessageDeflate) return undefined;
  const deflate = new PerMessageDeflate({ ...perMessageDeflate, isServer: false, maxPayload });
  headers['Sec-WebSocket-Extensions'] = extension.format({
    [PerMessageDeflate.extensionName]: deflate.offer(),
  });
  return deflate;
}

/**
 * Offers subprotocols.
 *
 * @param {any} settings
 * @param {any[]} protocols
 * @returns {Set<string>} the offer
 * @throws {SyntaxError} if one of them is no token or is there twice
 */
function offerProtocols({ headers }, protocols) {
  const offer = new Set();
  for (const protocol of protocols) {
    if (!isToken(protocol) || offer.has(protocol)) {
      throw new SyntaxError('An invalid or duplicated subprotocol was specified');
    }
    offer.add(protocol);
  }
  if (offer.size > 0) headers['Sec-WebSocket-Protocol'] = [...offer].join(',');
  return offer;
}

/** @param {any} settings */
function addOrigin({ headers, origin, protocolVersion }) {
  if (!origin) return;
  headers[protocolVersion < 13 ? 'Sec-WebSocket-Origin' : 'Origin'] = origin;
}

/** @param {any} protocol */
function isToken(protocol) {
  return (
    typeof protocol === 'string' && protocol !== '' && firstIllegalCharacter(protocol) === undefined
  );
}

/** @param {any} options */
function connectTcp(options) {
  return net.connect(placeOf(options));
}

/** @param {any} options */
function connectTls(options) {
  if (!options.servername && options.servername !== '') {
    options.servername = net.isIP(options.host) ? '' : options.host;
  }
  return connect(placeOf(options));
}

/**
 * Node 18 hands over the path of the request, which `net.connect()` takes for that of a Unix domain
 * socket.
 *
 * @param {any} options
 */
function placeOf(options) {
  return { ...options, path: options.socketPath };
}

module.exports = { addOrigin, addRequest, offerDeflate, offerProtocols, resolveOptions };
