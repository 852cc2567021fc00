'use strict';

// Certificates that each test run makes anew, RFC 5280.

const { createHash, generateKeyPairSync, randomBytes, sign } = require('node:crypto');

const { bits, boolean, der, explicit, integer, objectId, octets, pem, sequence, set, time, utf8 } =
  require('./der');

const DAY = 24 * 3600 * 1000;
const SIGNATURES = {
  ec: sequence(objectId('1.2.840.10045.4.3.2')),
  rsa: sequence(objectId('1.2.840.113549.1.1.11'), der(0x05)),
  ed25519: sequence(objectId('1.3.101.112')),
};
const PURPOSES = {
  serverAuth: objectId('1.3.6.1.5.5.7.3.1'),
  clientAuth: objectId('1.3.6.1.5.5.7.3.2'),
  codeSigning: objectId('1.3.6.1.5.5.7.3.3'),
};

/**
 * A certificate and its private key.
 *
 * @typedef {object} Identity
 * @property {string} name the common name
 * @property {string} cert PEM
 * @property {string} key PEM, PKCS#8
 * @property {Buffer} raw the certificate's DER
 * @property {import('node:crypto').KeyObject} privateKey
 * @property {import('node:crypto').KeyObject} publicKey
 * @property {Buffer} serial
 */

/**
 * What a certificate says.
 *
 * @typedef {object} Claims
 * @property {string} name the common name
 * @property {Identity} [issuer] none for a self-signed certificate
 * @property {'ec' | 'rsa' | 'ed25519'} [type] of the key: P-256, 2048 bits, or Ed25519
 * @property {Identity} [keysOf] uses the keys of another certificate
 * @property {string[]} [names] DNS names and IPv4 addresses; none for no such extension
 * @property {boolean} [isAuthority] whether it may issue certificates
 * @property {number} [pathLength] how many authorities may follow below this one
 * @property {boolean} [signsNothing] an authority whose key usage forbids to sign certificates
 * @property {(keyof PURPOSES)[]} [purposes] extended key usage
 * @property {string[]} [permitted] name constraints: DNS names
 * @property {string} [unknown] the id of a critical extension that nobody knows
 * @property {number} [from] days from now
 * @property {number} [until] days from now
 */

/**
 * @param {Claims} claims
 * @returns {Identity}
 */
function certify(claims) {
  const { name, issuer, type = 'ec', from = -1, until = 30 } = claims;
  const { publicKey, privateKey } = claims.keysOf ?? newKeys(type);
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const signer = issuer?.privateKey ?? privateKey;
  const algorithm = SIGNATURES[signer.asymmetricKeyType ?? 'ec'];
  const serial = randomBytes(8);
  serial[0] = 1;
  const body = sequence(
    explicit(0, integer(2)),
    integer(...serial),
    algorithm,
    distinguishedName(issuer?.name ?? name),
    sequence(time(inDays(from)), time(inDays(until))),
    distinguishedName(name),
    spki,
    explicit(3, sequence(...extensionsOf(claims, spki))),
  );
  const raw = sequence(body, algorithm, bits(signed(body, signer)));
  const key = /** @type {string} */ (privateKey.export({ type: 'pkcs8', format: 'pem' }));
  return { name, cert: pem('CERTIFICATE', raw), key, raw, privateKey, publicKey, serial };
}

/** @param {Claims} claims @param {Buffer} spki */
function* extensionsOf(claims, spki) {
  const { issuer, names, isAuthority = false, pathLength, purposes, permitted, unknown } = claims;
  yield extension('2.5.29.14', octets(keyId(spki)));
  if (issuer) {
    const above = issuer.publicKey.export({ type: 'spki', format: 'der' });
    yield extension('2.5.29.35', sequence(der(0x80, keyId(above))));
  }
  if (isAuthority) {
    const limit = pathLength === undefined ? [] : [integer(pathLength)];
    yield extension('2.5.29.19', sequence(boolean(true), ...limit), true);
    // keyCertSign and cRLSign, or digitalSignature.
    const usage = claims.signsNothing ? bits(Buffer.from([0x80]), 7) : bits(Buffer.from([0x06]), 1);
    yield extension('2.5.29.15', usage, true);
  }
  if (purposes) yield extension('2.5.29.37', sequence(...purposes.map((one) => PURPOSES[one])));
  if (names) yield extension('2.5.29.17', sequence(...names.map(altName)));
  if (permitted) {
    const subtrees = permitted.map((one) => sequence(altName(one)));
    yield extension('2.5.29.30', sequence(explicit(0, ...subtrees)), true);
  }
  if (unknown) yield extension(unknown, der(0x05), true);
}

