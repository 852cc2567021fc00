'use strict';

const { EventEmitter } = require('node:events');

const { OPCODE_PING, OPCODE_PONG } = require('../internal/engine/abi');
const kPeer = require('../internal/transport/kPeer');
const { showWritten } = require('../internal/transport/showWritten');
const { abortHandshake, connect } = require('./client');
const { endIfClosed, setCloseTimer } = require('./closing');
const { EMPTY } = require('./data');
const { addEventListener, defineHandlers, removeEventListener } = require('./events');
const {
  kBuffered,
  kFailed,
  kInputPaused,
  kReceiver,
  kSender,
  kSocket,
  kWaiting,
} = require('./keys');
const LinkReceiver = require('./LinkReceiver');
const LinkSender = require('./LinkSender');
const { BINARY_TYPES, openPeer, setBinaryType } = require('./link');
const { refuse, sendClose, sendControl, sendData } = require('./outbound');
const { CLOSED, CLOSING, CONNECTING, OPEN, defineStates, notOpenError } = require('./states');

const NOT_ESTABLISHED = 'WebSocket was closed before the connection was established';

/**
 * A WebSocket of npm `ws`, on either side of a connection. Its Peer does the work; this class has
 * the names, words and events of `ws`.
 */
class WebSocket extends /** @type {any} */ (EventEmitter) {
  /**
   * @param {string | URL | null} address null makes a server's, which `setSocket()` opens
   * @param {string | string[] | Record<string, any>} [protocols] subprotocols, or the options
   * @param {any} [options] see types/ws
   */
  constructor(address, protocols, options) {
    super();
    this._readyState = CONNECTING;
    this[kSocket] = null;
    this[kPeer] = null;
    this._isServer = address === null;
    if (address !== null) {
      this._redirects = 0;
      const [names, given] = argumentsOf(protocols, options);
      options = connect(this, address, names, given);
    }
    if (options.autoPong) {
      this._autoPong = true;
      this._maxPendingAutoPongs = options.maxPendingAutoPongs | 0;
    }
    this._closeTimeout = options.closeTimeout;
  }

  /** The type of binary messages: 'nodebuffer', 'arraybuffer', 'blob' or 'fragments'. */
  get binaryType() {
    return this._binaryType;
  }
  set binaryType(type) {
    if (!BINARY_TYPES.includes(type)) return;
    this._binaryType = type;
    if (this[kPeer] !== null) setBinaryType(this);
  }

  /** Bytes that were sent, but have not reached the kernel. */
  get bufferedAmount() {
    if (this[kSocket] === null) return this._bufferedAmount;
    this[kPeer].writeNow();
    return this[kPeer].bufferedAmount() + this[kBuffered];
  }

  /** The negotiated extensions: '' or 'permessage-deflate'. */
  get extensions() {
    return Object.hasOwn(this, '_extensions') ? Object.keys(this._extensions).join() : '';
  }

  /** Whether the application has paused it. */
  get isPaused() {
    return this._paused;
  }

  /** The negotiated subprotocol, or ''. */
  get protocol() {
    return this._protocol;
  }

  /** 0 to 3: CONNECTING, OPEN, CLOSING, CLOSED. */
  get readyState() {
    return this._readyState;
  }

  /** The URL of a client. */
  get url() {
    return this._url;
  }

  /**
   * Opens it over the socket of a finished handshake.
   *
   * @param {any} socket any Duplex
   * @param {Buffer} head bytes that arrived with the handshake
   * @param {any} options
   */
  setSocket(socket, head, options) {
    this[kSocket] = socket;
    this[kPeer] = openPeer(this, socket, options);
    if (this._binaryType !== BINARY_TYPES[0]) setBinaryType(this);
    if (options.generateMask) this._generateMask = options.generateMask;
    if (socket.setTimeout) socket.setTimeout(0);
    if (socket.setNoDelay) socket.setNoDelay();
    if (head.length > 0) socket.unshift(head);
    this[kPeer].start();
    this._readyState = OPEN;
    this.emit('open');
  }

  /** Emits 'close'. */
  emitClose() {
    if (Object.hasOwn(this, '_extensions')) cleanUp(this._extensions);
    this[kReceiver]?.removeAllListeners();
    this._readyState = CLOSED;
    this.emit('close', this._closeCode, this._closeMessage);
  }

  /**
   * Begins or answers the closing handshake (RFC 6455 §7.1.2). TCP ends when close frames have gone
   * both ways.
   *
   * @param {number} [code] RFC 6455 §7.4; by default the frame has none
   * @param {string | Uint8Array} [data] the reason, at most 123 bytes
   * @throws {TypeError | RangeError} if the arguments can't be sent
   */
  close(code, data) {
    if (this.readyState === CLOSED) return;
    if (this.readyState === CONNECTING) {
      abortHandshake(this, this._req, NOT_ESTABLISHED);
      return;
    }
    if (this.readyState === CLOSING) {
      endIfClosed(this);
      return;
    }
    sendClose(this, code, data, !this._isServer, (error) => {
      if (error) return;
      this._closeFrameSent = true;
      endIfClosed(this);
    });
    this._readyState = CLOSING;
    setCloseTimer(this);
  }

  /** Stops receiving. */
  pause() {
    if (this.readyState === CONNECTING || this.readyState === CLOSED) return;
    this._paused = true;
    this[kPeer].pauseSocket(this[kSocket].destroyed);
  }

  /** Receives again. */
  resume() {
    if (this.readyState === CONNECTING || this.readyState === CLOSED) return;
    this._paused = false;
    this[kPeer].resumeSocket(this[kSocket].destroyed);
  }

