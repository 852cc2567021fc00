'use strict';

const { AsyncResource } = require('node:async_hooks');
const { EventEmitter } = require('node:events');
const { Duplex } = require('node:stream');
const util = require('node:util');

const { adopt, isAdoptable, isPlain } = require('./internal/transport/AdoptedSocket');
const { CLOSE_DESCRIPTIONS, CLOSE_REASONS } = require('./internal/websocket/closeCodes');
const { clearQueue, defineFields } = require('./internal/websocket/fields');
const { listen, removeListeners } = require('./internal/transport/listeners');
const receiving = require('./internal/peer/receiving');
const sending = require('./internal/peer/sending');
const streamSending = require('./internal/peer/streamSending');
const settling = require('./internal/peer/settling');
const socketEvents = require('./internal/peer/socketEvents');
const timers = require('./internal/peer/timers');
const { applyLimits, openLink } = require('./internal/peer/options');
const { LINGER } = require('./internal/engine/abi');
const { calls, engine, transferred } = require('./internal/engine/engine');
const { scheduleDelivery } = require('./internal/engine/turn');
const { isCloseCode } = require('./internal/engine/codec');
const linger = require('./internal/transport/linger');

/** Frees the engine's side of connections whose socket never closed, as test doubles don't. */
const forgotten = new FinalizationRegistry((slot) => {
  if (calls.release(slot, false)) scheduleDelivery();
});

/**
 * One peer. Made by WebSocketRequest and WebSocketClient, or by an application over any Duplex.
 *
 * It mirrors what the engine decides: the protocol, its timers and, on the native transport, all
 * I/O are there.
 *
 * @constructor
 * @this {any}
 * @param {any} socket
 * @param {any[]} extensions
 * @param {string | null | undefined} protocol
 * @param {boolean} maskOutgoingPackets whether this is the client (RFC 6455 §5.1)
 * @param {any} config that of WebSocketServer or WebSocketClient
 * @param {'server' | 'client'} [role] of a connection whose handshake this package has done
 * @param {AsyncResource} [scope] in whose async context its handlers run; by default the one that
 *   makes it
 * @param {import('./internal/handshake/deflate').Agreement['deflate']} [deflate] what that handshake has agreed on for
 *   compression. Extensions that an application names do not compress.
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
  this._outputFull = false;
  this.inputPaused = false;

  this._scope = scope;
  /** 'native' once the engine has the socket's descriptor. */
  this.transport = 'stream';
  /** The engine is about to take the descriptor. */
  this._isSettling = false;
  /** Whether it keeps the process alive. */
  this._referenced = false;
  /** What the socket had read and written before, on the native transport. */
  this._readBefore = 0;
  this._writtenBefore = 0;

  // Sockets have these; streams of other kinds need not.
  socket.setNoDelay?.(config.disableNagleAlgorithm);
  socket.setTimeout?.(0);
  if (config.keepalive && config.useNativeKeepalive) {
    if (!('setKeepAlive' in socket)) {
      throw new Error('Unable to use native keepalive: unsupported by this version of Node.');
    }
    socket.setKeepAlive(true, config.keepaliveInterval);
  }
  if (deflate) this._deflate = deflate;
  this._slot = openLink(socket, maskOutgoingPackets, config, role, this._deflate);
  // A handshake of this package's hands its connection to the socket's events, and then it will
  // show who keeps the connection and its time.
  if (role === undefined || !isPlain(socket)) this._staysStream();

  // Node's HTTP client listens for errors in a way that makes no sense to users of a connection.
  removeListeners(socket, 'error');
}

util.inherits(WebSocketConnection, EventEmitter);

/**
 * A connection's listeners from the start, as an object that takes a fifth of the hash table that
 * Node would make.
 */
function Listeners() {
  this.newListener = onNewListener;
  this.removeListener = onRemoveListener;
}
Listeners.prototype = Object.create(null);
Object.assign(WebSocketConnection, CLOSE_REASONS, { CLOSE_DESCRIPTIONS });

