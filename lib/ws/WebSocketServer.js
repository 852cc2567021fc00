'use strict';

const { EventEmitter } = require('node:events');
const http = require('node:http');

const { acceptKey } = require('../internal/engine/codec');
const HttpServer = require('../internal/listener/HttpServer');
const kPeer = require('../internal/transport/kPeer');
const { refuse, reportOrRefuse } = require('./answers');
const extension = require('./extension');
const { COMMON_DEFAULTS, socketOptions } = require('./options');
const PerMessageDeflate = require('./PerMessageDeflate');
const {
  acceptExtensions,
  describeClient,
  faultOfRequest,
  readProtocols,
} = require('./upgradeRequest');
const WebSocket = require('./WebSocket');

/** Values of `_state`. */
const RUNNING = 0;
const CLOSING = 1;
const CLOSED = 2;

/** Key of the server's listener for 'close' of its clients. */
const kForget = Symbol('forget');

/** Marks the sockets that became a WebSocket. */
const kUpgraded = Symbol('upgraded');

/** See ServerOptions in types/ws/index.d.ts. */
const DEFAULTS = {
  ...COMMON_DEFAULTS,
  backlog: null,
  clientTracking: true,
  handleProtocols: null,
  host: null,
  noServer: false,
  path: null,
  perMessageDeflate: false,
  port: null,
  server: null,
  verifyClient: null,
  WebSocket,
};

/**
 * Takes the WebSocket upgrades of an HTTP server: its own, a given one, or any that calls
 * `handleUpgrade()`. Each upgrade reads `options` again, so an application may change them.
 */
class WebSocketServer extends EventEmitter {
  /**
   * @param {any} options
   * @param {() => void} [callback] a listener for 'listening', used with `port` only
   */
  constructor(options, callback) {
    super();
    /** @type {any} */
    const settings = { ...DEFAULTS, ...options };
    checkMode(settings);
    if (settings.port !== null && settings.port !== undefined) {
      this._server = new HttpServer(demandUpgrade);
      this._server.listen(settings.port, settings.host, settings.backlog, callback);
    } else if (settings.server) {
      this._server = settings.server;
    }
    if (this._server) this._removeListeners = attach(this, this._server);
    if (settings.perMessageDeflate === true) settings.perMessageDeflate = {};
    if (settings.clientTracking) {
      this.clients = new Set();
      this._shouldEmitClose = false;
    }
    this[kForget] = forgetter(this);
    this.options = settings;
    this._state = RUNNING;
  }

  /** The address of the HTTP server; null while it does not listen. */
  address() {
    if (this.options.noServer) {
      throw new Error('The server is operating in "noServer" mode');
    }
    return this._server ? this._server.address() : null;
  }

  /**
   * Takes no more upgrades. Connections stay open.
   *
   * @param {(error?: Error) => void} [callback] a listener for 'close'
   */
  close(callback) {
    if (this._state === CLOSED) {
      if (callback) this.once('close', () => callback(new Error('The server is not running')));
      process.nextTick(finish, this);
      return;
    }
    if (callback) this.once('close', callback);
    if (this._state === CLOSING) return;
    this._state = CLOSING;

    const httpServer = detach(this);
    const isForeign = this.options.noServer || this.options.server;
    if (!isForeign) httpServer.close(() => finish(this));
    else if (this.clients && this.clients.size > 0) this._shouldEmitClose = true;
    else process.nextTick(finish, this);
  }

  /**
   * Whether this server takes a request. Applications replace this method.
   *
   * @param {any} request
   * @returns {boolean}
   */
  shouldHandle(request) {
    const { path } = this.options;
    return !path || request.url.split('?', 1)[0] === path;
  }

  /**
   * Takes or refuses an upgrade request.
   *
   * @param {any} request
   * @param {any} socket
   * @param {Buffer} head what the client sent behind its request
   * @param {(websocket: any, request: any) => void} callback
   */
  handleUpgrade(request, socket, head, callback) {
    socket.on('error', destroy);
    const fault = faultOfRequest(request);
    if (fault) {
      reportOrRefuse(this, request, socket, fault);
      return;
    }
    if (!this.shouldHandle(request)) {
      refuse(socket, 400);
      return;
    }
    const { protocols, fault: faultOfProtocols } = readProtocols(request);
    if (faultOfProtocols) {
      reportOrRefuse(this, request, socket, faultOfProtocols);
      return;
    }
    const { extensions, fault: faultOfExtensions } = acceptExtensions(request, this.options);
    if (faultOfExtensions) {
      reportOrRefuse(this, request, socket, faultOfExtensions);
      return;
    }
    const key = request.headers['sec-websocket-key'];
    verify(this.options, request, (isVerified, status, message, headers) => {
      if (!isVerified) refuse(socket, status || 401, message, headers);
      else this.completeUpgrade(extensions, key, protocols, request, socket, head, callback);
    });
  }

