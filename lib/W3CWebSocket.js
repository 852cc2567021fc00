'use strict';

const { setImmediate } = require('node:timers');
const util = require('node:util');

const { resolveProtocols, resolveUrl } = require('./internal/handshake/clientRequest');
const { extensionsText } = require('./internal/handshake/deflate');
const { isCloseCode } = require('./internal/engine/codec');
const { inheritEventTarget, initEventTarget } = require('./internal/websocket/w3c/EventTarget');
const {
  CloseEvent,
  ErrorEvent,
  MessageEvent,
  SocketEvent,
} = require('./internal/websocket/w3c/events');
const W3COutput = require('./internal/websocket/w3c/output');
const WebSocketClient = require('./WebSocketClient');

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

/** RFC 6455 §7.1.5: the code of a connection that ended without a valid close frame. */
const ABNORMAL = 1006;

// Symbols, because a proxy around the socket can't reach fields with a `#`.
const kOrigin = Symbol('origin');
const kOutput = Symbol('output');

/**
 * The WebSocket of browsers, over WebSocketClient. It differs from the standard in the arguments
 * past the second, the default `binaryType` of 'arraybuffer', a `url` that is not normalised, and
 * the `error` on 'error' events. It is no `class`, so that code written for ES5 can inherit from
 * it.
 *
 * @constructor
 * @this {any}
 * @param {string | URL} url
 * @param {string | string[]} [protocols]
 * @param {string} [origin]
 * @param {import('node:http').OutgoingHttpHeaders} [headers]
 * @param {object} [requestOptions]
 * @param {import('../index').IClientConfig} [clientConfig]
 * @throws {TypeError} without `new`, or without a URL
 * @throws {DOMException} SyntaxError if the URL or a subprotocol is not valid
 */
function W3CWebSocket(url, protocols, origin, headers, requestOptions, clientConfig) {
  if (!(this instanceof W3CWebSocket)) {
    throw new TypeError("The constructor W3CWebSocket cannot be invoked without 'new'.");
  }
  if (url === undefined || url === null) throw new TypeError('The URL is missing.');
  const target = parseUrl(url);
  const subprotocols = parseProtocols(protocols);

  initEventTarget(this);
  this._url = String(url);
  this._readyState = CONNECTING;
  this._protocol = '';
  this._extensions = '';
  this._bufferedAmount = 0;
  this._binaryType = 'arraybuffer';
  this._connection = undefined;
  this[kOrigin] = target.origin;

  // The standard has whole messages only.
  this._client = new WebSocketClient({ ...clientConfig, assembleFragments: true });
  this._client.on('connect', (connection) => onConnect(this, connection));
  this._client.on('connectFailed', (error) => onConnectFailed(this, error));
  this._client.connect(target.href, subprotocols, origin, headers, requestOptions);
}

const attributes = {
  get url() {
    return instance(this)._url;
  },

  get readyState() {
    return instance(this)._readyState;
  },

  /** The subprotocol in use; '' before 'open' and if there is none. */
  get protocol() {
    return instance(this)._protocol;
  },

  /** The extensions in use, as the server's header has them; '' before 'open' and without any. */
  get extensions() {
    return instance(this)._extensions;
  },

  /** Bytes of payload given to `send()` that have not left for the network, or never will. */
  get bufferedAmount() {
    const socket = instance(this);
    const { _bufferedAmount, _connection: connection } = socket;
    const output = socket[kOutput];
    return output === undefined ? _bufferedAmount : _bufferedAmount + output.bytes(connection);
  },

  get binaryType() {
    return instance(this)._binaryType;
  },

  /** Ignores all values but 'arraybuffer' and 'blob', as the standard demands of an enumeration. */
  set binaryType(type) {
    const socket = instance(this);
    if (type === 'arraybuffer' || type === 'blob') socket._binaryType = type;
  },
};