/**
 * State that most connections never have. A connection gets a property of its own when it is first
 * set, which is to be avoided where it has that value already.
 */
const rare = {
  /** The native transport's output is ended: what is sent now is Node's to refuse. */
  _ended: false,
  /** The peer sent a close frame: it began the closing handshake, or answered ours. */
  _closeReceived: false,
  /** Bytes received and sent, once the engine has let go. */
  _counts: null,
  _pingListenerCount: 0,
  /** The application has replaced what answers pings. */
  _isAskedToAnswer: false,
  /** Limits that the application has changed since. */
  _limits: null,
  /** By what messages are compressed: an object that equal agreements share. */
  _deflate: null,
  /** Events that wait, and how far they are delivered: while `_holding`, and until all are. */
  _held: null,
  _holding: false,
  _endIsHeld: false,
  /** Somebody listened when the last message came. */
  _hasListener: false,
  /** A handler has destroyed the socket: nothing but the close is of interest. */
  _abandoned: false,
  /** The socket is not read until what came is delivered; the application hears nothing of that. */
  _throttled: false,
  _quiet: false,
  _resumesQuietly: false,
  /**
   * Callbacks of sends on the native transport, in order: how many are due, and how many were
   * called.
   */
  _callbacks: null,
  _due: 0,
  _settled: 0,
  /** The turn of the last write on the stream transport. */
  _writtenIn: -1,
  /** All output had left before it. */
  _wasEmpty: true,
  _corked: false,
  _corkedBytes: 0,
  /** How far the stream's output had left when it was destroyed. */
  _sentUpTo: Number.POSITIVE_INFINITY,
  _watchesDestroy: false,
  _watchesProgress: false,
  /** Puts `socket.resume()` back, which is replaced while 'close' waits. */
  _restoreResume: null,
  _lingers: false,
  _drainOwed: false,
  /** The engine has messages to deflate for the stream, or has done it. */
  _deflates: false,
  /** The socket is to be ended when all is deflated. */
  _endWanted: false,
  /** Pieces of input that an I/O thread inflates, and what waits for that. */
  _passed: 0,
  _afterPassed: null,
  /** Somebody waits for a drain, or has asked whether there was one. */
  _drainWanted: false,
  /** The engine and a finalizer of this connection know it as one that may be forgotten. */
  _isForgettable: false,
  _timer: null,
};

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
    if (this._closesByHand()) {
      this.setCloseTimer();
      this.sendCloseFrame(code, this.closeDescription);
    } else {
      this._sendClose(code);
    }
    this.state = 'ending';
    this.connected = false;
  },

  /** @param {number} code */
  _sendClose(code) {
    this.waitingForCloseResponse = true;
    // A peer that inflates in the background, as undici does, forgets what it still has when TCP
    // ends.
    const ends = this._deflate === null;
    this._transmit(engine.close(this._slot, code, this.closeDescription ?? '', ends));
    this._armTimer();
    if (ends) this._endSocket();
  },

  /**
   * Ends the connection at once: 'close' is emitted before this returns.
   *
   * @param {number} [reasonCode] 1002 by default
   * @param {string} [description] the code's own by default
   * @param {boolean} [skipCloseFrame] tell the peer nothing
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
    const byHand = this._closesByHand();
    if (byHand && !skipCloseFrame) this.sendCloseFrame(code, this.closeDescription);
    const reason = tells && !byHand ? (this.closeDescription ?? '') : undefined;
    // What was to be deflated is for nobody.
    if (!tells) this._deflates = false;
    const status = engine.abort(this._slot, toUint32(code), reason);
    this._transmit(status);
    if (tells) this._endSocket();
    this.connected = false;
    this.state = 'closed';
    this.waitingForCloseResponse = false;
    this._clearTimer();
    try {
      this._emitClose();
    } finally {
      this._destroySocket(tells);
    }
  },

  /** Stops delivery at once. Nothing further is read from the socket. */
  pause() {
    const outlives = this._outlivesSocket();
    // A socket that is not read at the moment anyway would not tell of it.
    if ((this._throttled || outlives) && !this.inputPaused) this.handleSocketPause();
    if (!outlives) this.socket.pause();
  },

  /** Goes on with delivery and reading. */
  resume() {
    if (!this._outlivesSocket()) {
      this.socket.resume();
    } else if (this.inputPaused) {
      // Delivery goes on in the next tick, as Node has it.
      this.inputPaused = false;
      process.nextTick(() => this._tellResume());
    }
  },

  /**
   * What came before the socket was destroyed is still to be delivered. From version 26 on, Node
   * neither pauses nor resumes a destroyed stream, so that the connection itself has to.
   */
  _outlivesSocket() {
    return this.socket.destroyed && !this.closeEventEmitted;
  },

  /**
   * Attaches the connection to its socket's events. An application that constructs a connection
   * calls this.
   */
  _addSocketEventListeners() {
    listen(this);
    if (this._slot !== -1) this._chooseWhoAnswers();
    // Not before the handlers of the current turn are done: they see a connection on its first
    // listeners.
    this._isSettling = isAdoptable(this);
    if (this._isSettling) process.nextTick(adoptWhenWritten, this);
    else this._staysStream();
  },

  /**
   * Node moves the bytes: a timer of this thread has to stand for the deadlines, and nobody but the
   * socket and the application may keep the connection.
   */
  _staysStream() {
    if (this._isForgettable || this._slot === -1) return;
    this._isForgettable = true;
    // Node would end the output with the input, and what is being deflated would come too late.
    if (this._deflate !== null) this.socket.allowHalfOpen = true;
    forgotten.register(this, this._slot, this);
    this._armTimer();
  },

  /**
   * Whether sends go to the engine's own output: there is a descriptor, and the handshake lets us
   * send.
   */
  _sendsNatively() {
    return (
      this.transport === 'native' &&
      this.state === 'open' &&
      !this._ended &&
      this._slot !== -1 &&
      !this._composesByHand()
    );
  },

  /** Emits 'close' once. What was received before is delivered first. */
  _emitClose() {
    if (this.closeEventEmitted) return;
    this.closeEventEmitted = true;
    this.emit('close', this.closeReasonCode, this.closeDescription);
  },

  /**
   * @param {boolean} lingers so that the peer can still read our close frame
   */
  _destroySocket(lingers) {
    const { socket } = this;
    this._lingers = lingers;
    this._uncork();
    if (lingers && this.transport === 'stream' && socket instanceof Duplex && !socket.destroyed) {
      // What TLS has not encrypted yet would be lost with the socket.
      linger(socket, LINGER, () => this._isDeflating());
      // What is to be deflated goes first.
      if (!this._isDeflating()) this._release();
      return;
    }
    socket.destroy();
    this._release();
  },

  /** Lets go of the engine's side. */
  _release() {
    if (this._slot === -1) return;
    const slot = this._slot;
    this._counts = transferred(slot);
    this._slot = -1;
    this._clearTimer();
    if (this._isForgettable) forgotten.unregister(this);
    this._passed = 0;
    this._deflates = false;
    if (calls.release(slot, this._lingers)) scheduleDelivery();
    // A stream still has callbacks for what was written before, and its 'close' follows them.
    if (this._awaitsCallbacks() && this.transport === 'native' && !this._lingers) {
      this._settleAll(engine.unsentMarks(slot));
    }
    if (this._afterPassed !== null) this._goOnAfterPassed();
  },
};

