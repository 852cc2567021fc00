'use strict';

// Whether a peer's certificate leads to one that is trusted, as OpenSSL sees it. The engine has
// asked webpki. This decides what webpki does not look at, what it refuses and OpenSSL takes, and
// what Node calls a fault.

const { X509Certificate } = require('node:crypto');

const { isSelfSigned, mayHaveIssued, readCertificate } = require('./der');
const { usesSystemStore } = require('./flags');
const { SIGNS_CERTIFICATES } = require('./Trust');

/** @typedef {import('./der').Certificate} Certificate */
/** @typedef {import('./Trust').Trust} Trust */

/**
 * Node's code, and OpenSSL's words.
 *
 * @typedef {readonly [code: string, message: string]} Fault
 */

/** @satisfies {Record<string, Fault>} */
const FAULTS = /** @type {const} */ ({
  noIssuer: ['UNABLE_TO_GET_ISSUER_CERT', 'unable to get issuer certificate'],
  noLocalIssuer: ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'unable to get local issuer certificate'],
  loneLeaf: ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'unable to verify the first certificate'],
  selfSigned: ['DEPTH_ZERO_SELF_SIGNED_CERT', 'self-signed certificate'],
  selfSignedRoot: ['SELF_SIGNED_CERT_IN_CHAIN', 'self-signed certificate in certificate chain'],
  expired: ['CERT_HAS_EXPIRED', 'certificate has expired'],
  early: ['CERT_NOT_YET_VALID', 'certificate is not yet valid'],
  signature: ['CERT_SIGNATURE_FAILURE', 'certificate signature failure'],
  purpose: ['INVALID_PURPOSE', 'unsuitable certificate purpose'],
  path: ['PATH_LENGTH_EXCEEDED', 'path length constraint exceeded'],
  revoked: ['CERT_REVOKED', 'certificate revoked'],
  rejected: ['CERT_REJECTED', 'certificate rejected'],
  signsNothing: ['UNSPECIFIED', 'key usage does not include certificate signing'],
  critical: ['UNSPECIFIED', 'unhandled critical extension'],
  names: ['UNSPECIFIED', 'permitted subtree violation'],
  weak: ['UNSPECIFIED', 'CA signature digest algorithm too weak'],
});

/**
 * Words of webpki that OpenSSL's rules may overrule. The others stand even if no fault is found
 * here.
 */
const OVERRULED = new Set([
  'UnknownIssuer',
  'CaUsedAsEndEntity',
  'EndEntityUsedAsCa',
  'UnsupportedCertVersion',
]);

/** What the other words of webpki mean. */
const MEANINGS = {
  CertExpired: FAULTS.expired,
  CertNotValidYet: FAULTS.early,
  CertRevoked: FAULTS.revoked,
  InvalidSignatureForPublicKey: FAULTS.signature,
  NameConstraintViolation: FAULTS.names,
  PathLenConstraintViolated: FAULTS.path,
  RequiredEkuNotFound: FAULTS.purpose,
  UnsupportedCriticalExtension: FAULTS.critical,
};

/** The extended key usage that a role needs, and bits of the key usage of which it needs one. */
const PURPOSES = {
  server: { id: '2b06010505070301', usage: 0x80 | 0x20 | 0x08 },
  client: { id: '2b06010505070302', usage: 0x80 | 0x08 },
};

/** Algorithms of signatures that webpki takes: ECDSA and RSA with SHA-2, RSA-PSS, Ed25519. */
const STRONG = /^(2a8648ce3d04030[234]|2a864886f70d01010[bcda]|2b6570)$/;

/** @type {Set<Fault>} Faults that Node 24 and later add a hint to. */
const HINTED = new Set([FAULTS.loneLeaf, FAULTS.selfSigned, FAULTS.noIssuer]);
const HINT =
  Number.parseInt(process.versions.node, 10) >= 24 && !usesSystemStore
    ? '; if the root CA is installed locally, try running Node.js with --use-system-ca'
    : '';

/**
 * @param {Buffer[]} chain DER of what the peer has sent, its own first
 * @param {Trust} trust
 * @param {string | null} webpki its word, or null if it accepts the chain
 * @param {'server' | 'client'} role of the peer
 * @param {number} [now] milliseconds since 1970
 * @returns {Fault | undefined} undefined if the peer is to be trusted
 */
function judge(chain, trust, webpki, role, now = Date.now()) {
  try {
    const certificates = chain.map(readCertificate);
    if (webpki === null && isBeyondDoubt(certificates, trust, PURPOSES[role].usage)) {
      return undefined;
    }
    const fault = faultOf(certificates, trust, role, now, webpki === null);
    if (fault || webpki === null || OVERRULED.has(webpki)) return fault;
  } catch {
    // Malformed, or a key that OpenSSL does not know.
  }
  return MEANINGS[webpki ?? ''] ?? FAULTS.rejected;
}

/**
 * Whether webpki's word is enough: it asks neither for the key usage, nor for the length of a path
 * below a root.
 *
 * @param {Certificate[]} certificates @param {Trust} trust @param {number} usage
 */
function isBeyondDoubt([leaf, ...others], trust, usage) {
  return (
    ((leaf.keyUsage ?? usage) & usage) !== 0 &&
    others.length <= trust.shortestPath &&
    others.every(({ keyUsage = SIGNS_CERTIFICATES }) => (keyUsage & SIGNS_CERTIFICATES) !== 0)
  );
}

