'use strict';

const net = require('node:net');
const { constants } = require('node:os');

const { engine } = require('../engine/engine');
const { TlsContexts } = require('../engine/tls');
const { serverContext } = require('../tls/contexts');
const { debug } = require('../tls/options');
const { errorOfFailure } = require('../tls/failures');
const { errorOf, judge } = require('../tls/verdict');
const { systemError } = require('./handOver');
const NativeTlsSocket = require('../transport/NativeTlsSocket');

/** Node's default for the option `handshakeTimeout`, in milliseconds. */
const HANDSHAKE_TIMEOUT = 120 * 1000;

/** The fault of a client that has no certificate, as OpenSSL has it. */
const NONE = /** @type {const} */ ([
  'UNABLE_TO_GET_ISSUER_CERT',
  'unable to get issuer certificate',
]);

/** The TLS of an HTTPS server: the contexts of the engine, and who is trusted. */
class Secure {
  /**
   * @param {any} server
   * @param {any} options those of its constructor
   */
  constructor(server, options) {
    this.server = server;
    this.options = { ...options };
    if (!options.ALPNProtocols) this.options.ALPNProtocols = ['http/1.1'];
    this.handshakeTimeout = options.handshakeTimeout || HANDSHAKE_TIMEOUT;
    /** @type {import('../tls/contexts').Context | null} */
    this.standard = null;
    /** Null if Node has to do TLS. */
    this.contexts = null;
    const context = this.make(this.options);
    if (context === null) return;
    this.standard = context;
    this.contexts = new TlsContexts(context.native, false);
  }

  /**
   * @param {any} options
   * @returns {import('../tls/contexts').Context | null}
   */
  make(options) {
    const { context, reason } = serverContext(options);
    if (context !== undefined) return context;
    debug('TLS of a server is done by Node: %s', reason);
    return null;
  }

  /**
   * Changes the standard context. Open connections keep theirs.
   *
   * @param {any} changes of the options
   * @returns {boolean} whether the engine can do it
   */
  change(changes) {
    this.options = { ...this.options, ...changes };
    const context = this.make(this.options);
    if (context === null || this.contexts === null) return false;
    this.standard = context;
    this.contexts.setStandard(context.native);
    return true;
  }

  /**
   * Adds a context for names.
   *
   * @param {string} pattern
   * @param {any} options those of `addContext()`, or one of Node's contexts
   * @returns {boolean} whether the engine can do it
   */
  add(pattern, options) {
    const { ALPNProtocols, rejectUnauthorized, requestCert } = this.options;
    // What one of Node's contexts was made of is known to Node alone.
    const isNodes = options?.context !== undefined;
    const all = { ...options, ALPNProtocols, rejectUnauthorized, requestCert };
    const context = isNodes ? null : this.make(all);
    if (context === null || this.contexts === null) return false;
    this.contexts.add(pattern, context.native);
    return true;
  }

  /**
   * Makes the socket of a connection.
   *
   * @param {any} options of NativeTlsSocket
   * @returns {any} undefined if the client is not trusted; the connection is closed then
   */
  socketOf(options) {
    const { rejectUnauthorized, requestCert } = this.server;
    const tlsOptions = { isServer: true, requestCert, rejectUnauthorized, server: this.server };
    const socket = NativeTlsSocket.over({ ...options, ...tlsOptions });
    socket.secured(requestCert ? this.faultOf(options.slot) : undefined);
    if (requestCert && rejectUnauthorized && !socket.authorized) {
      socket.destroy();
      return undefined;
    }
    return socket;
  }

  /**
   * @param {number} slot
   * @returns {Error | null} why a client's certificate is not trusted
   */
  faultOf(slot) {
    const { standard } = this;
    if (!standard?.trust) return null;
    const { chain, verifyError } = /** @type {any} */ (engine.tlsInfo(slot));
    const fault = chain.length === 0 ? NONE : judge(chain, standard.trust, verifyError, 'client');
    // The certificates that the engine knows as valid have changed.
    if (Date.now() >= standard.until) this.change({});
    return fault ? errorOf(fault) : null;
  }

  /**
   * Emits 'tlsClientError' for a connection whose handshake has failed.
   *
   * @param {string} words the payload of EVENT_TLS_ERROR
   */
  reportFailure(words) {
    const [failure, remoteAddress, remotePort] = words.split('\0');
    /** @type {any} */
    const socket = Reflect.construct(net.Socket, [{}], NativeTlsSocket);
    NativeTlsSocket.prepare(socket, { isServer: true });
    socket.server = this.server;
    socket.destroy();
    Object.defineProperties(socket, {
      remoteAddress: { value: remoteAddress || undefined, configurable: true },
      remotePort: { value: remotePort ? Number(remotePort) : undefined, configurable: true },
      remoteFamily: { value: familyOf(remoteAddress), configurable: true },
    });
    const isReset = failure === 'RESET';
    const error = isReset
      ? systemError('read', -constants.errno.ECONNRESET)
      : errorOfFailure(failure);
    this.server.emit('tlsClientError', error, socket);
  }
}

/** @param {string} address */
function familyOf(address) {
  const version = net.isIP(address);
  return version === 0 ? undefined : `IPv${version}`;
}

module.exports = Secure;
