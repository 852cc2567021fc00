'use strict';

const { AsyncResource } = require('node:async_hooks');
const { EventEmitter } = require('node:events');
const util = require('node:util');

const { isCloseCode } = require('./internal/engine/codec');
const Peer = require('./internal/peer/Peer');
const kPeer = require('./internal/transport/kPeer');
const { removeListeners } = require('./internal/transport/listeners');
const { CLOSE_DESCRIPTIONS, CLOSE_REASONS } = require('./internal/websocket/closeCodes');
const { clearQueue, defineFields } = require('./internal/websocket/fields');
const hooks = require('./internal/websocket/hooks');
const { applyLimits, linkOptions } = require('./internal/websocket/linkOptions');
const prepareSocket = require('./internal/websocket/prepareSocket');
const { replacesCloseFrames, rememberOriginals } = require('./internal/websocket/replaced');
const sending = require('./internal/websocket/sending');
const socketHandlers = require('./internal/websocket/socketHandlers');
const timers = require('./internal/websocket/timers');

/**
 * A connection of npm `websocket`'s API. WebSocketRequest and WebSocketClient make it, or an
 * application over any Duplex. Its Peer does the work; this class has the API's names, words and
 * fields.
 *
 * @constructor
 * @this {any}
 * @param {any} socket
 * @param {any[]} extensions
 * @param {string | null | undefined} protocol
 * @param {boolean} maskOutgoingPackets whether this is the client (RFC 6455 §5.1)
 * @param {any} config that of WebSocketServer or WebSocketClient
 * @param {'server' | 'client'} [role] set if this package has done the handshake
 * @param {AsyncResource} [scope] handlers run in its async context; by default that of the caller
 * @param {import('./internal/handshake/deflate').Agreement['deflate']} [deflate] the compression
 *   that the handshake negotiated. Extensions that an application names do not compress.
 */
function WebSocketConnection(
  socket,
  extensions,
  protocol,
  maskOutgoingPackets,
  config,
  role,
  scope = new AsyncResource('WEBSOCKET'),
  deflate,
) {
  EventEmitter.call(this);

  if (this._eventsCount === 0) {
    this._events = new Listeners();
    this._eventsCount = 2;
  } else {
    this.on('newListener', onNewListener);
    this.on('removeListener', onRemoveListener);
  }

  this.config = config;
  this.socket = socket;
  this.protocol = protocol;
  this.extensions = extensions;
  this.remoteAddress = socket.remoteAddress;
  this.closeReasonCode = -1;
  this.closeDescription = null;
  this.closeEventEmitted = false;
  this.maskOutgoingPackets = maskOutgoingPackets;
  this.connected = true;
  this.state = 'open';
  this.waitingForCloseResponse = false;
  this.receivedEnd = false;
  this.assembleFragments = config.assembleFragments;
  this.inputPaused = false;
  prepareSocket(socket, config);
  const options = linkOptions(socket, maskOutgoingPackets, config, role, deflate);
  this[kPeer] = new Peer(this, hooks, socket, config, options, scope, role !== undefined);
  // Node's HTTP client listens for errors in a way that makes no sense to users of a connection.
  removeListeners(socket, 'error');
}

util.inherits(WebSocketConnection, EventEmitter);

/**
 * The listeners that each connection has from the start. This object takes a fifth of the memory of
 * the hash table that Node would make.
 */
function Listeners() {
  this.newListener = onNewListener;
  this.removeListener = onRemoveListener;
}
Listeners.prototype = Object.create(null);
Object.assign(WebSocketConnection, CLOSE_REASONS, { CLOSE_DESCRIPTIONS });

