'use strict';

const { X509Certificate } = require('node:crypto');
const tls = require('node:tls');

const { calls, engine } = require('../engine/engine');
const linkError = require('../transport/linkError');
const NativeTlsSocket = require('../transport/NativeTlsSocket');
const { readCertificate } = require('../tls/der');
const { disconnectedError } = require('../tls/failures');
const { errorOf, judge } = require('../tls/verdict');
const { debug } = require('../tls/options');
const ClientHandle = require('./ClientHandle');
const { mayBeForeign, noteForeign } = require('./foreignServers');
const connectByNode = require('./NodesTls');

/** What the engine says if the server ends the connection during the handshake. */
const ENDED = 'tls:EOF';

/** The handshake of one client, from the connected socket to 'secureConnect'. */
class Handshake {
  /**
   * @param {any} socket a ClientSocket
   * @param {any} options those of tls.connect(), with its defaults
   * @param {import('../tls/contexts').Context} context
   */
  constructor(socket, options, context) {
    this.socket = socket;
    this.options = options;
    this.context = context;
    /**
     * The method of the stream that has not called back yet. A stream calls one after the other.
     *
     * @type {{ method: '_write' | '_writev' | '_final', args: any[] } | undefined}
     */
    this.held = undefined;
    /** @type {import('node:tls').TLSSocket | undefined} Node's, which does the handshake after all */
    this.nodes = undefined;
    /** @param {X509Certificate} certificate @returns {X509Certificate | undefined} */
    this.findIssuer = (certificate) => {
      const issuer = context.trust?.issuerOf(readCertificate(certificate.raw), Date.now());
      return issuer && new X509Certificate(issuer.raw);
    };
  }

  /** Node has connected: the engine gets a duplicate of the descriptor, and Node's is closed. */
  start() {
    const { socket, options, context } = this;
    const { _handle: nodes } = socket;
    const slot = engine.openRaw(socket.writableHighWaterMark);
    engine.startTls(slot, context.native, options.servername || null);
    if (!calls.adopt(slot, nodes.fd, true)) {
      calls.release(slot, false);
      socket.destroy(linkError('connect', 0));
      return;
    }
    const handle = new ClientHandle(slot, this);
    handle.socket = socket;
    socket._handle = handle;
    socket.ssl = handle;
    if (!nodes.hasRef()) handle.unref();
    handle.readStart();
    nodes.close();
  }

  /** @param {string} words @param {number} errno */
  fail(words, errno) {
    const error =
      words === ENDED
        ? disconnectedError(this.options)
        : linkError(words, errno, this.held !== undefined);
    if (mayBeForeign(words)) this.startAgain(error);
    else this.socket.destroy(error);
  }

  /**
   * Connects once more, by Node's TLS: the server may have chosen nothing of what the engine
   * offers, which has no suites with CBC, RSA key exchange or finite-field Diffie-Hellman.
   *
   * @param {Error} failure of the engine's handshake
   */
  startAgain(failure) {
    const { options, socket } = this;
    debug('TLS of a client is done by Node: %s', 'nothing in common with the server');
    const { _handle: handle } = socket;
    socket._handle = null;
    socket.ssl = null;
    handle.close();
    this.nodes = connectByNode(socket, options, failure, () => {
      noteForeign(options);
      if (!socket.destroyed && !this.nodes?.destroyed) this.release();
    });
    if (!handle.hasRef()) this.nodes.unref();
  }

  /**
   * The handshake of TLS is over. Decides about trust as tls.connect() does.
   *
   * @param {any} info what it has led to
   */
  finish(info) {
    const { socket, options } = this;
    Object.setPrototypeOf(socket, NativeTlsSocket.prototype);
    const fault = this.faultOf(info);
    socket.secured(fault ?? null);
    if (fault && options.rejectUnauthorized !== false) {
      socket.destroy(fault);
    } else {
      engine.trustPeer(socket._handle.slot);
      socket.emit('secureConnect');
    }
    // Node's own listener, which decides, is the first one of this event.
    socket.emit('secure');
    if (socket.destroyed) this.drop(fault);
    else this.release();
  }

  /** Writes what was held. */
  release() {
    const { held, socket } = this;
    this.held = undefined;
    if (held) socket[held.method](...held.args);
  }

  /** @param {any} info @returns {any} an error, or undefined */
  faultOf({ chain, verifyError, isResumed }) {
    const { options, context, socket } = this;
    const { checkServerIdentity, host, servername } = options;
    const trust = /** @type {import('../tls/Trust').Trust} */ (context.trust);
    const fault = judge(chain, trust, verifyError ?? null, 'server');
    if (fault) return errorOf(fault);
    if (isResumed) return undefined;
    const hostname = servername || host || 'localhost';
    const isNodes = checkServerIdentity === tls.checkServerIdentity;
    // Node's function reads the own certificate only. Its error has the issuers, too.
    if (isNodes && !checkServerIdentity(hostname, socket.getPeerCertificate())) return undefined;
    return checkServerIdentity(hostname, socket.getPeerCertificate(true));
  }

  /**
   * @param {'_write' | '_writev' | '_final'} method
   * @param {any[]} args
   */
  hold(method, args) {
    this.held = { method, args };
  }

  /** What was written never leaves. @param {any} error */
  drop(error) {
    this.nodes?.destroy();
    const { held } = this;
    this.held = undefined;
    if (!held) return;
    const callback = held.args[held.args.length - 1];
    process.nextTick(callback, error ?? new Error('Socket closed before it was connected'));
  }
}

module.exports = Handshake;
