'use strict';

const CERTIFICATE =
  /-----BEGIN (X509 |TRUSTED )?CERTIFICATE-----([^-]*)-----END \1?CERTIFICATE-----/g;

/**
 * The certificates in PEM text, RFC 7468. Other text between them is ignored, as OpenSSL does.
 *
 * @param {string | Uint8Array} pem
 * @returns {Buffer[]} DER
 * @throws {Error} for a TRUSTED CERTIFICATE, which carries OpenSSL's own settings of trust
 */
function certificatesIn(pem) {
  const text = typeof pem === 'string' ? pem : bufferOf(pem).toString('latin1');
  return Array.from(text.matchAll(CERTIFICATE), ([, kind, body]) => {
    if (kind === 'TRUSTED ') throw new Error('a TRUSTED CERTIFICATE');
    return Buffer.from(body, 'base64');
  });
}

/** @param {ArrayBufferView} view */
function bufferOf(view) {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
}

module.exports = { bufferOf, certificatesIn };
