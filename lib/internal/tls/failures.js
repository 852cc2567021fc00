'use strict';

// From the engine's words for a failure of TLS to the errors that Node makes.

const os = require('node:os');

/** The descriptions of TLS alerts (RFC 8446 §6, rustls' names): number and OpenSSL's words. */
const ALERTS = {
  UnexpectedMessage: [10, 'sslv3 alert unexpected message'],
  BadRecordMac: [20, 'sslv3 alert bad record mac'],
  DecryptionFailed: [21, 'tlsv1 alert decryption failed'],
  RecordOverflow: [22, 'tlsv1 alert record overflow'],
  DecompressionFailure: [30, 'sslv3 alert decompression failure'],
  HandshakeFailure: [40, 'sslv3 alert handshake failure'],
  NoCertificate: [41, 'sslv3 alert no certificate'],
  BadCertificate: [42, 'sslv3 alert bad certificate'],
  UnsupportedCertificate: [43, 'sslv3 alert unsupported certificate'],
  CertificateRevoked: [44, 'sslv3 alert certificate revoked'],
  CertificateExpired: [45, 'sslv3 alert certificate expired'],
  CertificateUnknown: [46, 'sslv3 alert certificate unknown'],
  IllegalParameter: [47, 'sslv3 alert illegal parameter'],
  UnknownCA: [48, 'tlsv1 alert unknown ca'],
  AccessDenied: [49, 'tlsv1 alert access denied'],
  DecodeError: [50, 'tlsv1 alert decode error'],
  DecryptError: [51, 'tlsv1 alert decrypt error'],
  ExportRestriction: [60, 'tlsv1 alert export restriction'],
  ProtocolVersion: [70, 'tlsv1 alert protocol version'],
  InsufficientSecurity: [71, 'tlsv1 alert insufficient security'],
  InternalError: [80, 'tlsv1 alert internal error'],
  InappropriateFallback: [86, 'tlsv1 alert inappropriate fallback'],
  UserCanceled: [90, 'tlsv1 alert user cancelled'],
  NoRenegotiation: [100, 'tlsv1 alert no renegotiation'],
  MissingExtension: [109, 'tlsv13 alert missing extension'],
  UnsupportedExtension: [110, 'tlsv1 unsupported extension'],
  CertificateUnobtainable: [111, 'tlsv1 certificate unobtainable'],
  UnrecognisedName: [112, 'tlsv1 unrecognized name'],
  BadCertificateStatusResponse: [113, 'tlsv1 bad certificate status response'],
  BadCertificateHashValue: [114, 'tlsv1 bad certificate hash value'],
  UnknownPSKIdentity: [115, 'tlsv1 alert unknown psk identity'],
  CertificateRequired: [116, 'tlsv13 alert certificate required'],
  NoApplicationProtocol: [120, 'tlsv1 alert no application protocol'],
};

/** OpenSSL adds it to the number of an alert. */
const RECEIVED_ALERT = 1000;

/** OpenSSL 3.2 and later say some things in other words. */
const isNewer = (() => {
  const [major, minor] = process.versions.openssl.split('.').map(Number);
  return major > 3 || (major === 3 && minor >= 2);
})();

const TOO_LONG = isNewer ? [0x92, 'data length too long'] : [0xc6, 'packet length too long'];

/**
 * What rustls finds wrong: the beginning of its error in Rust's debug form, and what OpenSSL says
 * of the same. The first that fits counts.
 *
 * @type {[pattern: RegExp, reason: any[]][]}
 */
