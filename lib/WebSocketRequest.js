'use strict';

const { AsyncResource } = require('node:async_hooks');
const { EventEmitter } = require('node:events');
const { setImmediate } = require('node:timers');
const util = require('node:util');

const { parseCookies, setCookieLines } = require('./internal/handshake/cookies');
const { answerDeflate, deflateOptions } = require('./internal/handshake/deflate');
const { readRequiredHeaders, verifyRequest } = require('./internal/handshake/headers');
const { parseLegacyUrl } = require('./internal/handshake/legacyUrl');
const linger = require('./internal/transport/linger');
const { acceptKey } = require('./internal/engine/codec');
const { headerLines, headerText, responseHead } = require('./internal/handshake/responseHead');
const takeOver = require('./internal/websocket/takeOver');
const kPeer = require('./internal/transport/kPeer');
const { firstIllegalCharacter, splitList } = require('./internal/handshake/tokens');
const { clientAddress } = require('./internal/handshake/trustProxy');
const { noop } = require('./utils');
const WebSocketConnection = require('./WebSocketConnection');

/**
 * Milliseconds that a peer that has ended its half of the socket may wait for an answer. No
 * connection is possible any more, but the peer may still read why it is rejected.
 */
const PATIENCE_AFTER_END = 1000;

/** Bytes that a peer may send before the answer. A socket with more is destroyed. */
const MOST_EARLY = 1024 * 1024;

/**
 * A client's request to open a connection, to be accepted or rejected once. WebSocketServer makes
 * one for each upgrade and calls its `readHandshake()`; an application that handles 'upgrade'
 * itself does both.
 *
 * @constructor
 * @this {any}
 * @param {any} socket
 * @param {any} httpRequest
 * @param {any} serverConfig complete: nothing is filled in here
 * @param {Buffer} [head] the bytes of the 'upgrade' event, delivered on the connection
 */
function WebSocketRequest(socket, httpRequest, serverConfig, head) {
  EventEmitter.call(this);

  this.socket = socket;
  this.httpRequest = httpRequest;
  this.resource = httpRequest.url;
  this.remoteAddress = socket.remoteAddress;
  this.remoteAddresses = [this.remoteAddress];
  this.serverConfig = serverConfig;
  this._head = head;
  // A socket's events run in the async context in which the socket was accepted, not in that of
  // the request's handler. The connection's events do the same.
  this._scope = new AsyncResource('WEBSOCKET');
  this._resolved = false;
  /** The compression that the client and the configuration allow; `accept()` may use it. */
  this._agreement = null;

  this._bytesBefore = socket.bytesWritten;
  this._socketIsClosing = false;
  this._socketCloseHandler = this._handleSocketCloseBeforeAccept.bind(this);
  socket.on('end', this._socketCloseHandler);
  socket.on('close', this._socketCloseHandler);
  // Node has removed its own listeners, so a reset by the peer would be an uncaught exception. This
  // listener stays until a connection listens, because a reset can also follow a rejection.
  socket.on('error', noop);
}

util.inherits(WebSocketRequest, EventEmitter);

