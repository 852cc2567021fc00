'use strict';

const { AsyncResource } = require('node:async_hooks');
const { debuglog } = require('node:util');

const {
  EVENT_ACCEPT_ERROR,
  EVENT_HEAD_TIMEOUT,
  EVENT_HTTP,
  EVENT_RELEASED,
  EVENT_REQUEST,
  EVENT_TLS_ERROR,
} = require('../engine/abi');
const { connections, engine } = require('../engine/engine');
const { openWake } = require('../engine/loop');
const { reference, unreference } = require('../engine/wake');
const acceptedSocket = require('./acceptedSocket');
const { openHandle, ownerKey, requestTimeoutError, systemError } = require('./handOver');
const { takeUpgrade } = require('./upgrade');

const debug = debuglog('websocket-native');

/** Errors of accepting that Node's server does not report: libuv drops such connections. */
const SILENT = new Set(['EMFILE', 'ENFILE']);

/**
 * A socket of a server on which the engine accepts connections and reads their first requests. It
 * has a slot of the engine, as connections have. It lives on after the server's `close()` while
 * connections are still arriving: their first request is not there yet.
 */
class Listener {
  /**
   * @param {any} server an http.Server or https.Server
   * @param {any} handle Node's, with a bound socket, or that of `node:cluster`
   * @param {import('./ServerState')} state of the server
   */
  constructor(server, handle, state) {
    this.server = server;
    this.handle = handle;
    this.state = state;
    this.slot = -1;
    /** Connections and handlers have the async context of `listen()`, as on Node's server. */
    this.scope = new AsyncResource('TCPSERVERWRAP');
    this.isReferenced = true;
    this.isClosed = false;
    /** The server counts one connection more until the last one has arrived. */
    this.holdsServer = false;
    /** Node's own function for an accepted connection. */
    this.onconnection = null;
    this.Handle = handle.constructor;
  }

  /**
   * Begins to accept.
   *
   * @param {number} fd -1 if another process accepts for this one
   * @param {number} backlog
   * @returns {number} 0 or a negative errno
   */
  listen(fd, backlog) {
    const { server } = this;
    const { secure } = this.state;
    const options = {
      fd,
      backlog,
      maxHeaderSize: this.state.maxHeaderSize(),
      headersTimeout: headersTimeoutOf(server),
      noDelay: server.noDelay === true,
      keepAlive: server.keepAlive === true,
      keepAliveInitialDelay: (server.keepAliveInitialDelay || 0) * 1000,
      highWaterMark: server.highWaterMark,
      handshakeTimeout: secure?.handshakeTimeout ?? 0,
    };
    const slot = engine.listen(options, secure?.contexts);
    if (slot < 0) return slot;
    this.slot = slot;
    connections[slot] = /** @type {any} */ (this);
    this.state.listeners.add(this);
    openWake();
    if (this.isReferenced) reference();
    return 0;
  }

  /** The limits of time of the server have changed. */
  setTimeouts() {
    if (this.slot !== -1) engine.setHeadersTimeout(this.slot, headersTimeoutOf(this.server));
  }

  /** Accepts no more connections. */
  close() {
    if (this.slot === -1 || this.isClosed) return;
    this.isClosed = true;
    const arriving = engine.closeListener(this.slot);
    if (arriving > 0) {
      this.holdsServer = true;
      this.server._connections++;
    } else {
      this.setReferenced(false);
    }
  }

  /** @param {boolean} isReferenced whether it keeps the process alive */
  setReferenced(isReferenced) {
    if (this.isReferenced === isReferenced || (this.isClosed && isReferenced)) return;
    this.isReferenced = isReferenced;
    if (this.slot === -1) return;
    if (isReferenced) reference();
    else unreference();
  }

  /** @returns {number} connections that the server does not count */
  arriving() {
    if (this.slot === -1) return 0;
    return Math.max(0, engine.arriving(this.slot) - Number(this.holdsServer));
  }

  /** Destroys the connections that are arriving. */
  closeArriving() {
    if (this.slot !== -1) engine.closeArriving(this.slot);
  }

  /** Destroys the connections that have sent nothing. */
  closeIdle() {
    if (this.slot !== -1) engine.closeIdle(this.slot);
  }

