'use strict';

const { EventEmitter } = require('node:events');
const http = require('node:http');
const https = require('node:https');
const util = require('node:util');

const clientAgent = require('./internal/client/agent');
const ConnectAttempt = require('./internal/handshake/ConnectAttempt');
const {
  requestOptionsFor,
  resolveProtocols,
  resolveUrl,
} = require('./internal/handshake/clientRequest');
const { concludeDeflate, deflateOptions } = require('./internal/handshake/deflate');
const { faultOfResponse } = require('./internal/handshake/headers');
const linger = require('./internal/transport/linger');
const { handshakeKey } = require('./internal/engine/codec');
const takeOver = require('./internal/websocket/takeOver');
const { CLOSE_TIMEOUT } = require('./internal/util/defaults');
const { extend, noop } = require('./utils');
const WebSocketConnection = require('./WebSocketConnection');

/** See IClientConfig in types/config.d.ts. */
const DEFAULTS = {
  maxReceivedFrameSize: 0x100000,
  maxReceivedMessageSize: 0x800000,
  fragmentOutgoingMessages: true,
  fragmentationThreshold: 0x4000,
  webSocketVersion: 13,
  assembleFragments: true,
  disableNagleAlgorithm: true,
  closeTimeout: CLOSE_TIMEOUT,
};

/**
 * Opens connections to servers, one for each call of `connect()`.
 *
 * @constructor
 * @this {any}
 * @param {any} [config]
 */
function WebSocketClient(config) {
  EventEmitter.call(this);
  this.config = { ...DEFAULTS };
  extend(this.config, config);
  this.config.tlsOptions = {};
  extend(this.config.tlsOptions, config?.tlsOptions);
  const deflate = deflateOptions(this.config.perMessageDeflate);
  if (deflate) this.config.perMessageDeflate = deflate;
  this._req = null;
  if (this.config.webSocketVersion !== 8 && this.config.webSocketVersion !== 13) {
    throw new Error('Requested webSocketVersion is not supported. Allowed values are 8 and 13.');
  }
}

util.inherits(WebSocketClient, EventEmitter);

/** Resets the fields of an answer, so that they never show that of an earlier call. */
const NOTHING_RECEIVED = {
  socket: undefined,
  response: undefined,
  firstDataChunk: null,
  protocol: undefined,
  _agreement: null,
};

const methods = {
  connect(requestUrl, protocols, origin, headers, extraRequestOptions) {
    const url = resolveUrl(requestUrl);
    const attempt = new ConnectAttempt();
    const target = {
      url,
      secure: url.protocol === 'wss:' || url.protocol === 'https:',
      // RFC 6455 §4.1, item 10: each at most once, and none is empty.
      protocols: [...new Set(resolveProtocols(protocols))].filter((protocol) => protocol !== ''),
      origin,
      base64nonce: handshakeKey(),
      _attempt: attempt,
      _deflate: deflateOptions(this.config.perMessageDeflate),
      _requestHeaders: {},
    };
    /** @type {any} */
    const options = requestOptionsFor(target, this.config, headers, extraRequestOptions);
    if (target.secure && options.agent === false && this.config.transport !== 'stream') {
      options.agent = clientAgent();
    }
    const req = (target.secure ? https : http).request(options);
    target._requestHeaders = options.headers;
    Object.assign(this, NOTHING_RECEIVED, target);
    this._req = req;
    this._awaitAnswer(req, target);
    req.end();
    return attempt;
  },

  validateHandshake() {
    const { headers } = this.response;
    if (this.protocols.length > 0) this.protocol = headers['sec-websocket-protocol'];
    const sent = this._requestHeaders ?? {};
    const fault = faultOfResponse(headers, this.base64nonce, this.protocols, sent);
    if (fault) this.failHandshake(fault);
    else if (this._concludes(headers['sec-websocket-extensions'])) this.succeedHandshake();
  },

  failHandshake(errorDescription) {
    if (this.socket) {
      this.socket.on('error', noop);
      if (this.socket.writable) this.socket.end();
      linger(this.socket, this.config.closeTimeout);
    }
    this._fail(new Error(errorDescription));
  },

  succeedHandshake() {
    const { socket, firstDataChunk: head, _attempt: attempt } = this;
    this.firstDataChunk = null;
    /** @type {any} */
    const connection = new /** @type {any} */ (WebSocketConnection)(
      socket,
      this._agreement?.extensions ?? [],
      this.protocol,
      true,
      this.config,
      'client',
      undefined,
      this._agreement?.deflate,
    );
    connection.webSocketVersion = this.config.webSocketVersion;
    socket.on('error', noop);
    takeOver(connection, head);
    attempt?.fulfil(connection);
    this.emit('connect', connection);
  },

  abort() {
    // Unlike destroy(), abort() is no error of a request that has no socket yet. So no
    // 'connectFailed' follows then, as with npm `websocket`.
    this._req?.abort();
  },

  /**
   * Reads the server's answer to an offer of compression.
   *
   * @returns {boolean} false if the handshake has failed because of it
   */
  _concludes(extensions) {
    if (!this._deflate) return true;
    try {
      this._agreement = concludeDeflate(extensions, this._deflate);
      return true;
    } catch (error) {
      this.failHandshake(error.message);
      return false;
    }
  },

  /**
   * `target` holds the fields of this client that belong to the call. The answer sets them again,
   * because another call may have replaced them.
   */
  _awaitAnswer(req, target) {
    const timer = destroyAfter(req, this.config.handshakeTimeout);
    const answered = () => {
      clearTimeout(timer);
      if (this._req === req) this._req = null;
      Object.assign(this, NOTHING_RECEIVED, target);
    };
    req.on('error', (error) => {
      if (target._attempt.settled) return;
      answered();
      this._fail(error);
    });
    req.on('close', () => {
      if (target._attempt.settled) return;
      answered();
      target._attempt.fail(new Error('The request was aborted.'));
    });
    req.on('upgrade', (response, socket, head) => {
      answered();
      Object.assign(this, { response, socket, firstDataChunk: head });
      this.validateHandshake();
    });
    req.on('response', (response) => {
      answered();
      this._refused(req, response);
    });
  },

  _refused(req, response) {
    const description = describeResponse(response);
    if (this.listenerCount('httpResponse') > 0) {
      this._attempt.fail(new Error(description));
      this.emit('httpResponse', response, this);
      response.socket?.end();
    } else {
      this.failHandshake(description);
      req.destroy();
    }
  },

  _fail(error) {
    this._attempt?.fail(error);
    this.emit('connectFailed', error);
  },
};

Object.assign(WebSocketClient.prototype, methods);

/**
 * @param {import('node:http').ClientRequest} req
 * @param {number | undefined} milliseconds none or 0 for no limit
 */
function destroyAfter(req, milliseconds) {
  if (!milliseconds) return undefined;
  return setTimeout(() => {
    const error = new Error(`The opening handshake took longer than ${milliseconds} ms.`);
    req.destroy(Object.assign(error, { code: 'ETIMEDOUT' }));
  }, milliseconds);
}

/** @param {import('node:http').IncomingMessage} response */
function describeResponse(response) {
  const headers = Object.entries(response.headers).map(([name, value]) => `${name}: ${value}`);
  return (
    `Server responded with a non-101 status: ${response.statusCode} ${response.statusMessage}\n` +
    `Response Headers Follow:\n${headers.join('\n')}\n`
  );
}

module.exports = /** @type {typeof import('../index').client} */ (
  /** @type {unknown} */ (WebSocketClient)
);
