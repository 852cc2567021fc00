'use strict';

// Makes classes of servers whose connections the engine accepts. Everything else stays Node's:
// `listen()` in all its forms, the handle, its address and errors, closing, and HTTP itself.

const net = require('node:net');

const { engine } = require('../engine/engine');
const borrow = require('./borrow');
const { systemError } = require('./handOver');
const Listener = require('./Listener');
const ServerState = require('./ServerState');
const { isWatched, onSet } = require('./watched');

/** Key of a server's ServerState. */
const kState = Symbol('websocket.listening');

/**
 * Whether Node counts connections that have sent nothing as idle. Before, it waited for their first
 * request.
 */
const CLOSES_SILENT = Number.parseInt(process.versions.node, 10) >= 26;

/** Properties of a server by whose values somebody watches its connections. */
const WATCHING = ['maxConnections', 'timeout'];

/** Properties of a server that limit the time of a request. */
const TIMEOUTS = ['headersTimeout', 'requestTimeout'];

/** The addresses that stand for all of a family, with the family, best first. */
const ANY_ADDRESS = /** @type {const} */ ([
  ['::', 6],
  ['0.0.0.0', 4],
]);

/** Methods of such a server. */
const methods = {
  /** Called by Node's `listen()` when it is clear where to listen. */
  _listen2(...args) {
    const state = this[kState];
    const listener = isPossible(this, state) ? prepare(this, state, args) : null;
    Reflect.apply(inherited(this, '_listen2'), this, args);
    if (listener !== null && this._handle === listener.handle) settle(listener, state);
  },

  on(event, listener) {
    return watchListener(this, 'on', event, listener);
  },

  addListener(event, listener) {
    return watchListener(this, 'addListener', event, listener);
  },

  prependListener(event, listener) {
    return watchListener(this, 'prependListener', event, listener);
  },

  getConnections(callback) {
    const listeners = [...this[kState].listeners];
    const arriving = listeners.reduce((sum, listener) => sum + listener.arriving(), 0);
    this._connections += arriving;
    try {
      return Reflect.apply(inherited(this, 'getConnections'), this, [callback]);
    } finally {
      this._connections -= arriving;
    }
  },

  closeIdleConnections() {
    if (CLOSES_SILENT) for (const listener of this[kState].listeners) listener.closeIdle();
    return Reflect.apply(inherited(this, 'closeIdleConnections'), this, []);
  },

  closeAllConnections() {
    for (const listener of this[kState].listeners) listener.closeArriving();
    return Reflect.apply(inherited(this, 'closeAllConnections'), this, []);
  },
};

/** Methods of such a server that speaks TLS. */
const secureMethods = {
  // Node's constructor calls it, too.
  setSecureContext(options) {
    Reflect.apply(inherited(this, 'setSecureContext'), this, [options]);
    this[kState].changeTls((secure) => secure.change(options));
  },

  setTicketKeys(keys) {
    Reflect.apply(inherited(this, 'setTicketKeys'), this, [keys]);
    this[kState].changeTls((secure) => secure.change({ ticketKeys: keys }));
  },

  addContext(servername, context) {
    Reflect.apply(inherited(this, 'addContext'), this, [servername, context]);
    this[kState].changeTls((secure) => secure.add(servername, context));
  },

  setOptions(options) {
    Reflect.apply(inherited(this, 'setOptions'), this, [options]);
    this[kState].changeTls(() => false);
  },
};

/**
 * @param {any} server
 * @param {string} name
 * @returns {any} Node's own method
 */
function inherited(server, name) {
  return server[kState].inherited[name];
}

/**
 * Makes a class of servers whose connections the engine's I/O threads accept. Each is one of Node's
 * in everything else, and in everything where the engine can't accept.
 *
 * @param {any} NodesServer http.Server or https.Server
 * @param {string[]} events those of its connections that come before the first request
 * @returns {any}
 */
function defineServer(NodesServer, events) {
  /**
   * @this {any}
   * @param {any} [options] those of Node's constructor
   * @param {any} [requestListener] a listener for 'request'
   */
  function Server(options, requestListener) {
    if (!(this instanceof Server)) return Reflect.construct(Server, [options, requestListener]);
    const state = new ServerState(this, NodesServer.prototype);
    // Node's constructor already adds listeners.
    Object.defineProperty(this, kState, { value: state });
    Reflect.apply(NodesServer, this, [options, requestListener]);
    state.begin(typeof options === 'function' ? {} : options, events);
    for (const name of WATCHING) onSet(this, name, () => state.noteWatcher());
    for (const name of TIMEOUTS) onSet(this, name, () => state.noteTimeouts());
  }
  Object.setPrototypeOf(Server.prototype, NodesServer.prototype);
  Object.setPrototypeOf(Server, NodesServer);
  const isSecure = 'setSecureContext' in NodesServer.prototype;
  for (const [name, value] of Object.entries({ ...methods, ...(isSecure ? secureMethods : {}) })) {
    Object.defineProperty(Server.prototype, name, { value, writable: true, configurable: true });
  }
  return Server;
}

