'use strict';

const { EventEmitter } = require('node:events');
const util = require('node:util');

/** The route name of clients that ask for no subprotocol. */
const NO_PROTOCOL = '____no_protocol____';

/** Fields of the request that a route's callback can read here. */
const SHARED_FIELDS = /** @type {const} */ ([
  'origin',
  'resource',
  'resourceURL',
  'httpRequest',
  'remoteAddress',
  'webSocketVersion',
  'requestedExtensions',
  'cookies',
]);

/**
 * A request as WebSocketRouter hands it to a route, with its subprotocol already chosen.
 *
 * @constructor
 * @this {any}
 * @param {any} webSocketRequest
 * @param {string} resolvedProtocol
 */
function WebSocketRouterRequest(webSocketRequest, resolvedProtocol) {
  EventEmitter.call(this);
  this.webSocketRequest = webSocketRequest;
  this.protocol = resolvedProtocol === NO_PROTOCOL ? null : resolvedProtocol;
  for (const field of SHARED_FIELDS) this[field] = webSocketRequest[field];
}

util.inherits(WebSocketRouterRequest, EventEmitter);

WebSocketRouterRequest.NO_PROTOCOL = NO_PROTOCOL;

const methods = {
  accept(origin, cookies, ...options) {
    const connection = this.webSocketRequest.accept(this.protocol, origin, cookies, ...options);
    this.emit('requestAccepted', connection);
    return connection;
  },

  reject(status, reason, extraHeaders) {
    this.webSocketRequest.reject(status, reason, extraHeaders);
    this.emit('requestRejected', this);
  },
};

Object.assign(WebSocketRouterRequest.prototype, methods);

module.exports = WebSocketRouterRequest;