  /**
   * Handles an event of the engine.
   *
   * @param {number} kind
   * @param {number} extra
   * @param {any} payload
   */
  deliver(kind, extra, payload) {
    switch (kind) {
      case EVENT_REQUEST:
        takeUpgrade(this, extra, payload);
        break;
      case EVENT_HTTP:
        this.giveToNode(extra);
        break;
      case EVENT_HEAD_TIMEOUT:
        this.expire(extra);
        break;
      case EVENT_ACCEPT_ERROR:
        this.reportAcceptError(extra);
        break;
      case EVENT_TLS_ERROR:
        this.state.secure?.reportFailure(payload);
        break;
      case EVENT_RELEASED:
        this.onReleased();
        break;
    }
  }

  /** Output of compressed streams that must leave before the process exits: a listener has none. */
  writeDeflated() {}

  /**
   * Gives a connection to Node's own server, with everything that was read.
   *
   * @param {number} ticket
   * @returns {any} its socket; undefined if the connection or the server refuses
   */
  giveToNode(ticket) {
    if (this.state.secure !== null) return this.giveSecure(ticket);
    const given = engine.handOver(this.slot, ticket);
    if (given === null) return undefined;
    const { fd, bytes } = given;
    const handle = openHandle(this.Handle, fd, bytes.length);
    if (handle === null) return undefined;
    // Node's own function makes the socket and emits 'connection'.
    Reflect.apply(/** @type {any} */ (this.onconnection), this.handle, [0, handle]);
    const socket = handle[/** @type {symbol} */ (this.state.ownerKey)];
    if (!socket || socket.destroyed) return undefined;
    if (bytes.length > 0) socket.unshift(bytes);
    return socket;
  }

  /**
   * Gives a connection with TLS to Node's HTTP parser, which reads what the engine has decrypted.
   *
   * @param {number} ticket
   * @returns {any} as of `giveToNode`
   */
  giveSecure(ticket) {
    const read = engine.takeRead(this.slot, ticket);
    const slot = engine.accept(this.slot, ticket);
    if (slot === -1) return undefined;
    const socket = acceptedSocket(this, slot, false);
    if (socket === undefined) return undefined;
    this.server.emit('secureConnection', socket);
    if (read.length > 0 && !socket.destroyed) socket.unshift(read);
    return socket;
  }

  /**
   * A connection's first request did not come in time.
   *
   * @param {number} ticket
   */
  expire(ticket) {
    const socket = this.giveToNode(ticket);
    if (socket === undefined || socket.destroyed) return;
    // Node's own listener emits 'clientError', or answers and closes.
    const listener = socket.listeners('error').find(({ name }) => name === 'socketOnError');
    const error = requestTimeoutError();
    if (listener === undefined) socket.destroy(error);
    else Reflect.apply(listener, socket, [error]);
  }

  /** @param {number} errno as the system has it, positive */
  reportAcceptError(errno) {
    const error = systemError('accept', -errno);
    debug('%s', error.message);
    if (!SILENT.has(error.code)) this.server.emit('error', error);
  }

  /** All connections have arrived, and the engine has forgotten the listener. */
  onReleased() {
    const { server, state } = this;
    this.setReferenced(false);
    this.slot = -1;
    state.listeners.delete(this);
    if (!this.holdsServer) return;
    this.holdsServer = false;
    server._connections--;
    server._emitCloseIfDrained();
  }

  /**
   * Notes what Node has set on the handle in `listen()`.
   *
   * @returns {boolean} whether everything is there that handing connections over needs
   */
  noteHandle() {
    const { handle, server, state } = this;
    this.onconnection = handle.onconnection;
    state.ownerKey ??= ownerKey(handle, server);
    return typeof this.onconnection === 'function' && state.ownerKey !== undefined;
  }
}

/**
 * The time that a client has for the headers of its first request. Node has two limits that concern
 * it.
 *
 * @param {any} server
 * @returns {number} in milliseconds, 0 for no limit
 */
function headersTimeoutOf({ headersTimeout, requestTimeout }) {
  const limits = [headersTimeout, requestTimeout].filter((limit) => limit > 0);
  return limits.length === 0 ? 0 : Math.min(...limits);
}

module.exports = Listener;
