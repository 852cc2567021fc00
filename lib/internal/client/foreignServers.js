'use strict';

// Which servers have no cipher suite, key exchange or signature in common with the engine, so that
// only Node's TLS can talk to them.

/** So many are remembered. */
const MOST = 256;

/** @type {Set<string>} the oldest first */
const known = new Set();

/** What a server says to a hello in which it finds nothing to choose (RFC 8446 §6.2). */
const REFUSAL = /^tls:ALERT_RECEIVED:(HandshakeFailure|InsufficientSecurity) at the hello$/;

/**
 * What the engine says to a choice of the server that it can't follow. Node offers the same
 * versions, so these are no reason.
 */
const FOREIGN_CHOICE =
  /^tls:ALERT_SENT:PeerIncompatible\((?!\w*(?:Tls1|TlsVersion|SupportedVersions))/;

/**
 * Whether OpenSSL might succeed where the engine's handshake has failed.
 *
 * @param {string} words of the failure
 */
function mayBeForeign(words) {
  return REFUSAL.test(words) || FOREIGN_CHOICE.test(words);
}

/** @param {any} options of tls.connect() */
function keyOf({ host, port, path, servername }) {
  return [path, host, port, servername].map(String).join('\n');
}

/** @param {any} options of tls.connect() whose server Node's TLS has connected to */
function noteForeign(options) {
  known.add(keyOf(options));
  if (known.size > MOST) known.delete(known.values().next().value ?? '');
}

/** @param {any} options of tls.connect() */
function isForeign(options) {
  return known.size > 0 && known.has(keyOf(options));
}

module.exports = { isForeign, mayBeForeign, noteForeign };
