'use strict';

// The certificates that Node trusts by default, and those of the option `ca`.

const fs = require('node:fs');
const tls = require('node:tls');

const { copyOf, sameParts } = require('./parts');
const { certificatesIn } = require('./pem');
const { Trust } = require('./Trust');

/** Node 22.15 and later have it. @type {((type: string) => string[]) | undefined} */
const getCACertificates = Reflect.get(tls, 'getCACertificates');

/** Contexts made of the same certificates share a Trust, up to this number. */
const KEPT = 8;
/** @type {{ parts: any[], isPartial: boolean, trust: Trust }[]} */
const kept = [];

/** @type {{ list: readonly string[], trust: Trust } | undefined} */
let byDefault;
/** @type {readonly string[] | undefined} */
let oldDefault;

/**
 * @param {any} ca the option; if it is falsy, Node's default counts
 * @param {boolean} isPartial `allowPartialTrustChain`
 * @returns {Trust} the same one for the same certificates
 * @throws {Error} if the certificates can't be read
 */
function trustOf(ca, isPartial) {
  if (!ca) return isPartial ? new Trust(decode(defaultList()), true) : defaultTrust();
  /** @type {any[]} */
  const parts = Array.isArray(ca) ? ca : [ca];
  const found = kept.find((one) => one.isPartial === isPartial && sameParts(one.parts, parts));
  if (found) return found.trust;
  const trust = new Trust(parts.flatMap(certificatesIn), isPartial);
  kept.unshift({ parts: copyOf(parts), isPartial, trust });
  kept.length = Math.min(kept.length, KEPT);
  return trust;
}

function defaultTrust() {
  const list = defaultList();
  // Node gives the same list until an application sets another one.
  if (byDefault?.list !== list) byDefault = { list, trust: new Trust(decode(list), false) };
  return byDefault.trust;
}

/** @returns {readonly string[]} PEM */
function defaultList() {
  if (getCACertificates) return getCACertificates('default');
  oldDefault ??= [...tls.rootCertificates, ...extraCertificates()];
  return oldDefault;
}

/** @param {readonly string[]} list */
function decode(list) {
  return list.flatMap(certificatesIn);
}

/** Node itself warns of a file that it can't read, when it starts. */
function extraCertificates() {
  const path = process.env.NODE_EXTRA_CA_CERTS;
  if (!path) return [];
  try {
    return [fs.readFileSync(path, 'latin1')];
  } catch {
    return [];
  }
}

module.exports = { trustOf };
