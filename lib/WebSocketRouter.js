'use strict';

const { EventEmitter } = require('node:events');
const util = require('node:util');

const { extend } = require('./utils');
const WebSocketRouterRequest = require('./WebSocketRouterRequest');

const { NO_PROTOCOL } = WebSocketRouterRequest;
const ANY_PROTOCOL = '*';

/**
 * Hands the requests of a WebSocketServer to callbacks, by path and subprotocol.
 *
 * @constructor
 * @this {any}
 * @param {any} [config]
 */
function WebSocketRouter(config) {
  EventEmitter.call(this);
  this.config = { server: null };
  extend(this.config, config);
  this.handlers = [];
  this._requestHandler = this.handleRequest.bind(this);
  if (this.config.server) this.attachServer(this.config.server);
}

util.inherits(WebSocketRouter, EventEmitter);

const methods = {
  attachServer(server) {
    if (!server) throw new Error('You must specify a WebSocketServer instance to attach to.');
    this.server = server;
    this.server.on('request', this._requestHandler);
  },

  detachServer() {
    if (!this.server) throw new Error('Cannot detach from server: not attached.');
    this.server.removeListener('request', this._requestHandler);
    this.server = null;
  },

  mount(path, protocol, callback) {
    if (!path) throw new Error('You must specify a path for this handler.');
    if (!callback) throw new Error('You must specify a callback for this handler.');
    const pattern = this.pathToRegExp(path);
    if (!(pattern instanceof RegExp)) {
      throw new Error('Path must be specified as either a string or a RegExp.');
    }
    const route = {
      path: pattern,
      pathString: pattern.toString(),
      protocol: (protocol || NO_PROTOCOL).toLowerCase(),
      callback,
    };
    if (this.findHandlerIndex(route.pathString, route.protocol) !== -1) {
      throw new Error('You may only mount one handler per path/protocol combination.');
    }
    this.handlers.push(route);
  },

  unmount(path, protocol) {
    const index = this.findHandlerIndex(
      this.pathToRegExp(path).toString(),
      protocol || NO_PROTOCOL,
    );
    if (index === -1) {
      throw new Error('Unable to find a route matching the specified path and protocol.');
    }
    this.handlers.splice(index, 1);
  },

  findHandlerIndex(pathString, protocol) {
    const wanted = protocol.toLowerCase();
    return this.handlers.findIndex(
      (route) => route.pathString === pathString && route.protocol === wanted,
    );
  },

  pathToRegExp(path) {
    if (typeof path !== 'string') return path;
    if (path === '*') return /^.*$/;
    return new RegExp(`^${path.replace(/[\s#$()*+,\-.?[\\\]^{|}]/g, '\\$&')}$`);
  },

  handleRequest(request) {
    const { requestedProtocols, resourceURL } = request;
    const names = requestedProtocols.length > 0 ? requestedProtocols : [NO_PROTOCOL];
    const wanted = new Set(names.map((name) => name.toLowerCase()));
    // Each path is matched once, since a client can name thousands of subprotocols.
    const candidates = this.handlers.filter(
      ({ path, protocol }) =>
        (wanted.has(protocol) || protocol === ANY_PROTOCOL) && matches(path, resourceURL.pathname),
    );
    // The client lists its subprotocols by preference, so that order decides between routes.
    for (const name of candidates.length > 0 ? wanted : []) {
      const route = candidates.find(
        ({ protocol }) => protocol === name || protocol === ANY_PROTOCOL,
      );
      if (route) {
        route.callback(new WebSocketRouterRequest(request, name));
        return;
      }
    }
    request.reject(404, 'No handler is available for the given request.');
  },
};

// The name in @types/websocket.
methods.pathToRegEx = methods.pathToRegExp;

Object.assign(WebSocketRouter.prototype, methods);

/**
 * @param {RegExp} path
 * @param {string} pathname
 */
function matches(path, pathname) {
  // A global or sticky expression would continue from its last match, which was another request's.
  path.lastIndex = 0;
  return path.test(pathname);
}

module.exports = /** @type {typeof import('../index').router} */ (
  /** @type {unknown} */ (WebSocketRouter)
);
