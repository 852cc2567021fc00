'use strict';

const net = require('node:net');
const tls = require('node:tls');

/** The Handshake of a socket. */
const kHandshake = Symbol('websocket.handshake');

/**
 * The prototype of a client's socket until the handshake of TLS is over: Node connects it, it reads
 * nothing, and what is written waits. It is a tls.TLSSocket for `instanceof`, and answers as one
 * does at that time.
 */
class ClientSocket extends net.Socket {
  /** The handshake reads by itself. What came with its end is pushed. */
  _read() {}

  _write(...args) {
    this[kHandshake].hold('_write', args);
  }

  _writev(...args) {
    this[kHandshake].hold('_writev', args);
  }

  _final(...args) {
    this[kHandshake].hold('_final', args);
  }

  _destroy(error, callback) {
    this[kHandshake].drop(error);
    super._destroy(error, callback);
  }
}

/** What Node's methods answer before the handshake is over. */
const ANSWERS = {
  getCertificate: () => ({}),
  getCipher: () => undefined,
  getEphemeralKeyInfo: () => ({}),
  getFinished: () => undefined,
  getPeerCertificate: () => ({}),
  getPeerFinished: () => undefined,
  getPeerX509Certificate: () => undefined,
  getProtocol: () => 'TLSv1.3',
  getSession: () => undefined,
  getSharedSigalgs: () => [],
  getTLSTicket: () => undefined,
  getX509Certificate: () => undefined,
  isSessionReused: () => false,
};
for (const [name, value] of Object.entries(ANSWERS)) {
  Object.defineProperty(ClientSocket.prototype, name, {
    value,
    writable: true,
    configurable: true,
  });
}

// The methods that Node calls on a socket which it connects have to be those of net.Socket, because
// those of TLSSocket would begin a handshake of OpenSSL.
for (const name of Reflect.ownKeys(tls.TLSSocket.prototype)) {
  const inherited = Object.getOwnPropertyDescriptor(net.Socket.prototype, name);
  if (!inherited || Object.hasOwn(ClientSocket.prototype, name)) continue;
  Object.defineProperty(ClientSocket.prototype, name, inherited);
}
// Applications print and compare the name of a socket's class.
Object.defineProperty(ClientSocket, 'name', { value: 'TLSSocket' });
Object.setPrototypeOf(ClientSocket.prototype, tls.TLSSocket.prototype);

module.exports = { ClientSocket, kHandshake };
