'use strict';

const { EventEmitter } = require('node:events');
// Node's own timers: a test may replace the global ones, and then the watch would not run or would
// never let the test's clock come to an end.
const { clearInterval, setInterval } = require('node:timers');
const util = require('node:util');

const { deflateOptions } = require('./internal/handshake/deflate');
const { LONGEST_TIMEOUT } = require('./internal/engine/abi');
const broadcastTo = require('./internal/websocket/broadcastTo');
const { firstIllegalCharacter } = require('./internal/handshake/tokens');
const { compileTrust } = require('./internal/handshake/trustProxy');
const { CLOSE_TIMEOUT } = require('./internal/util/defaults');
const { extend } = require('./utils');
const WebSocketRequest = require('./WebSocketRequest');

/** Milliseconds between two looks at the pending requests. */
const WATCH_INTERVAL = 1000;

/** See IServerConfig in types/config.d.ts. */
const DEFAULTS = {
  httpServer: null,
  maxReceivedFrameSize: 0x10000,
  maxReceivedMessageSize: 0x100000,
  fragmentOutgoingMessages: true,
  fragmentationThreshold: 0x4000,
  keepalive: true,
  keepaliveInterval: 20000,
  dropConnectionOnKeepaliveTimeout: true,
  keepaliveGracePeriod: 10000,
  useNativeKeepalive: false,
  assembleFragments: true,
  autoAcceptConnections: false,
  ignoreXForwardedFor: false,
  parseCookies: true,
  parseExtensions: true,
  disableNagleAlgorithm: true,
  closeTimeout: CLOSE_TIMEOUT,
};

/**
 * Takes the WebSocket upgrades of one or more HTTP servers.
 *
 * @constructor
 * @this {any}
 * @param {any} [config] mounts at once if given
 */
function WebSocketServer(config) {
  EventEmitter.call(this);
  const server = this;
  this._handlers = {
    upgrade: this.handleUpgrade.bind(this),
    requestAccepted: this.handleRequestAccepted.bind(this),
    requestResolved: this.handleRequestResolved.bind(this),
    // One listener for all connections: a closure for each would take memory.
    connectionClosed(closeReason, description) {
      this.removeListener('close', server._handlers.connectionClosed);
      server.handleConnectionClose(this, closeReason, description);
    },
  };
  this.connections = [];
  this.pendingRequests = [];
  this._watch = null;
  if (config) this.mount(config);
}

util.inherits(WebSocketServer, EventEmitter);