/**
 * The fault that OpenSSL reports: the last one of those that it finds, in its order.
 *
 * @param {Certificate[]} certificates @param {Trust} trust @param {'server' | 'client'} role
 * @param {number} now
 * @param {boolean} isNamed whether webpki has checked the constraints of names
 * @returns {Fault | undefined}
 */
function faultOf(certificates, trust, role, now, isNamed) {
  const { path, sent, isTrusted } = buildPath(certificates, trust, now);
  const faults = [];
  if (!isTrusted) faults.push(faultOfEnd(path, sent));
  faults.push(...faultsOfExtensions(path, role), ...faultsOfSignatures(path, trust, now));
  if (!isNamed && path.some((one) => one.hasNameConstraints)) faults.push(FAULTS.names);
  return faults.pop();
}

/**
 * The way from the peer's certificate to a trusted one, as far as it can be found.
 *
 * @param {Certificate[]} certificates @param {Trust} trust @param {number} now
 * @returns {{ path: Certificate[], sent: number, isTrusted: boolean }} `sent`: how many of the
 *   path come from the peer
 */
function buildPath([leaf, ...others], trust, now) {
  const path = [leaf];
  let sent = 1;
  for (;;) {
    const last = path[path.length - 1];
    const isRoot = isSelfSigned(last);
    const known =
      (isRoot || trust.isPartial ? trust.find(last) : undefined) ??
      (isRoot ? undefined : trust.issuerOf(last, now));
    if (known?.raw.equals(last.raw)) {
      return { path, sent: Math.min(sent, path.length - 1), isTrusted: true };
    }
    if (known && !path.includes(known)) {
      path.push(known);
      if (trust.isPartial) return { path, sent, isTrusted: true };
      continue;
    }
    const next =
      isRoot || sent < path.length ? -1 : others.findIndex((issuer) => mayHaveIssued(issuer, last));
    if (next === -1) return { path, sent, isTrusted: false };
    path.push(...others.splice(next, 1));
    sent++;
  }
}

/** @param {Certificate[]} path @param {number} sent @returns {Fault} */
function faultOfEnd(path, sent) {
  if (isSelfSigned(path[path.length - 1])) {
    return path.length === 1 ? FAULTS.selfSigned : FAULTS.selfSignedRoot;
  }
  return sent < path.length ? FAULTS.noIssuer : FAULTS.noLocalIssuer;
}

/** @param {Certificate[]} path @param {'server' | 'client'} role */
function* faultsOfExtensions(path, role) {
  const { id, usage } = PURPOSES[role];
  let below = 0;
  for (const [depth, certificate] of path.entries()) {
    const { keyUsage, purposes, pathLength, issuer, subject } = certificate;
    if (certificate.hasUnknownCritical) yield FAULTS.critical;
    const fits = depth === 0 ? ((keyUsage ?? usage) & usage) !== 0 : isAuthority(certificate);
    if (!fits || (purposes && !purposes.has(id))) yield FAULTS.purpose;
    if (depth > 1 && pathLength !== undefined && below > pathLength) yield FAULTS.path;
    if (depth > 0 && !issuer.equals(subject)) below++;
  }
}

/** `check_ca()` of OpenSSL, without Netscape's extension. @param {Certificate} certificate */
function isAuthority(certificate) {
  const { keyUsage, version } = certificate;
  if (keyUsage !== undefined && (keyUsage & SIGNS_CERTIFICATES) === 0) return false;
  if (certificate.isAuthority !== undefined) return certificate.isAuthority;
  return keyUsage !== undefined || (version === 1 && isSelfSigned(certificate));
}

/** From the end of the path to the peer's certificate. @param {Certificate[]} path @param {Trust} trust @param {number} now */
function* faultsOfSignatures(path, trust, now) {
  const top = path.length - 1;
  const isRoot = isSelfSigned(path[top]);
  if (isRoot || trust.isPartial) {
    yield* listed(faultOfTime(path[top], now));
  } else if (top === 0) {
    yield FAULTS.loneLeaf;
    yield* listed(faultOfTime(path[0], now));
  }
  for (let depth = top - 1; depth >= 0; depth--) {
    const issuer = path[depth + 1];
    const { keyUsage = SIGNS_CERTIFICATES } = issuer;
    if ((keyUsage & SIGNS_CERTIFICATES) === 0) yield FAULTS.signsNothing;
    yield* listed(faultOfSignature(path[depth], issuer));
    yield* listed(faultOfTime(path[depth], now));
  }
}

/** @param {Fault | undefined} fault */
function listed(fault) {
  return fault ? [fault] : [];
}

/** @param {Certificate} certificate @param {number} now @returns {Fault | undefined} */
function faultOfTime({ notBefore, notAfter }, now) {
  if (now < notBefore) return FAULTS.early;
  return now > notAfter ? FAULTS.expired : undefined;
}

/** @param {Certificate} certificate @param {Certificate} issuer @returns {Fault | undefined} */
function faultOfSignature({ raw, signature }, issuer) {
  const { publicKey } = new X509Certificate(issuer.raw);
  if (!new X509Certificate(raw).verify(publicKey)) return FAULTS.signature;
  const bits = publicKey.asymmetricKeyDetails?.modulusLength ?? 2048;
  return STRONG.test(signature) && bits >= 2048 ? undefined : FAULTS.weak;
}

/**
 * @param {Fault} fault
 * @returns {Error & { code: string }} as Node's
 */
function errorOf(fault) {
  const [code, message] = fault;
  return Object.assign(new Error(HINTED.has(fault) ? message + HINT : message), { code });
}

module.exports = { errorOf, judge };