/** @type {ThisType<any> & Record<string, (...args: any[]) => any>} */
const methods = {
  readHandshake() {
    const { headers } = this.httpRequest;
    this.resourceURL = parseLegacyUrl(this.resource, true);

    const { host, key, version } = readRequiredHeaders(headers);
    verifyRequest(this.httpRequest, key);
    this.host = host;
    this.key = key;
    this.webSocketVersion = version;
    this.origin = headers[version === 8 ? 'sec-websocket-origin' : 'origin'];

    const protocols = splitList(headers['sec-websocket-protocol']);
    this.requestedProtocols = protocols.map((protocol) => protocol.toLowerCase());
    // Unlike an assignment, this makes an own property even of `__proto__` from the network.
    this.protocolFullCaseMap = Object.fromEntries(
      protocols.map((protocol, i) => [this.requestedProtocols[i], protocol]),
    );

    this._readForwardedFor(headers['x-forwarded-for']);

    this.requestedExtensions = this.serverConfig.parseExtensions
      ? this.parseExtensions(headers['sec-websocket-extensions'])
      : [];
    this.cookies = this.serverConfig.parseCookies ? this.parseCookies(headers.cookie) : [];

    const deflate = deflateOptions(this.serverConfig.perMessageDeflate);
    if (deflate) this._agreement = answerDeflate(headers['sec-websocket-extensions'], deflate);
  },

  _readForwardedFor(header) {
    const { ignoreXForwardedFor, trustProxy } = this.serverConfig;
    if (trustProxy !== undefined && trustProxy !== null) {
      this.remoteAddresses = [...splitList(header), this.remoteAddress];
      this.remoteAddress = clientAddress(this.remoteAddresses, trustProxy);
    } else if (header && !ignoreXForwardedFor) {
      this.remoteAddresses = [...header.split(/,\s*/), this.remoteAddress];
      this.remoteAddress = this.remoteAddresses[0];
    }
  },

  parseExtensions(header) {
    return splitList(header?.toLowerCase()).map((extension) => {
      const parts = extension.split(';');
      const params = [];
      for (let i = 1; i < parts.length; i++) params.push(parameterOf(parts[i].trim()));
      return { name: parts[0].trim(), params };
    });
  },

  parseCookies,

  accept(acceptedProtocol, allowedOrigin, cookies, options) {
    this._verifyResolution();
    const protocol = acceptedProtocol ? acceptedProtocol.toLowerCase() : acceptedProtocol;
    const fullCase = clientsSpelling(protocol, this.protocolFullCaseMap) ?? acceptedProtocol;
    this.protocolFullCaseMap = null;

    const lines = [
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Accept: ${acceptKey(this.key)}`,
    ];
    let agreement;
    try {
      if (fullCase) verifyProtocol(fullCase, protocol, this.requestedProtocols);
      this.requestedProtocols = null;
      lines.push(...chosenLines(this.webSocketVersion, fullCase, allowedOrigin, cookies));
      agreement = declinesDeflate(options) ? null : this._agreement;
      if (agreement) lines.push(`Sec-WebSocket-Extensions: ${agreement.response}`);
    } catch (error) {
      this.reject(500);
      throw error;
    }

    // From here on neither accept nor reject may be called again.
    this._resolved = true;
    this.emit('requestResolved', this);
    const connection = connectionOf(this, protocol, agreement);
    if (this._socketIsClosing) dropLater(connection);
    else answer(this, connection, responseHead(101, lines));
    this.emit('requestAccepted', connection);
    return connection;
  },

  reject(status, reason, extraHeaders) {
    this._verifyResolution();
    this._resolved = true;
    this.emit('requestResolved', this);

    const code = Number.isInteger(status) && status >= 100 && status <= 999 ? status : 403;
    const lines = ['Connection: close'];
    if (reason) lines.push(`X-WebSocket-Reject-Reason: ${headerText(reason)}`);
    if (extraHeaders) lines.push(...headerLines(extraHeaders));
    this.socket.end(responseHead(code, lines), 'ascii');
    linger(this.socket, this.serverConfig?.closeTimeout);

    this.emit('requestRejected', this);
  },

  _handleSocketCloseBeforeAccept() {
    this._socketIsClosing = true;
    this._removeSocketCloseListeners();
    // Node keeps the sending half of a server's socket open.
    if (this._isUntouched()) linger(this.socket, PATIENCE_AFTER_END);
  },

  /**
   * Node emits no 'end' behind bytes that nobody reads, such as messages that the peer sends too
   * early. Those bytes stay in the socket, because an accepted connection delivers them.
   *
   * @returns {boolean} whether the peer has ended its half
   */
  _noticeEnd() {
    this._readEarly();
    if (!this.socket._readableState?.ended) return false;
    const timer = setTimeout(() => {
      if (this._isUntouched()) this.socket.destroy();
    }, PATIENCE_AFTER_END);
    timer.unref?.();
    return true;
  },

  /**
   * Node stops reading at a socket's high-water mark, and then it never sees the end. So this reads
   * the early bytes, which an accepted connection delivers first.
   */
  _readEarly() {
    const { socket } = this;
    if (this._resolved || socket.destroyed) return;
    if (!(socket.readableLength >= socket.readableHighWaterMark)) return;
    const early = socket.read();
    if (!Buffer.isBuffer(early)) return;
    this._head = Buffer.concat([this._head ?? Buffer.alloc(0), early]);
    if (this._head.length > MOST_EARLY) socket.destroy();
    else setImmediate(() => this._readEarly());
  },

  /** Whether nobody has answered, neither the application nor another listener of 'upgrade'. */
  _isUntouched() {
    return !this._resolved && this.socket.bytesWritten === this._bytesBefore;
  },

  _removeSocketCloseListeners() {
    this.socket.removeListener('end', this._socketCloseHandler);
    this.socket.removeListener('close', this._socketCloseHandler);
  },

  _verifyResolution() {
    if (this._resolved) {
      throw new Error('WebSocketRequest may only be accepted or rejected one time.');
    }
  },
};

Object.assign(WebSocketRequest.prototype, methods);

/**
 * @param {string | null | undefined} protocol in lower case
 * @param {Record<string, string>} fullCaseMap
 * @returns {string | undefined} undefined if the client has not asked for the protocol
 */
function clientsSpelling(protocol, fullCaseMap) {
  return protocol && Object.hasOwn(fullCaseMap, protocol) ? fullCaseMap[protocol] : undefined;
}

/**
 * @param {string} fullCase as the client spells it, or as the application does
 * @param {string} lowerCase
 * @param {string[]} requested
 */
function verifyProtocol(fullCase, lowerCase, requested) {
  const illegal = firstIllegalCharacter(fullCase);
  if (illegal) throw new Error(`Illegal character "${illegal}" in subprotocol.`);
  if (!requested.includes(lowerCase)) {
    throw new Error('Specified protocol was not requested by the client.');
  }
}

/**
 * The lines of the answer that the application has chosen.
 *
 * @param {number} version
 * @param {string | null | undefined} protocol
 * @param {any} origin
 * @param {any} cookies
 */
function chosenLines(version, protocol, origin, cookies) {
  const lines = protocol ? [`Sec-WebSocket-Protocol: ${protocol}`] : [];
  if (origin) {
    const name = version === 8 ? 'Sec-WebSocket-Origin' : 'Origin';
    lines.push(`${name}: ${headerText(origin)}`);
  }
  if (cookies) lines.push(...setCookieLines(cookies));
  return lines;
}

/**
 * @param {any} options of `accept()`
 * @returns {boolean}
 * @throws {TypeError}
 */
function declinesDeflate(options) {
  const choice = options?.perMessageDeflate ?? true;
  if (typeof choice === 'boolean') return !choice;
  throw new TypeError('Value supplied for option "perMessageDeflate" must be a boolean.');
}

/** @param {string} text */
function parameterOf(text) {
  if (!text.includes('=')) return { name: text, value: undefined };
  const [name, value] = text.split('=', 2);
  return { name, value };
}

/**
 * @param {any} request
 * @param {string} protocol
 * @param {import('./internal/handshake/deflate').Agreement | null} agreement on compression
 * @returns {any} the connection, which does not read the socket yet
 */
function connectionOf(request, protocol, agreement) {
  /** @type {any} */
  const connection = new /** @type {any} */ (WebSocketConnection)(
    request.socket,
    agreement?.extensions ?? [],
    protocol,
    false,
    request.serverConfig,
    'server',
    request._scope,
    agreement?.deflate,
  );
  connection.webSocketVersion = request.webSocketVersion;
  connection.remoteAddress = request.remoteAddress;
  connection.remoteAddresses = request.remoteAddresses;
  // The constructor has removed every 'error' listener from the socket.
  request.socket.on('error', noop);
  return connection;
}

/**
 * Writes the answer. The connection takes over the socket once the answer has left.
 *
 * @param {any} request
 * @param {any} connection
 * @param {string} head
 */
function answer(request, connection, head) {
  const { socket } = request;
  socket.write(head, 'ascii', (error) => {
    if (error) {
      dropLater(connection);
      return;
    }
    request._removeSocketCloseListeners();
    takeOver(connection, request._head);
  });
  // A peer that reads nothing may delay that for long. The connection's deadlines run all the same.
  if (socket.writableLength > 0) connection[kPeer].armTimer();
}

/**
 * Drops a connection whose socket is dead. The application gets the connection all the same, and
 * 'close' in the next tick, when it listens.
 *
 * @param {any} connection
 */
function dropLater(connection) {
  process.nextTick(() => {
    connection.drop(1006, 'TCP connection lost before handshake completed.', true);
  });
}

module.exports = /** @type {typeof import('../index').request} */ (
  /** @type {unknown} */ (WebSocketRequest)
);