const accessors = {
  /** Bytes that were sent and are not with the kernel yet. */
  bufferedAmount() {
    // An adopted socket counts what the engine has for its own.
    const isCounted = this.transport === 'native' || this._slot === -1;
    return (isCounted ? 0 : engine.bufferedAmount(this._slot)) + (this.socket.writableLength ?? 0);
  },

  /** Upstream's documents name it so. */
  bytesWaitingToFlush() {
    return this.bufferedAmount;
  },

  /** Bytes of frames received. */
  bytesReceived() {
    return (this._counts ?? transferred(this._slot))[0];
  },

  /** Bytes of frames sent. */
  bytesSent() {
    return (this._counts ?? transferred(this._slot))[1];
  },
};

for (const part of [
  methods,
  sending,
  streamSending,
  receiving,
  settling,
  socketEvents,
  timers,
  rare,
]) {
  for (const [name, value] of Object.entries(part)) {
    Object.defineProperty(WebSocketConnection.prototype, name, {
      value,
      writable: true,
      configurable: true,
    });
  }
}
for (const name of ['maxReceivedMessageSize', 'closeTimeout']) {
  Object.defineProperty(WebSocketConnection.prototype, name, {
    /** @this {any} */
    get() {
      return (this._limits ?? this.config)[name];
    },
    /** @this {any} */
    set(value) {
      const { maxReceivedMessageSize, closeTimeout } = this;
      this._limits = { maxReceivedMessageSize, closeTimeout, [name]: value };
      applyLimits(this);
    },
    configurable: true,
  });
}
Object.defineProperty(WebSocketConnection.prototype, 'outputBufferFull', {
  /**
   * Whether the output has reached the high-water mark, until it is empty.
   *
   * @this {any}
   */
  get() {
    // Whoever asks for the first time has missed the drains before.
    if (this._outputFull && !this._drainWanted) {
      this._wantDrain();
      const isAdopted = this.transport === 'native' && this._slot !== -1;
      if (isAdopted && !engine.isDrainOwed(this._slot)) this._outputFull = false;
    }
    return this._outputFull;
  },
  /** @this {any} */
  set(value) {
    this._outputFull = value;
  },
  configurable: true,
});
for (const [name, get] of Object.entries(accessors)) {
  Object.defineProperty(WebSocketConnection.prototype, name, { get, configurable: true });
}
defineFields(WebSocketConnection.prototype);