  /**
   * Answers a request that is taken, and hands the socket to a new WebSocket.
   *
   * @param {Record<string, any>} extensions
   * @param {string} key
   * @param {Set<string>} protocols
   * @param {any} request
   * @param {any} socket
   * @param {Buffer} head
   * @param {(websocket: any, request: any) => void} callback
   */
  completeUpgrade(extensions, key, protocols, request, socket, head, callback) {
    // The client may have left while `verifyClient` decided.
    if (!socket.readable || !socket.writable) {
      socket.destroy();
      return;
    }
    if (socket[kUpgraded] || socket[kPeer]) throw usedBefore();
    if (this._state !== RUNNING) {
      refuse(socket, 503);
      return;
    }
    const websocket = new this.options.WebSocket(null, undefined, this.options);
    const lines = [
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Accept: ${acceptKey(key)}`,
    ];
    chooseProtocol(websocket, lines, protocols, request, this.options);
    takeExtensions(websocket, lines, extensions);
    this.emit('headers', lines, request);

    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    socket.removeListener('error', destroy);
    socket[kUpgraded] = true;
    websocket.setSocket(socket, head, socketOptions(this.options));
    if (this.clients) {
      this.clients.add(websocket);
      websocket.on('close', this[kForget]);
    }
    callback(websocket, request);
  }
}

/** @param {any} options */
function checkMode({ port, server, noServer }) {
  const modes = [port !== null && port !== undefined, server, noServer];
  if (modes.filter(Boolean).length === 1) return;
  throw new TypeError(
    'One and only one of the "port", "server", or "noServer" options must be specified',
  );
}

/**
 * Answers requests that ask for no upgrade.
 *
 * @param {any} _request
 * @param {import('node:http').ServerResponse} response
 */
function demandUpgrade(_request, response) {
  const body = /** @type {string} */ (http.STATUS_CODES[426]);
  response.writeHead(426, { 'Content-Length': body.length, 'Content-Type': 'text/plain' });
  response.end(body);
}

/**
 * Listens to the events of an HTTP server.
 *
 * @param {any} server
 * @param {any} httpServer
 * @returns {() => void} removes the listeners
 */
function attach(server, httpServer) {
  const onConnection = server.emit.bind(server, 'connection');
  const listeners = {
    listening: server.emit.bind(server, 'listening'),
    error: server.emit.bind(server, 'error'),
    upgrade: (request, socket, head) => server.handleUpgrade(request, socket, head, onConnection),
  };
  for (const [event, listener] of Object.entries(listeners)) httpServer.on(event, listener);
  return () => {
    for (const [event, listener] of Object.entries(listeners)) {
      httpServer.removeListener(event, listener);
    }
  };
}

/**
 * Undoes `attach()`.
 *
 * @param {any} server
 * @returns {any} the HTTP server, if there is one
 */
function detach(server) {
  const httpServer = server._server;
  if (httpServer) {
    server._removeListeners();
    server._removeListeners = null;
    server._server = null;
  }
  return httpServer;
}

/** @param {any} server */
function finish(server) {
  server._state = CLOSED;
  server.emit('close');
}

/**
 * A listener that removes a closed WebSocket from the server's clients. All clients share one,
 * because a function for each takes memory.
 *
 * @param {any} server
 */
function forgetter(server) {
  /** @this {any} */
  return function forget() {
    server.clients.delete(this);
    if (server._shouldEmitClose && server.clients.size === 0) process.nextTick(finish, server);
  };
}

/**
 * Lets `verifyClient` decide at once or, if it takes two parameters, later.
 *
 * @param {any} options
 * @param {any} request
 * @param {(isVerified: any, status?: number, message?: string, headers?: any) => void} decide
 */
function verify(options, request, decide) {
  if (!options.verifyClient) {
    decide(true);
    return;
  }
  const client = describeClient(request);
  if (options.verifyClient.length === 2) options.verifyClient(client, decide);
  else decide(options.verifyClient(client));
}

/**
 * @param {any} websocket
 * @param {string[]} lines of the answer
 * @param {Set<string>} protocols
 * @param {any} request
 * @param {any} options
 */
function chooseProtocol(websocket, lines, protocols, request, options) {
  if (protocols.size === 0) return;
  const [first] = protocols;
  const protocol = options.handleProtocols ? options.handleProtocols(protocols, request) : first;
  if (!protocol) return;
  lines.push(`Sec-WebSocket-Protocol: ${protocol}`);
  websocket._protocol = protocol;
}

/**
 * @param {any} websocket
 * @param {string[]} lines of the answer
 * @param {Record<string, any>} extensions
 */
function takeExtensions(websocket, lines, extensions) {
  const name = PerMessageDeflate.extensionName;
  if (!extensions[name]) return;
  const agreed = extension.format({ [name]: [extensions[name].params] });
  lines.push(`Sec-WebSocket-Extensions: ${agreed}`);
  websocket._extensions = extensions;
}

function usedBefore() {
  return new Error(
    'server.handleUpgrade() was called more than once with the same socket, possibly due to a misconfiguration',
  );
}

/**
 * Listener for errors of a socket that is no WebSocket yet.
 *
 * @this {any}
 */
function destroy() {
  this.destroy();
}

module.exports = WebSocketServer;