/** Adds a listener, and notes if it watches connections. */
function watchListener(server, method, event, listener) {
  Reflect.apply(inherited(server, method), server, [event, listener]);
  const state = server[kState];
  if (state.nodes.has(event)) state.noteWatcher();
  return server;
}

/**
 * Whether the engine may accept for a server.
 *
 * @param {any} server
 * @param {ServerState} state
 */
function isPossible(server, state) {
  if (process.platform === 'win32' || process.versions.bun || process.versions.deno) return false;
  if (typeof engine.listen !== 'function' || state.secure?.contexts === null) return false;
  return !isWatched(server, state.nodes);
}

/**
 * Makes the handle of a server if it has none yet, and lets the engine listen on it in place of
 * libuv.
 *
 * @param {any} server
 * @param {ServerState} state
 * @param {any[]} args those of `_listen2`
 * @returns {Listener | null} null if Node has to listen itself
 */
function prepare(server, state, args) {
  server._handle ??= bind(args);
  const handle = server._handle;
  // A handle that another server listens on is watched by libuv already.
  if (!handle || typeof handle.onconnection === 'function') return null;
  const isOfCluster = handle.fd === undefined;
  if (!isOfCluster && !(handle.fd >= 0)) return null;
  const listener = new Listener(server, handle, state);
  const original = handle.listen;
  let backlogOfNode = 0;
  const giveBack = borrow(handle, {
    listen(backlog) {
      backlogOfNode = backlog;
      // A port that is taken is known to libuv since bind().
      const error = isOfCluster ? 0 : (handle.getsockname?.({}) ?? 0);
      return error < 0 ? error : listener.listen(isOfCluster ? -1 : handle.fd, backlog);
    },
    close() {
      state.toNode = null;
      listener.close();
    },
    setReferenced: (isReferenced) => listener.setReferenced(isReferenced),
  });
  state.toNode = () => {
    state.toNode = null;
    giveBack();
    listener.close();
    if (listener.onconnection !== null) handle.onconnection = listener.onconnection;
    const error = isOfCluster ? 0 : Reflect.apply(original, handle, [backlogOfNode]);
    if (error < 0) server.emit('error', systemError('listen', error));
  };
  return listener;
}

/**
 * Completes a listener when Node's own `listen()` has succeeded.
 *
 * @param {Listener} listener
 * @param {ServerState} state
 */
function settle(listener, state) {
  const { handle } = listener;
  if (!listener.noteHandle()) {
    state.toNode?.();
    return;
  }
  if (handle.fd === undefined) handle.onconnection = distribute(listener);
  // A listener may have come while Node looked up a host.
  state.noteWatcher();
}

/**
 * Makes the function that takes connections which the primary process of `node:cluster` has
 * accepted.
 *
 * @param {Listener} listener
 */
function distribute(listener) {
  /** @this {any} */
  return function onconnection(error, client) {
    if (!error) listener.Handle = client.constructor;
    const isTaken = !error && client.fd >= 0 && engine.acceptDescriptor(listener.slot, client.fd);
    // The engine has a duplicate of the descriptor.
    if (isTaken) client.close();
    else Reflect.apply(/** @type {any} */ (listener.onconnection), this, [error, client]);
  };
}

/**
 * Makes and binds a handle as Node does. Without an address, Node listens on all of them, those of
 * IPv4 if there is no IPv6.
 *
 * @param {any[]} args those of `_listen2`, which get the address that is bound
 * @returns {any} null if that fails; Node then fails in the same way, and reports it
 */
function bind(args) {
  const [address, port, addressType, , fd, flags] = args;
  if (address || typeof fd === 'number') return made(address, port, addressType, fd, flags);
  for (const [any, family] of ANY_ADDRESS) {
    const handle = made(any, port, family, fd, flags);
    if (handle !== null) {
      [args[0], args[2]] = [any, family];
      return handle;
    }
  }
  return null;
}

/** As net._createServerHandle(), but null if that fails. */
function made(...args) {
  const create = /** @type {any} */ (net)._createServerHandle;
  const handle = typeof create === 'function' ? create(...args) : null;
  return typeof handle === 'number' ? null : handle;
}

module.exports = defineServer;
