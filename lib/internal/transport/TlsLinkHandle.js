'use strict';

const { X509Certificate } = require('node:crypto');

const { engine } = require('../engine/engine');
const LinkHandle = require('./LinkHandle');

/** Sizes that `setMaxSendFragment()` of Node takes. */
const LEAST_FRAGMENT = 512;
const MOST_FRAGMENT = 16384;

/** What is known before the handshake is done. */
const NOTHING = {
  protocol: null,
  cipher: undefined,
  alpn: null,
  servername: null,
  isResumed: false,
  chain: [],
};

/** The handle of a NativeTlsSocket: it answers what `tls.TLSSocket` asks its `_handle`. */
class TlsLinkHandle extends LinkHandle {
  /**
   * @param {number} slot
   * @param {boolean} isHolding
   * @param {boolean} isServer
   * @param {((certificate: X509Certificate) => X509Certificate | undefined) | undefined} findIssuer
   */
  constructor(slot, isHolding, isServer, findIssuer) {
    super(slot, isHolding);
    this.isServer = isServer;
    this.findIssuer = findIssuer;
    this.known = null;
  }

  /**
   * A client has no handshake to answer, so its first writes are as any others.
   *
   * @param {Uint8Array[]} pieces
   */
  isAnswer(pieces) {
    return this.isServer && super.isAnswer(pieces);
  }

  /** What the engine knows of the session. */
  get info() {
    this.known ??= /** @type {any} */ (engine).tlsInfo(this.link);
    return this.known ?? NOTHING;
  }

  getProtocol() {
    return this.info.protocol;
  }

  getCipher() {
    return this.info.cipher;
  }

  getALPNNegotiatedProtocol() {
    return this.info.alpn ?? false;
  }

  getServername() {
    return this.info.servername ?? false;
  }

  isSessionReused() {
    return this.info.isResumed;
  }

  /**
   * @param {boolean} [withIssuers]
   * @returns {any} the peer's certificate in the form of Node's addon; undefined if there is none
   */
  getPeerCertificate(withIssuers) {
    const chain = this.info.chain.map((der) => new X509Certificate(der));
    if (chain.length === 0) return undefined;
    return withIssuers === true ? linked(chain, this.findIssuer) : legacyOf(chain[0]);
  }

  /** Of a client: how the keys were agreed on. The engine does not tell. */
  getEphemeralKeyInfo() {
    return this.isServer ? null : {};
  }

  /** The engine does not tell its own certificate. */
  getCertificate() {}

  // Sessions stay in the engine.
  getSession() {}
  getTLSTicket() {}

  getFinished() {}
  getPeerFinished() {}

  getSharedSigalgs() {
    return [];
  }

  enableTrace() {}
  setVerifyMode() {}

  /** @param {number} size in bytes */
  setMaxSendFragment(size) {
    return Number(size >= LEAST_FRAGMENT && size <= MOST_FRAGMENT);
  }

  /** Throws: the engine does not renegotiate. TLS 1.3 has no renegotiation (RFC 8446 §4.1.2). */
  renegotiate() {
    throw withCode('renegotiation is not supported', 'ERR_SSL_NO_RENEGOTIATION');
  }

  /** Throws, as before the handshake is done: the engine does not tell. */
  exportKeyingMaterial() {
    const words = 'TLS socket connection must be securely established';
    throw withCode(words, 'ERR_TLS_INVALID_STATE');
  }
}

/**
 * @param {X509Certificate} certificate
 * @returns {any}
 */
function legacyOf(certificate) {
  return certificate.toLegacyObject();
}

/**
 * A certificate with `issuerCertificate`, as Node links them. A root is its own issuer.
 *
 * @param {X509Certificate[]} chain
 * @param {((certificate: X509Certificate) => X509Certificate | undefined) | undefined} findIssuer
 */
function linked(chain, findIssuer) {
  const rest = chain.slice(1);
  const first = legacyOf(chain[0]);
  let [certificate] = chain;
  let last = first;
  while (!certificate.checkIssued(certificate)) {
    const at = rest.findIndex((other) => certificate.checkIssued(other));
    const issuer = at === -1 ? findIssuer?.(certificate) : rest.splice(at, 1)[0];
    if (issuer === undefined) return first;
    last.issuerCertificate = legacyOf(issuer);
    last = last.issuerCertificate;
    certificate = issuer;
  }
  last.issuerCertificate = last;
  return first;
}

/**
 * @param {string} words
 * @param {string} code
 */
function withCode(words, code) {
  return Object.assign(new Error(words), { code });
}

module.exports = TlsLinkHandle;
