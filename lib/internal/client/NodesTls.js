'use strict';

const net = require('node:net');
const tls = require('node:tls');

/** The socket of Node's tls.connect() under a socket. */
const kNodes = Symbol('websocket.nodesTls');

/**
 * The prototype of a client's socket whose TLS is Node's after all: a tls.TLSSocket whose bytes go
 * through another one. An HTTP request that has a socket can't be given another.
 */
class NodesTls extends net.Socket {
  _read() {
    this[kNodes].resume();
  }

  _write(chunk, encoding, callback) {
    refreshTimeout(this);
    this[kNodes].write(chunk, encoding, callback);
  }

  _writev(chunks, callback) {
    refreshTimeout(this);
    const pieces = chunks.map(({ chunk, encoding }) =>
      typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk,
    );
    this[kNodes].write(Buffer.concat(pieces), callback);
  }

  _final(callback) {
    this[kNodes].end(callback);
  }

  _destroy(error, callback) {
    const inner = this[kNodes];
    const finish = () => net.Socket.prototype._destroy.call(this, error, callback);
    if (inner.closed) finish();
    else inner.once('close', finish);
    inner.destroy();
  }
}

/** Of net.Socket: what asks the connection or sets something of it. */
const OF_SOCKETS = [
  ...['address', 'ref', 'unref', 'resetAndDestroy', 'setKeepAlive', 'setNoDelay'],
  ...['getTypeOfService', 'setTypeOfService', 'bytesRead', 'bytesWritten', 'localAddress'],
  ...['pending', 'localFamily', 'localPort', 'remoteAddress', 'remoteFamily', 'remotePort'],
];

/**
 * Makes a method or a getter ask Node's socket.
 *
 * @param {any} origin a prototype of Node's that has it
 * @param {string} name
 */
function delegate(origin, name) {
  const descriptor = Object.getOwnPropertyDescriptor(origin, name);
  if (descriptor === undefined || Object.hasOwn(NodesTls.prototype, name)) return;
  const settings = { configurable: true, enumerable: descriptor.enumerable };
  if (typeof descriptor.value !== 'function') {
    Object.defineProperty(NodesTls.prototype, name, {
      ...settings,
      /** @this {any} */
      get() {
        return this[kNodes][name];
      },
    });
    return;
  }
  Object.defineProperty(NodesTls.prototype, name, {
    ...settings,
    writable: true,
    /** @this {any} */
    value(...args) {
      const inner = this[kNodes];
      const result = inner[name](...args);
      return result === inner ? this : result;
    },
  });
}

for (const name of Object.getOwnPropertyNames(tls.TLSSocket.prototype)) {
  if (!name.startsWith('_')) delegate(tls.TLSSocket.prototype, name);
}
for (const name of OF_SOCKETS) delegate(net.Socket.prototype, name);
Object.setPrototypeOf(NodesTls.prototype, tls.TLSSocket.prototype);
// Applications print and compare the name of a socket's class.
Object.defineProperty(NodesTls, 'name', { value: 'TLSSocket' });

/** @param {any} socket */
function refreshTimeout(socket) {
  socket._unrefTimer?.();
}

/** Codes of errors which say that this handshake has failed, too, and not for its certificate. */
const FAILED_TOO = /^(?:EPROTO|ECONNRESET|ECONNREFUSED|ERR_SSL_\w+)$/;

/**
 * Connects by Node's tls.connect() for a socket whose handshake has failed.
 *
 * @param {any} socket a ClientSocket without a handle
 * @param {any} options those of tls.connect()
 * @param {Error} failure that handshake's, which the socket gets if Node's fails as well
 * @param {() => void} onSecure called behind 'secure', when the socket is a NodesTls or has failed
 * @returns {import('node:tls').TLSSocket}
 */
function connectByNode(socket, options, failure, onSecure) {
  // These two are the socket's own.
  const { signal, timeout, ...rest } = options;
  const inner = tls.connect(rest);
  inner.on('error', (/** @type {any} */ error) => {
    const isSecure = socket[kNodes] !== undefined;
    socket.destroy(!isSecure && FAILED_TOO.test(error.code) ? failure : error);
  });
  inner.on('close', () => socket.destroy());
  const tell = () => {
    const { alpnProtocol, authorized, authorizationError, servername } = /** @type {any} */ (inner);
    Object.assign(socket, { alpnProtocol, authorized, authorizationError, servername });
  };
  inner.once('secureConnect', () => {
    Object.setPrototypeOf(socket, NodesTls.prototype);
    socket[kNodes] = inner;
    tell();
    Object.assign(socket, { secureConnecting: false, _secureEstablished: true });
    moveBytes(inner, socket);
    socket.emit('secureConnect');
  });
  // Node's own listener, which decides about trust and emits 'secureConnect', is the first one.
  inner.once('secure', () => {
    tell();
    socket.emit('secure');
    onSecure();
  });
  for (const name of ['session', 'keylog']) {
    inner.on(name, (value) => socket.emit(name, value));
  }
  return inner;
}

/**
 * Gives what is received to the socket.
 *
 * @param {import('node:tls').TLSSocket} inner
 * @param {any} socket
 */
function moveBytes(inner, socket) {
  inner.on('data', (chunk) => {
    refreshTimeout(socket);
    if (!socket.push(chunk)) inner.pause();
  });
  inner.on('end', () => {
    socket.push(null);
    socket.read(0);
  });
}

module.exports = connectByNode;