const methods = {
  /**
   * Begins the closing handshake. 'close' follows when the socket is gone, within `closeTimeout`.
   *
   * @param {number} [reasonCode] RFC 6455 §7.4; 1000 by default
   * @param {string} [description] at most 123 bytes of UTF-8; the code's own by default
   * @throws {Error} if the code must not be sent
   */
  close(reasonCode, description) {
    if (!this.connected) return;
    const code = typeof reasonCode === 'number' ? reasonCode : CLOSE_REASONS.CLOSE_REASON_NORMAL;
    if (!isCloseCode(code)) throw new Error(`Close code ${code} is not valid.`);
    this.closeReasonCode = code;
    this.closeDescription =
      typeof description === 'string' ? description : CLOSE_DESCRIPTIONS[code];
    if (replacesCloseFrames(this)) {
      this.setCloseTimer();
      this.sendCloseFrame(code, this.closeDescription);
    } else {
      this.waitingForCloseResponse = true;
      this[kPeer].close(code, this.closeDescription ?? '');
    }
    this.state = 'ending';
    this.connected = false;
  },

  /**
   * Ends the connection at once: 'close' is emitted before this returns.
   *
   * @param {number} [reasonCode] 1002 by default
   * @param {string} [description] the code's own by default
   * @param {boolean} [skipCloseFrame] send the peer no close frame
   */
  drop(reasonCode, description, skipCloseFrame) {
    const code =
      typeof reasonCode === 'number' ? reasonCode : CLOSE_REASONS.CLOSE_REASON_PROTOCOL_ERROR;
    this.closeReasonCode = code;
    this.closeDescription =
      typeof description === 'string' ? description : CLOSE_DESCRIPTIONS[code];
    clearQueue(this);
    const tells =
      !skipCloseFrame && (this.state === 'open' || this.state === 'peer_requested_close');
    const isReplaced = replacesCloseFrames(this);
    if (isReplaced && !skipCloseFrame) this.sendCloseFrame(code, this.closeDescription);
    const reason = tells && !isReplaced ? (this.closeDescription ?? '') : undefined;
    const peer = this[kPeer];
    peer.abort(code, reason, tells);
    this.connected = false;
    this.state = 'closed';
    this.waitingForCloseResponse = false;
    try {
      hooks.close(this);
    } finally {
      peer.destroy(tells);
    }
  },

  /** Stops delivery at once. Nothing further is read from the socket. */
  pause() {
    this[kPeer].pauseSocket(outlivesSocket(this));
  },

  /** Continues delivery and reading. */
  resume() {
    this[kPeer].resumeSocket(outlivesSocket(this));
  },

  /**
   * Attaches the connection to its socket's events. An application that constructs a connection
   * calls this.
   */
  _addSocketEventListeners() {
    this[kPeer].start();
  },
};

/** Fields whose values the Peer has. */
const accessors = {
  /** 'native' once the engine has the socket's descriptor. */
  get transport() {
    return peerOf(this)?.transport;
  },
  /** The application has a field of its own with this name. */
  set transport(value) {
    const settings = { writable: true, enumerable: true, configurable: true };
    Object.defineProperty(this, 'transport', { value, ...settings });
  },

  /** Bytes that were sent and are not with the kernel yet. */
  get bufferedAmount() {
    return peerOf(this).bufferedAmount();
  },

  /** The name in upstream's documents. */
  get bytesWaitingToFlush() {
    return this.bufferedAmount;
  },

  /** Bytes of frames received. */
  get bytesReceived() {
    return peerOf(this).transferred()[0];
  },

  /** Bytes of frames sent. */
  get bytesSent() {
    return peerOf(this).transferred()[1];
  },

  /** Whether the output has reached the high-water mark, until it is empty. */
  get outputBufferFull() {
    return peerOf(this)?.isOutputFull() ?? false;
  },
  set outputBufferFull(value) {
    peerOf(this).outputFull = value;
  },

  get maxReceivedMessageSize() {
    return limitsOf(this).maxReceivedMessageSize;
  },
  set maxReceivedMessageSize(value) {
    applyLimits(peerOf(this), { closeTimeout: this.closeTimeout, maxReceivedMessageSize: value });
  },

  get closeTimeout() {
    return limitsOf(this).closeTimeout;
  },
  set closeTimeout(value) {
    const { maxReceivedMessageSize } = this;
    applyLimits(peerOf(this), { closeTimeout: value, maxReceivedMessageSize });
  },
};

/** Upstream's name. A connection gets a field of its own when somebody listens. */
const fields = { _pingListenerCount: 0 };

for (const part of [methods, sending, socketHandlers, timers, accessors, fields]) {
  const descriptors = Object.entries(Object.getOwnPropertyDescriptors(part));
  for (const [name, descriptor] of descriptors) {
    const { prototype } = WebSocketConnection;
    Object.defineProperty(prototype, name, { ...descriptor, enumerable: false });
  }
}
defineFields(WebSocketConnection.prototype);
rememberOriginals(WebSocketConnection.prototype);

/** @param {any} connection */
function peerOf(connection) {
  return connection[kPeer];
}

/** @param {any} connection */
function limitsOf(connection) {
  return connection[kPeer]?.limits ?? connection.config;
}

/**
 * Whether events from before the socket was destroyed are still to be delivered. The socket itself
 * does not pause and resume any more then.
 *
 * @param {any} connection
 */
function outlivesSocket(connection) {
  return connection.socket.destroyed && !connection.closeEventEmitted;
}

/** @this {any} */
function onNewListener(event) {
  if (event === 'ping' && this._pingListenerCount++ === 0) this[kPeer].hearPings(true);
  else if (event === 'drain') this[kPeer].wantDrain();
}

/** @this {any} */
function onRemoveListener(event) {
  if (event === 'ping' && --this._pingListenerCount <= 0) this[kPeer].hearPings(false);
}

module.exports = /** @type {typeof import('../index').connection} */ (
  /** @type {unknown} */ (WebSocketConnection)
);
