'use strict';

// A certificate and its private key, from the options of node:tls to DER.

const { X509Certificate, createPrivateKey } = require('node:crypto');

const { readCertificate } = require('./der');
const { bufferOf, certificatesIn } = require('./pem');
const { trustOf } = require('./trusted');

/** Types of keys that the engine can use, with the smallest length of RSA in bits. */
const TYPES = new Set(['rsa', 'ec', 'ed25519']);
const CURVES = new Set(['prime256v1', 'secp384r1']);
const SMALLEST_RSA = 2048;

/** More certificates than that are no chain. */
const LONGEST_CHAIN = 10;

/**
 * @param {any} options `cert`, `key`, `passphrase` and `ca` of node:tls
 * @returns {{ chains: Buffer[][], keys: Buffer[] }} certificates in DER, the own one first, and the
 *   key of each chain in PKCS #8
 * @throws {Error} if the engine can't use them; Node finds its own words for what is wrong
 */
function credentialsOf(options) {
  const keys = listOf(options.key).map((key) => readKey(key, options.passphrase));
  /** As in OpenSSL, the last one of each type of key counts. */
  const byType = new Map();
  for (const cert of listOf(options.cert)) {
    const chain = certificatesIn(cert);
    if (chain.length === 0) throw new Error('cert is no certificate in PEM');
    const own = new X509Certificate(chain[0]);
    const key = keys.find((one) => own.checkPrivateKey(one));
    if (!key) throw new Error('a certificate without its key');
    byType.set(key.asymmetricKeyType, { chain: completed(chain, options.ca), key });
  }
  if (byType.size === 0 && keys.length > 0) throw new Error('a key without its certificate');
  const pairs = [...byType.values()];
  return {
    chains: pairs.map(({ chain }) => chain),
    keys: pairs.map(({ key }) => key.export({ type: 'pkcs8', format: 'der' })),
  };
}

/** @param {any} value @returns {any[]} */
function listOf(value) {
  if (!value) return [];
  return Array.isArray(value) ? value : [value];
}

/**
 * @param {any} key PEM, or an object with `pem` and `passphrase`
 * @param {any} common passphrase
 */
function readKey(key, common) {
  const { pem, passphrase } =
    key?.pem === undefined ? { pem: key, passphrase: common } : { passphrase: common, ...key };
  const bytes = typeof pem === 'string' ? pem : bufferOf(pem);
  const read = createPrivateKey({ key: bytes, format: 'pem', passphrase: passphrase ?? undefined });
  const { asymmetricKeyType: type = '', asymmetricKeyDetails: details } = read;
  const isUsable =
    TYPES.has(type) &&
    (type !== 'ec' || CURVES.has(details?.namedCurve ?? '')) &&
    (type !== 'rsa' || (details?.modulusLength ?? 0) >= SMALLEST_RSA);
  if (!isUsable) throw new Error(`a key of type ${details?.namedCurve ?? type}`);
  return read;
}

/**
 * A lone certificate with its issuers, which OpenSSL takes from `ca` or from the default ones.
 *
 * @param {Buffer[]} chain
 * @param {any} ca
 */
function completed(chain, ca) {
  if (chain.length > 1) return chain;
  const trust = trustOf(ca, false);
  const whole = [...chain];
  for (let last = readCertificate(chain[0]); whole.length < LONGEST_CHAIN; ) {
    if (last.issuer.equals(last.subject)) break;
    const issuer = trust.issuerOf(last, Date.now());
    if (!issuer) break;
    whole.push(issuer.raw);
    last = issuer;
  }
  return whole;
}

module.exports = { credentialsOf };
