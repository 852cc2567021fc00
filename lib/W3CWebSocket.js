'use strict';

const { setImmediate } = require('node:timers');
const util = require('node:util');

const { resolveProtocols, resolveUrl } = require('./clientRequest');
const { extensionsText } = require('./deflate');
const native = require('./native');
const { CloseEvent, ErrorEvent, MessageEvent } = require('./W3CEvents');
const WebSocketClient = require('./WebSocketClient');

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

const kHandlers = Symbol('handlers');

/**
 * The WebSocket of browsers, over WebSocketClient. The arguments past the second, the default
 * `binaryType` of 'arraybuffer', the `url` as it was given, and the `error` on 'error' events are
 * this package's.
 */
class W3CWebSocket extends EventTarget {
  /**
   * Settles when the last of what waits for a Blob to be read has been sent; null if nothing waits.
   *
   * @type {Promise<void> | null}
   */
  #queue = null;
  #queuedBytes = 0;
  #failure = null;
  #origin;

  /**
   * @param {string | URL} url
   * @param {string | string[]} [protocols]
   * @param {string} [origin]
   * @param {import('node:http').OutgoingHttpHeaders} [headers]
   * @param {object} [requestOptions]
   * @param {import('../index').IClientConfig} [clientConfig]
   */
  constructor(url, protocols, origin, headers, requestOptions, clientConfig) {
    super();
    const target = parseUrl(url);
    const subprotocols = parseProtocols(protocols);

    this._url = String(url);
    this._readyState = CONNECTING;
    this._protocol = '';
    this._extensions = '';
    this._bufferedAmount = 0;
    this._binaryType = 'arraybuffer';
    this._connection = undefined;
    this.#origin = target.origin;
    this[kHandlers] = {};

    // The standard knows messages only.
    this._client = new WebSocketClient({ ...clientConfig, assembleFragments: true });
    this._client.on('connect', (connection) => this.#onConnect(connection));
    this._client.on('connectFailed', (error) => this.#onConnectFailed(error));
    this._client.connect(target.href, subprotocols, origin, headers, requestOptions);
  }

  get url() {
    return this._url;
  }

  get readyState() {
    return this._readyState;
  }

  /** The subprotocol in use; '' before 'open' and if there is none. */
  get protocol() {
    return this._protocol;
  }

  /** Those in use, as the server's header has them; '' before 'open' and if there are none. */
  get extensions() {
    return this._extensions;
  }

  /** Bytes given to `send()` that have not left for the network yet, or never will. */
  get bufferedAmount() {
    return this._bufferedAmount + this.#queuedBytes + (this._connection?.bufferedAmount ?? 0);
  }

  get binaryType() {
    return this._binaryType;
  }

  /** Anything but 'arraybuffer' and 'blob' is ignored, as the standard has it for an enumeration. */
  set binaryType(type) {
    if (type === 'arraybuffer' || type === 'blob') this._binaryType = type;
  }

  /**
   * @param {any} data a string, ArrayBuffer, view or Blob; anything else is sent as its string
   * @throws {DOMException} InvalidStateError before 'open'
   */
  send(data) {
    if (this._readyState === CONNECTING) {
      throw new DOMException('cannot call send() while not connected', 'InvalidStateError');
    }
    const payload = payloadOf(data);
    if (this._readyState !== OPEN) this._bufferedAmount += sizeOf(payload);
    else if (this.#queue || payload instanceof Blob) this.#enqueue(payload);
    else this.#transmit(payload);
  }

  /**
   * The standard has 1000 and 3000 to 4999 for applications. npm `websocket` also sends the codes that
   * RFC 6455 §7.4.1 and its registry have for the wire, so these stay allowed.
   *
   * @param {number} [code]
   * @param {string} [reason]
   * @throws {DOMException} InvalidAccessError if the code may not be sent, SyntaxError if the reason
   *   is longer than 123 bytes
   */
  close(code, reason) {
    if (code && !native.isCloseCode(Number(code))) {
      throw new DOMException(`Close code ${code} is not valid.`, 'InvalidAccessError');
    }
    if (reason && Buffer.byteLength(String(reason)) > 123) {
      throw new DOMException('The close reason is longer than 123 bytes.', 'SyntaxError');
    }
    if (this._readyState === CONNECTING) this.#abandon();
    else if (this._readyState === OPEN) this.#startClosing(code, reason);
  }

  #onConnect(connection) {
    this._readyState = OPEN;
    this._connection = connection;
    this._protocol = connection.protocol || '';
    this._extensions = extensionsText(connection.extensions);
    connection.on('error', (error) => {
      this.#failure = error;
    });
    connection.on('close', (code, reason) => this.#onClose(code, reason));
    connection.on('message', (message) => this.#onMessage(message));
    this.dispatchEvent(new Event('open'));
  }

  #onConnectFailed(error) {
    if (this._readyState === CLOSED) return;
    this._client.removeAllListeners();
    this._readyState = CLOSED;
    this.dispatchEvent(new ErrorEvent(error));
    this.dispatchEvent(new CloseEvent(1006, 'connection failed', false));
  }

  #onMessage(message) {
    this.dispatchEvent(new MessageEvent(this.#dataOf(message), this.#origin));
  }

  #dataOf(message) {
    if (message.type === 'utf8') return message.utf8Data;
    const bytes = message.binaryData;
    if (this._binaryType === 'blob') return new Blob([bytes]);
    const { buffer, byteOffset, byteLength } = bytes;
    // A message that owns its memory is handed over as it is.
    if (byteLength === buffer.byteLength) return buffer;
    return buffer.slice(byteOffset, byteOffset + byteLength);
  }

  #onClose(code, reason) {
    const wasClosing = this._readyState === CLOSING;
    const wasClean = this._connection._closeReceived;
    this._client.removeAllListeners();
    this._connection.removeAllListeners();
    this._readyState = CLOSED;
    // RFC 6455 §7.1.7: a connection that is lost without a close frame has failed.
    if (!wasClean && !wasClosing) {
      this.dispatchEvent(new ErrorEvent(this.#failure ?? new Error(reason)));
    }
    // A close frame without a code is 1005 in the standard, where the connection has no word for it.
    if (wasClean && code === 1006) this.dispatchEvent(new CloseEvent(1005, '', true));
    else this.dispatchEvent(new CloseEvent(code, reason || '', wasClean));
  }

  /** The events come later, as whoever calls `close()` may expect to return from it first. */
  #abandon() {
    this._readyState = CLOSING;
    this._client.removeAllListeners();
    this._client.abort();
    const error = new Error('WebSocket was closed before the connection was established.');
    setImmediate(() => this.#onConnectFailed(error));
  }

  #startClosing(code, reason) {
    this._readyState = CLOSING;
    const close = () => {
      if (code) this._connection.close(Number(code), reason ?? undefined);
      else this._connection.close();
    };
    if (this.#queue) this.#queue.then(close);
    else close();
  }

  #transmit(payload) {
    if (typeof payload === 'string') this._connection.sendUTF(payload);
    else this._connection.sendBytes(payload);
  }

  /** A Blob is read asynchronously, so what is sent after it waits for it. */
  #enqueue(payload) {
    const size = sizeOf(payload);
    // The caller may reuse its memory as soon as send() returns.
    const kept = Buffer.isBuffer(payload) ? Buffer.from(payload) : payload;
    this.#queuedBytes += size;
    const turn = (this.#queue ?? Promise.resolve()).then(async () => {
      const bytes = kept instanceof Blob ? Buffer.from(await kept.arrayBuffer()) : kept;
      this.#queuedBytes -= size;
      if (this._connection.connected) this.#transmit(bytes);
      else this._bufferedAmount += size;
    });
    const last = turn.catch((error) => this.#onUnreadable(error));
    this.#queue = last;
    last.then(() => {
      if (this.#queue === last) this.#queue = null;
    });
  }

  #onUnreadable(error) {
    this.#failure = error;
    this._connection.drop(1006, 'A Blob could not be read.', true);
  }
}

/**
 * WebSockets standard, the constructor's steps 1 to 8.
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
  if (parsed.hash !== '') throw syntaxError('A WebSocket URL has no fragment.');
  return parsed;
}

/**
 * @param {unknown} protocols
 * @throws {DOMException} SyntaxError if one is no token or there twice
 */
function parseProtocols(protocols) {
  const fault = faultOf(resolveProtocols, protocols);
  if (fault) throw syntaxError(fault);
  const list = resolveProtocols(protocols);
  if (new Set(list).size < list.length) throw syntaxError('Protocol list contains a duplicate.');
  return list;
}

/**
 * The client's own words for what is wrong with an argument, which the DOMException then carries.
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

/**
 * Gives a class an attribute such as `onopen`: a listener that is added when it is first set and
 * taken off when it is set to anything but a function, as the HTML standard has event handlers.
 *
 * @param {'open' | 'message' | 'error' | 'close'} type
 */
function defineHandler(type) {
  Object.defineProperty(W3CWebSocket.prototype, `on${type}`, {
    configurable: true,
    enumerable: true,
    get() {
      return this[kHandlers][type]?.callback ?? null;
    },
    set(callback) {
      const handlers = this[kHandlers];
      if (typeof callback !== 'function') {
        if (handlers[type]) this.removeEventListener(type, handlers[type].listener);
        handlers[type] = null;
      } else if (handlers[type]) {
        handlers[type].callback = callback;
      } else {
        const handler = { callback, listener: (event) => handler.callback.call(this, event) };
        handlers[type] = handler;
        this.addEventListener(type, handler.listener);
      }
    },
  });
}

for (const type of /** @type {const} */ (['open', 'message', 'error', 'close']))
  defineHandler(type);

for (const [name, value] of Object.entries({ CONNECTING, OPEN, CLOSING, CLOSED })) {
  const constant = { value, enumerable: true };
  Object.defineProperty(W3CWebSocket, name, constant);
  Object.defineProperty(W3CWebSocket.prototype, name, constant);
}

module.exports = W3CWebSocket;