/** @this {any} */
function onNewListener(event) {
  if (event === 'ping' && this._pingListenerCount++ === 0) engine.setAutoPong(this._slot, false);
  else if (event === 'drain') this._wantDrain();
}

/** @this {any} */
function onRemoveListener(event) {
  if (event !== 'ping' || --this._pingListenerCount > 0) return;
  if (!this._isAskedToAnswer) engine.setAutoPong(this._slot, true);
}

/** Hands the descriptor over as soon as Node has written everything that came before. */
function adoptWhenWritten(connection) {
  connection._uncork();
  connection._isSettling = connection._slot !== -1 && isAdoptable(connection);
  if (!connection._isSettling) {
    connection._staysStream();
    return;
  }
  if (connection.socket.writableLength > 0) {
    connection.socket.write('', () => adoptWhenWritten(connection));
    return;
  }
  const adopted = adopt(connection);
  connection._isSettling = false;
  if (!adopted) {
    connection._staysStream();
    return;
  }
  connection.transport = 'native';
  if (connection._deflates) connection._deflates = false;
  connection._clearTimer();
  if (connection._endWanted) connection.socket.end();
  if (hearsDrains(connection)) connection._tellOfDrains();
  if (connection._isForgettable) {
    connection._isForgettable = false;
    forgotten.unregister(connection);
  }
  if (connection._held !== null) engine.setPaused(connection._slot, true);
  connection._unthrottle();
  // Paused before the connection listened to its socket.
  if (connection.socket.isPaused()) connection._hold();
}

/**
 * Whether somebody has asked for drains, of the connection or of its socket, where the connection
 * itself listens too.
 *
 * @param {any} connection
 */
function hearsDrains(connection) {
  const { handleSocketDrain } = WebSocketConnection.prototype;
  return (
    connection._drainWanted ||
    connection.handleSocketDrain !== handleSocketDrain ||
    connection.socket.listenerCount('drain') > 1
  );
}

/** @param {number} code */
function toUint32(code) {
  return code >= 0 && code <= 0xffff ? code : 0;
}

module.exports = /** @type {typeof import('../index').connection} */ (
  /** @type {unknown} */ (WebSocketConnection)
);