const FINDINGS = [
  [/^HTTP_REQUEST/, [0x9c, 'http request']],
  [/^HTTPS_PROXY_REQUEST/, [0x9b, 'https proxy request']],
  [/^EXCESSIVE_MESSAGE_SIZE/, [0x98, 'excessive message size']],
  [/^NoCertificatesPresented/, [0xc7, 'peer did not return a certificate']],
  [/^NoApplicationProtocol/, [0xeb, 'no application protocol']],
  [/^PeerIncompatible\((Tls1|SupportedVersions|ServerTlsVersion)/, [0x102, 'unsupported protocol']],
  [/^PeerIncompatible\(NoKxGroups/, [0x65, 'no suitable key share']],
  [/^PeerIncompatible\(NoSignatureSchemes/, [0x178, 'no shared signature algorithms']],
  [/^PeerIncompatible/, [0xc1, 'no shared cipher']],
  [/^InvalidMessage\((MessageTooLarge|HandshakePayloadTooLarge)/, TOO_LONG],
  [/^InvalidMessage\((InvalidContentType|UnknownProtocolVersion)/, [0x10b, 'wrong version number']],
  [/^InvalidMessage\(UnexpectedMessage/, [0xf4, 'unexpected message']],
  [/^InvalidMessage/, [0xa0, 'length too short']],
  [/^PeerSentOversizedRecord/, TOO_LONG],
  [/^DecryptError/, [0x119, 'decryption failed or bad record mac']],
  [/^InvalidCertificate/, [0x7b, 'bad signature']],
  [/^Inappropriate|^PeerMisbehaved/, [0xf4, 'unexpected message']],
];

/**
 * The error for a failed handshake, or for a later failure of TLS.
 *
 * @param {string} words `ALERT_RECEIVED:…`, `ALERT_SENT:…`, `EOF`, `TIMEOUT`, or one of OpenSSL's
 *   codes with a text behind a colon
 * @param {object} [situation]
 * @param {boolean} [situation.isWriting] whether bytes of the application wait to be sent, as those
 *   of an HTTP request do: Node then calls it a failed write
 * @returns {Error & Record<string, any>}
 */
function errorOfFailure(words, { isWriting = false } = {}) {
  const [code, detail] = splitOnce(words);
  if (code === 'EOF') return withCode(new Error('socket hang up'), 'ECONNRESET');
  if (code === 'TIMEOUT') {
    return withCode(new Error('TLS handshake timeout'), 'ERR_TLS_HANDSHAKE_TIMEOUT');
  }
  const [number, reason] = reasonOf(code, detail);
  const hex = (0x0a000000 + number).toString(16).toUpperCase().padStart(8, '0');
  const message = `error:${hex}:SSL routines::${reason}`;
  if (!isWriting) {
    const error = Object.assign(new Error(message), { library: 'SSL routines', reason });
    return withCode(error, `ERR_SSL_${reason.replaceAll(' ', '_').toUpperCase()}`);
  }
  return Object.assign(new Error(`write EPROTO ${message}\n`), {
    errno: -os.constants.errno.EPROTO,
    code: 'EPROTO',
    syscall: 'write',
  });
}

/**
 * The error of a client whose server ended the connection during the handshake.
 *
 * @param {any} options those of the connection
 * @returns {Error}
 */
function disconnectedError({ path, host, port, localAddress }) {
  const message = 'Client network socket disconnected before secure TLS connection was established';
  const error = withCode(new Error(message), 'ECONNRESET');
  return Object.assign(error, { path, host, port, localAddress });
}

/**
 * @param {string} code
 * @param {string} detail
 * @returns {[number: number, reason: string]} of OpenSSL's part for SSL
 */
function reasonOf(code, detail) {
  if (code === 'ALERT_RECEIVED') {
    const [number, reason] = ALERTS[/^\w+/.exec(detail)?.[0] ?? ''] ?? ALERTS.InternalError;
    return [RECEIVED_ALERT + number, isNewer ? reason.replace('sslv3', 'ssl/tls') : reason];
  }
  if (code.startsWith('ERR_SSL_')) {
    const reason = code.slice('ERR_SSL_'.length).toLowerCase().replaceAll('_', ' ');
    return [numberOf(reason), reason];
  }
  const found = FINDINGS.find(([pattern]) => pattern.test(detail || code));
  return /** @type {any} */ (found?.[1] ?? [0x44, 'internal error']);
}

/** @param {string} reason */
function numberOf(reason) {
  const alert = Object.values(ALERTS).find(([, words]) => words === reason);
  if (alert) return RECEIVED_ALERT + Number(alert[0]);
  return FINDINGS.find(([, [, words]]) => words === reason)?.[1][0] ?? 0x44;
}

/** @param {string} words @returns {[string, string]} what is before and behind the first colon */
function splitOnce(words) {
  const colon = words.indexOf(':');
  return colon === -1 ? [words, ''] : [words.slice(0, colon), words.slice(colon + 1)];
}

/** @param {Error} error @param {string} code */
function withCode(error, code) {
  return Object.assign(error, { code });
}

module.exports = { disconnectedError, errorOfFailure };