const methods = {
  mount(config) {
    this.config = { ...DEFAULTS };
    extend(this.config, config);
    if (!this.config.httpServer) {
      throw new Error('You must specify an httpServer on which to mount the WebSocket server.');
    }
    const deflate = deflateOptions(this.config.perMessageDeflate);
    if (deflate) this.config.perMessageDeflate = deflate;
    const { requestTimeout, trustProxy } = this.config;
    if (trustProxy !== undefined && trustProxy !== null) compileTrust(trustProxy);
    checkRequestTimeout(requestTimeout);
    if (!Array.isArray(this.config.httpServer)) this.config.httpServer = [this.config.httpServer];
    for (const httpServer of this.config.httpServer) {
      httpServer.on('upgrade', this._handlers.upgrade);
    }
  },

  unmount() {
    for (const httpServer of this.config.httpServer) {
      httpServer.removeListener('upgrade', this._handlers.upgrade);
    }
  },

  closeAllConnections() {
    // A copy, because close() may remove a connection from the list at once.
    for (const connection of [...this.connections]) connection.close();
    for (const request of this.pendingRequests) {
      process.nextTick(() => {
        if (!request._resolved) request.reject(503);
      });
    }
  },

  broadcast(data) {
    if (Buffer.isBuffer(data)) this.broadcastBytes(data);
    else if (typeof data.toString === 'function') this.broadcastUTF(data);
  },

  broadcastUTF(utfData) {
    broadcastTo(this.connections, utfData, true);
  },

  broadcastBytes(binaryData) {
    broadcastTo(this.connections, binaryData, false);
  },

  shutDown() {
    this.unmount();
    this.closeAllConnections();
  },

  handleUpgrade(httpRequest, socket, head) {
    const request = new WebSocketRequest(socket, httpRequest, this.config, head);
    try {
      request.readHandshake();
    } catch (error) {
      this._refuse(request, error);
      return;
    }
    this._awaitResolution(request, socket);

    if (this.config.autoAcceptConnections) this._acceptAtOnce(request);
    else if (this.listenerCount('request') > 0) this.emit('request', request);
    else request.reject(404, 'No handler is configured to accept the connection.');
    if (this.pendingRequests.length > 0) this._watchPending();
  },

  handleRequestAccepted(connection) {
    connection.on('close', this._handlers.connectionClosed);
    this.connections.push(connection);
    this.emit('connect', connection);
  },

  handleConnectionClose(connection, closeReason, description) {
    remove(this.connections, connection);
    this.emit('close', connection, closeReason, description);
  },

  handleRequestResolved(request) {
    remove(this.pendingRequests, request);
    this._stopWatching();
  },

  _refuse(request, error) {
    request.reject(error.httpCode || 400, error.message, error.headers);
    this.emit('upgradeError', error);
  },

  _awaitResolution(request, socket) {
    this.pendingRequests.push(request);
    const timer = this._limitTime(request);
    const forget = () => {
      // If the listeners stayed on the socket, they would keep the request and its headers alive as
      // long as the connection.
      socket.removeListener('end', forget);
      socket.removeListener('close', forget);
      clearTimeout(timer);
      this._handlers.requestResolved(request);
    };
    socket.on('end', forget);
    socket.on('close', forget);
    request.once('requestAccepted', this._handlers.requestAccepted);
    request.once('requestResolved', forget);
  },

  /** Finds ended sockets for which Node emits no event. Runs only while requests are pending. */
  _watchPending() {
    if (this._watch) return;
    this._watch = setInterval(() => {
      for (const request of [...this.pendingRequests]) {
        if (request._noticeEnd()) this._handlers.requestResolved(request);
      }
      this._stopWatching();
    }, WATCH_INTERVAL);
    this._watch.unref();
  },

  _stopWatching() {
    if (this.pendingRequests.length > 0 || this._watch === null) return;
    clearInterval(this._watch);
    this._watch = null;
  },

  /** The timer of the option `requestTimeout`. */
  _limitTime(request) {
    const { requestTimeout } = this.config;
    if (!requestTimeout) return undefined;
    const timer = setTimeout(() => {
      // Another listener of 'upgrade' may have answered it.
      if (request._isUntouched()) request.reject(503);
      else this._handlers.requestResolved(request);
    }, requestTimeout);
    // The socket keeps the process alive already. In a browser-like environment, such as tests
    // have, a timer is a number without unref().
    timer.unref?.();
    return timer;
  },

  /** Refuses an illegal subprotocol first, because nobody would catch the exception of accept(). */
  _acceptAtOnce(request) {
    const [protocol] = request.requestedProtocols;
    const illegal = protocol && firstIllegalCharacter(protocol);
    if (illegal) this._refuse(request, new Error(`Illegal character "${illegal}" in subprotocol.`));
    else request.accept(protocol, request.origin);
  },
};

Object.assign(WebSocketServer.prototype, methods);

/**
 * @param {any} milliseconds
 * @throws {TypeError | RangeError}
 */
function checkRequestTimeout(milliseconds) {
  if (milliseconds === undefined || milliseconds === null) return;
  if (Number.isInteger(milliseconds) && milliseconds >= 0 && milliseconds <= LONGEST_TIMEOUT)
    return;
  const Fault = typeof milliseconds === 'number' ? RangeError : TypeError;
  throw new Fault(
    `requestTimeout must be an integer from 0 to ${LONGEST_TIMEOUT}, not ${util.inspect(milliseconds)}.`,
  );
}

/**
 * Removes an item and keeps the order of the others, which applications that walk `connections`
 * expect. With 20,000 entries it takes 1 to 3 microseconds, less than the rest of a close.
 *
 * @param {any[]} list
 * @param {any} item
 */
function remove(list, item) {
  const index = list.indexOf(item);
  if (index !== -1) list.splice(index, 1);
}

module.exports = /** @type {typeof import('../index').server} */ (
  /** @type {unknown} */ (WebSocketServer)
);