function extension(id, value, isCritical = false) {
  const critical = isCritical ? [boolean(true)] : [];
  return sequence(objectId(id), ...critical, octets(value));
}

/** @param {string} name */
function altName(name) {
  const address = /^\d+(\.\d+){3}$/.test(name);
  return address ? der(0x87, name.split('.').map(Number)) : der(0x82, Buffer.from(name));
}

/**
 * A list of revoked certificates, RFC 5280 §5.
 *
 * @param {Identity} issuer
 * @param {Identity[]} revoked
 * @returns {string} PEM
 */
function revoke(issuer, revoked) {
  const algorithm = SIGNATURES[issuer.privateKey.asymmetricKeyType ?? 'ec'];
  const entries = revoked.map(({ serial }) => sequence(integer(...serial), time(inDays(-0.5))));
  const body = sequence(
    integer(1),
    algorithm,
    distinguishedName(issuer.name),
    time(inDays(-0.5)),
    time(inDays(30)),
    sequence(...entries),
  );
  return pem('X509 CRL', sequence(body, algorithm, bits(signed(body, issuer.privateKey))));
}

function newKeys(type) {
  if (type === 'rsa') return generateKeyPairSync('rsa', { modulusLength: 2048 });
  if (type === 'ed25519') return generateKeyPairSync('ed25519');
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

function signed(body, privateKey) {
  return sign(privateKey.asymmetricKeyType === 'ed25519' ? null : 'sha256', body, privateKey);
}

const distinguishedName = (name) => sequence(set(sequence(objectId('2.5.4.3'), utf8(name))));
const keyId = (spki) => createHash('sha1').update(spki).digest();
const inDays = (days) => new Date(Date.now() + days * DAY);

const LOCAL = { names: ['localhost', '127.0.0.1'] };
const SERVER = { ...LOCAL, purposes: /** @type {any} */ (['serverAuth']) };

/** How each certificate of the set is made. Later ones use earlier ones. */
const RECIPES = {
  root: () => certify({ name: 'Test Root', isAuthority: true }),
  intermediate: () =>
    certify({ name: 'Test Issuer', issuer: kit.root, isAuthority: true, pathLength: 0 }),
  server: () => certify({ name: 'localhost', issuer: kit.root, ...SERVER }),
  serverRsa: () => certify({ name: 'localhost', issuer: kit.root, type: 'rsa', ...SERVER }),
  serverEd25519: () => certify({ name: 'localhost', issuer: kit.root, type: 'ed25519', ...SERVER }),
  /** Its chain is incomplete without the intermediate. */
  deepServer: () => certify({ name: 'localhost', issuer: kit.intermediate, ...SERVER }),
  expired: () => certify({ name: 'localhost', issuer: kit.root, ...SERVER, from: -9, until: -2 }),
  early: () => certify({ name: 'localhost', issuer: kit.root, ...SERVER, from: 3, until: 9 }),
  otherName: () => certify({ name: 'other.example', issuer: kit.root, names: ['other.example'] }),
  selfSigned: () => certify({ name: 'localhost', ...LOCAL }),
  selfSignedExpired: () => certify({ name: 'localhost', ...LOCAL, from: -9, until: -2 }),
  revoked: () => certify({ name: 'localhost', issuer: kit.root, ...SERVER }),
  client: () => certify({ name: 'Some Client', issuer: kit.root, purposes: ['clientAuth'] }),
  expiredClient: () => certify({ name: 'Old Client', issuer: kit.root, from: -9, until: -2 }),
  strangeClient: () => certify({ name: 'Self-made Client' }),
};

/**
 * Common certificates; each is made when it is first used.
 *
 * @type {Record<keyof typeof RECIPES, Identity>}
 */
const kit = /** @type {any} */ ({});
for (const [name, make] of Object.entries(RECIPES)) {
  let made;
  Object.defineProperty(kit, name, {
    enumerable: true,
    get() {
      made ??= make();
      return made;
    },
  });
}

module.exports = { certify, kit, revoke };