const methods = {
  /**
   * @param {any} data a string, ArrayBuffer, view or Blob; anything else is sent as its string
   * @throws {DOMException} InvalidStateError before 'open'
   * @throws {TypeError} without data
   */
  send(data) {
    // biome-ignore lint/complexity/noArguments: `undefined` may be sent, and the length has to be 1
    if (arguments.length === 0) throw new TypeError('The data is missing.');
    if (this._readyState === CONNECTING) {
      throw new DOMException('cannot call send() while not connected', 'InvalidStateError');
    }
    const payload = payloadOf(data);
    if (this._readyState !== OPEN) instance(this)._bufferedAmount += sizeOf(payload);
    else if (outputOf(this).queue || payload instanceof Blob) enqueue(this, payload);
    else transmit(this, payload, sizeOf(payload));
  },

  /**
   * The standard allows 1000 and 3000 to 4999. npm `websocket` also sends the other codes that RFC
   * 6455 §7.4.1 and its registry allow on the wire, so this does too.
   *
   * @param {number} [code]
   * @param {string} [reason] a lone surrogate in it is replaced
   * @throws {DOMException} InvalidAccessError if the code may not be sent, SyntaxError if the
   *   reason is longer than 123 bytes
   */
  close(code = undefined, reason = undefined) {
    instance(this);
    if ((code || typeof code === 'number') && !isCloseCode(Number(code))) {
      throw new DOMException(`Close code ${code} is not valid.`, 'InvalidAccessError');
    }
    const text = reason ? util.toUSVString(String(reason)) : reason;
    if (text && Buffer.byteLength(text) > 123) {
      throw new DOMException('The close reason is longer than 123 bytes.', 'SyntaxError');
    }
    if (this._readyState === CONNECTING) abandon(this);
    else if (this._readyState === OPEN) startClosing(this, code, text);
  },
};

inheritEventTarget(W3CWebSocket);
for (const members of [attributes, methods]) {
  Object.defineProperties(W3CWebSocket.prototype, Object.getOwnPropertyDescriptors(members));
}
for (const [name, value] of Object.entries({ CONNECTING, OPEN, CLOSING, CLOSED })) {
  const constant = { value, enumerable: true };
  Object.defineProperty(W3CWebSocket, name, constant);
  Object.defineProperty(W3CWebSocket.prototype, name, constant);
}
Object.defineProperty(W3CWebSocket.prototype, Symbol.toStringTag, {
  value: 'WebSocket',
  configurable: true,
});
// The inherited function throws for objects that Node's EventTarget did not make.
Object.defineProperty(W3CWebSocket.prototype, util.inspect.custom, { value: undefined });
Object.defineProperty(W3CWebSocket, 'prototype', { writable: false });
// The standard has one required argument.
Object.defineProperty(W3CWebSocket, 'length', { value: 1 });

/**
 * Checks the receiver of an attribute or a method, as the standard demands. An object that a test
 * makes with `Object.create(W3CWebSocket.prototype)` passes; it has the fields that the test sets.
 *
 * @param {any} object
 * @throws {TypeError} for the prototype, and for an object that does not inherit from it
 */
function instance(object) {
  if (object === W3CWebSocket.prototype || !(object instanceof W3CWebSocket)) {
    throw new TypeError('Illegal invocation: this is no W3CWebSocket.');
  }
  return object;
}

function onConnect(socket, connection) {
  socket._readyState = OPEN;
  socket._connection = connection;
  socket._protocol = connection.protocol || '';
  socket._extensions = extensionsText(connection.extensions);
  connection.on('close', (code, reason) => onClose(socket, code, reason));
  connection.on('message', (message) => onMessage(socket, message));
  socket.dispatchEvent(new SocketEvent('open'));
}

function onConnectFailed(socket, error) {
  if (socket._readyState === CLOSED) return;
  socket._client.removeAllListeners();
  socket._readyState = CLOSED;
  try {
    socket.dispatchEvent(new ErrorEvent(error));
  } finally {
    socket.dispatchEvent(new CloseEvent(ABNORMAL, 'connection failed'));
  }
}

function onMessage(socket, message) {
  const data = message.type === 'utf8' ? message.utf8Data : binaryDataOf(socket, message);
  socket.dispatchEvent(new MessageEvent(data, socket[kOrigin]));
}

function binaryDataOf(socket, { binaryData }) {
  if (socket._binaryType === 'blob') return new Blob([binaryData]);
  const { buffer, byteOffset, byteLength } = binaryData;
  // A message that owns its memory needs no copy.
  if (byteLength === buffer.byteLength) return buffer;
  return buffer.slice(byteOffset, byteOffset + byteLength);
}

/** A lost connection emits 'close' and no 'error', as with 1.0.35. */
function onClose(socket, code, reason) {
  socket._client.removeAllListeners();
  socket._connection.removeAllListeners();
  socket._readyState = CLOSED;
  // RFC 6455 §7.4 forbids some codes on the wire; a peer may have sent one all the same.
  const valid = isCloseCode(code) ? code : ABNORMAL;
  socket.dispatchEvent(new CloseEvent(valid, reason || ''));
}

/** Emits the events later, because the caller of `close()` expects none before it returns. */
function abandon(socket) {
  socket._readyState = CLOSING;
  socket._client.removeAllListeners();
  socket._client.abort();
  const error = new Error('WebSocket was closed before the connection was established.');
  setImmediate(() => onConnectFailed(socket, error));
}

