'use strict';

const { X509Certificate } = require('node:crypto');
const net = require('node:net');
const tls = require('node:tls');

const TlsLinkHandle = require('./TlsLinkHandle');
const { overLink } = require('./NativeSocket');

/**
 * A tls.TLSSocket over a raw link whose TLS the engine does. `over` makes one: Node's constructor
 * would begin a handshake of its own, so only that of net.Socket runs. Node's methods ask the
 * handle.
 */
class NativeTlsSocket extends overLink(tls.TLSSocket) {
  /**
   * @param {object} options those of NativeSocket, and:
   * @param {number} options.slot
   * @param {boolean} options.isServer
   * @param {boolean} [options.isHolding]
   * @param {boolean} [options.pauseOnCreate]
   * @param {boolean} [options.requestCert] of a server
   * @param {boolean} [options.rejectUnauthorized]
   * @param {string | null} [options.servername] of a client
   * @param {(certificate: X509Certificate) => X509Certificate | undefined} [options.findIssuer]
   *   finds the issuer of a peer's certificate that did not come with it
   * @returns {any} a NativeTlsSocket, whose handshake may still be under way
   */
  static over({ slot, isServer, isHolding = false, findIssuer, ...options }) {
    const handle = new TlsLinkHandle(slot, isHolding, isServer, findIssuer);
    const settings = { ...options, handle, manualStart: true };
    const socket = Reflect.construct(net.Socket, [settings], NativeTlsSocket);
    handle.socket = socket;
    NativeTlsSocket.prepare(socket, { isServer, ...options });
    socket.ssl = handle;
    if (!isHolding && !options.pauseOnCreate) socket.read(0);
    return socket;
  }

  /**
   * Gives a socket the fields that Node's TLSSocket has before its handshake is done.
   *
   * @param {any} socket
   * @param {object} options as of `over`
   * @param {boolean} options.isServer
   * @param {boolean} [options.requestCert]
   * @param {boolean} [options.rejectUnauthorized]
   * @param {string | null} [options.servername]
   */
  static prepare(socket, options) {
    Object.assign(socket, {
      _tlsOptions: options,
      _secureEstablished: false,
      _securePending: false,
      _newSessionPending: false,
      _controlReleased: true,
      _requestCert: options.requestCert,
      _rejectUnauthorized: options.rejectUnauthorized,
      _SNICallback: null,
      secureConnecting: true,
      servername: options.servername ?? null,
      alpnProtocol: null,
      authorized: false,
      authorizationError: null,
      encrypted: true,
      ssl: null,
    });
  }

  /**
   * Notes that the handshake is done. The caller emits the events.
   *
   * @param {Error & { code?: string } | null | undefined} fault why the peer's certificate is not
   *   trusted; undefined if it was not asked for
   */
  secured(fault) {
    const { _handle: handle } = /** @type {any} */ (this);
    if (handle === null) return;
    Object.assign(this, {
      alpnProtocol: handle.getALPNNegotiatedProtocol(),
      servername: Reflect.get(this, 'servername') ?? handle.getServername(),
      authorized: fault === null,
      authorizationError: fault ? (fault.code ?? fault.message) : null,
      secureConnecting: false,
      _secureEstablished: true,
    });
  }

  getPeerX509Certificate() {
    return x509Of(this)?.[0];
  }

  getX509Certificate() {
    return undefined;
  }
}

// Applications print and compare the name of a socket's class.
Object.defineProperty(NativeTlsSocket, 'name', { value: 'TLSSocket' });

/**
 * @param {any} socket
 * @returns {X509Certificate[] | undefined} the peer's chain
 */
function x509Of(socket) {
  return socket._handle?.info.chain.map((der) => new X509Certificate(der));
}

module.exports = NativeTlsSocket;