  /**
   * Sends a ping.
   *
   * @param {any} [data] at most 125 bytes
   * @param {boolean | ((error?: Error) => void)} [mask] as for `send()`, or the callback
   * @param {(error?: Error) => void} [callback]
   */
  ping(data, mask, callback) {
    control(this, OPCODE_PING, data, mask, callback);
  }

  /**
   * Sends a pong.
   *
   * @param {any} [data] at most 125 bytes
   * @param {boolean | ((error?: Error) => void)} [mask] as for `send()`, or the callback
   * @param {(error?: Error) => void} [callback]
   */
  pong(data, mask, callback) {
    control(this, OPCODE_PONG, data, mask, callback);
  }

  /**
   * Sends a message, or a fragment of one.
   *
   * @param {any} data a string is text, anything else binary
   * @param {any} [options] `binary`, `compress`, `fin` and `mask`, or the callback
   * @param {(error?: Error) => void} [callback] called when the kernel has it, or never will
   */
  send(data, options, callback) {
    const { readyState } = this;
    if (readyState === CONNECTING) throw notOpenError(this);
    const isCallback = typeof options === 'function';
    const done = isCallback ? options : callback;
    if (typeof data === 'number') data = data.toString();
    if (readyState === OPEN) sendData(this, data, isCallback ? undefined : options, done);
    else refuse(this, data, done);
  }

  /** Ends the connection at once, without a closing handshake. */
  terminate() {
    if (this.readyState === CLOSED) return;
    if (this.readyState === CONNECTING) {
      abortHandshake(this, this._req, NOT_ESTABLISHED);
      return;
    }
    if (this[kSocket] === null) return;
    this._readyState = CLOSING;
    this[kSocket].destroy();
  }

  /** The socket; null until it is open. */
  get _socket() {
    const socket = this[kSocket];
    if (socket !== null) {
      showWritten(this[kPeer]);
      // The application may ask how much the socket has still to write.
      this[kPeer].uncork();
    }
    return socket;
  }
  set _socket(socket) {
    this[kSocket] = socket;
  }

  get _receiver() {
    if (this[kPeer] === null) return null;
    this[kReceiver] ??= new LinkReceiver(this);
    return this[kReceiver];
  }
  set _receiver(value) {
    define(this, '_receiver', value);
  }

  get _sender() {
    if (this[kPeer] === null) return null;
    this[kSender] ??= new LinkSender(this);
    return this[kSender];
  }
  set _sender(value) {
    define(this, '_sender', value);
  }

  /** The negotiated extensions by name. */
  get _extensions() {
    const extensions = {};
    define(this, '_extensions', extensions);
    return extensions;
  }
  set _extensions(value) {
    define(this, '_extensions', value);
  }
}

/** The values of fields that most instances never set. */
const initial = {
  _autoPong: false,
  _binaryType: BINARY_TYPES[0],
  _bufferedAmount: 0,
  _closeCode: 1006,
  _closeFrameReceived: false,
  _closeFrameSent: false,
  _closeMessage: EMPTY,
  _closeTimer: null,
  _errorEmitted: false,
  _generateMask: undefined,
  _maxPendingAutoPongs: 0,
  _paused: false,
  _pendingAutoPongs: 0,
  _protocol: '',
  _url: undefined,
  [kBuffered]: 0,
  [kFailed]: false,
  [kInputPaused]: false,
  [kReceiver]: undefined,
  [kSender]: undefined,
  [kWaiting]: null,
};

for (const name of Reflect.ownKeys(initial)) {
  const settings = { writable: true, enumerable: false, configurable: true };
  Object.defineProperty(WebSocket.prototype, name, { value: initial[name], ...settings });
}
for (const name of [
  'binaryType',
  'bufferedAmount',
  'extensions',
  'isPaused',
  'protocol',
  'readyState',
  'url',
]) {
  Object.defineProperty(WebSocket.prototype, name, { enumerable: true });
}
defineStates(WebSocket);
defineHandlers(WebSocket.prototype);
Object.assign(WebSocket.prototype, { addEventListener, removeEventListener });

/**
 * The subprotocols and the options of the constructor, which takes either as its second argument.
 *
 * @param {any} protocols
 * @param {any} options
 * @returns {[string[], any]}
 */
function argumentsOf(protocols, options) {
  const isOptions =
    typeof protocols === 'object' && protocols !== null && !Array.isArray(protocols);
  const given = isOptions ? protocols : options;
  const names = isOptions || protocols === undefined ? given?.protocols : protocols;
  if (names === undefined) return [[], given];
  return [Array.isArray(names) ? names : [names], given];
}

/**
 * Sends a ping or a pong.
 *
 * @param {any} websocket
 * @param {number} opcode
 * @param {any} data
 * @param {any} mask
 * @param {any} callback
 */
function control(websocket, opcode, data, mask, callback) {
  const { readyState } = websocket;
  if (readyState === CONNECTING) throw notOpenError(websocket);
  if (typeof data === 'function') [data, mask, callback] = [undefined, undefined, data];
  else if (typeof mask === 'function') [mask, callback] = [undefined, mask];
  if (typeof data === 'number') data = data.toString();
  if (readyState === OPEN) sendControl(websocket, opcode, data, mask, callback);
  else refuse(websocket, data, callback);
}

/**
 * @param {Record<string, any>} extensions
 */
function cleanUp(extensions) {
  for (const extension of Object.values(extensions)) extension.cleanup();
}

/**
 * Gives an instance a field of its own in place of an accessor.
 *
 * @param {any} websocket
 * @param {string} name
 * @param {any} value
 */
function define(websocket, name, value) {
  const settings = { writable: true, enumerable: true, configurable: true };
  Object.defineProperty(websocket, name, { value, ...settings });
}

module.exports = WebSocket;