function startClosing(socket, code, reason) {
  socket._readyState = CLOSING;
  const { queue } = outputOf(socket);
  const close = () => {
    if (code) socket._connection.close(Number(code), reason ?? undefined);
    else socket._connection.close();
  };
  if (queue) queue.then(close);
  else close();
}

/**
 * Made when it is needed, because tests make sockets without the constructor, such as
 * `Object.create(W3CWebSocket.prototype)`.
 *
 * @param {any} socket
 * @returns {W3COutput}
 */
function outputOf(socket) {
  socket[kOutput] ??= new W3COutput();
  return socket[kOutput];
}

/**
 * @param {any} socket
 * @param {string | Buffer} payload
 * @param {number} size in bytes
 */
function transmit(socket, payload, size) {
  outputOf(socket).add(size);
  if (typeof payload === 'string') socket._connection.sendUTF(payload);
  else socket._connection.sendBytes(payload);
}

/** A Blob is read asynchronously, so everything sent after it waits for it. */
function enqueue(socket, payload) {
  const output = outputOf(socket);
  const size = sizeOf(payload);
  // The caller may reuse its memory as soon as send() returns.
  const kept = Buffer.isBuffer(payload) ? Buffer.from(payload) : payload;
  output.queuedBytes += size;
  const sent = (output.queue ?? Promise.resolve()).then(async () => {
    const bytes = kept instanceof Blob ? Buffer.from(await kept.arrayBuffer()) : kept;
    output.queuedBytes -= size;
    if (socket._connection.connected) transmit(socket, bytes, size);
    else socket._bufferedAmount += size;
  });
  const last = sent.catch((error) => onUnreadable(socket, error));
  output.queue = last;
  last.then(() => {
    if (output.queue === last) output.queue = null;
  });
}

/** An 'error' carries the reason, because the peer has not caused this close. */
function onUnreadable(socket, error) {
  try {
    if (socket._readyState === OPEN) socket.dispatchEvent(new ErrorEvent(error));
  } finally {
    socket._connection.drop(ABNORMAL, 'A Blob could not be read.', true);
  }
}

/**
 * Steps 1 to 8 of the constructor in the WebSockets standard.
 *
 * @param {string | URL} url
 * @throws {DOMException} SyntaxError
 */
function parseUrl(url) {
  let parsed;
  try {
    parsed = new URL(url);
  } catch {
    throw syntaxError(faultOf(resolveUrl, url) ?? `${url} is not a valid URL.`);
  }
  if (parsed.protocol === 'http:') parsed.protocol = 'ws:';
  if (parsed.protocol === 'https:') parsed.protocol = 'wss:';
  if (parsed.protocol !== 'ws:' && parsed.protocol !== 'wss:') {
    throw syntaxError(`The scheme of a WebSocket URL is ws or wss, not ${parsed.protocol}`);
  }
  // Only `href` shows an empty fragment.
  if (parsed.href.includes('#')) throw syntaxError('A WebSocket URL has no fragment.');
  return parsed;
}

/**
 * @param {unknown} protocols
 * @throws {DOMException} SyntaxError if one is no token, or two are equal in any case
 */
function parseProtocols(protocols) {
  const fault = faultOf(resolveProtocols, protocols);
  if (fault) throw syntaxError(fault);
  const list = resolveProtocols(protocols);
  const names = new Set(list.map((protocol) => String(protocol).toLowerCase()));
  if (names.size < list.length) throw syntaxError('Protocol list contains a duplicate.');
  return list;
}

/**
 * The client's words for what is wrong with an argument. The DOMException carries them.
 *
 * @param {(argument: any) => unknown} resolve
 * @param {unknown} argument
 */
function faultOf(resolve, argument) {
  try {
    resolve(argument);
    return null;
  } catch (error) {
    return error.message;
  }
}

/** @param {string} message */
function syntaxError(message) {
  return new DOMException(message, 'SyntaxError');
}

/** @param {any} data */
function payloadOf(data) {
  if (Buffer.isBuffer(data) || data instanceof Blob) return data;
  if (ArrayBuffer.isView(data)) return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (util.types.isAnyArrayBuffer(data)) return Buffer.from(data);
  return String(data);
}

/** @param {string | Buffer | Blob} payload */
function sizeOf(payload) {
  return payload instanceof Blob ? payload.size : Buffer.byteLength(payload);
}

module.exports = /** @type {typeof import('../index').w3cwebsocket} */ (
  /** @type {unknown} */ (W3CWebSocket)
);
