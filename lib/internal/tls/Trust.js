'use strict';

const { mayHaveIssued, readCertificate } = require('./der');

/** keyCertSign of the key usage, RFC 5280 §4.2.1.3. */
const SIGNS_CERTIFICATES = 0x04;

/** The certificates that a context trusts. */
class Trust {
  /** @type {Map<string, import('./der').Certificate[]> | undefined} */
  #bySubject;

  /**
   * @param {Buffer[]} certificates DER
   * @param {boolean} isPartial whether a chain may end at one that another authority has issued
   * @throws {Error} if one is malformed
   */
  constructor(certificates, isPartial) {
    this.certificates = certificates.map(readCertificate);
    this.isPartial = isPartial;
    /** The shortest length of a path that one of them allows. */
    this.shortestPath = this.certificates.reduce(
      (shortest, { pathLength = Number.POSITIVE_INFINITY }) => Math.min(shortest, pathLength),
      Number.POSITIVE_INFINITY,
    );
  }

  /**
   * The certificates that may end a chain without any further question. webpki asks none about
   * them, and OpenSSL does. So the other ones are left to `judge()`.
   *
   * @param {number} now milliseconds since 1970
   * @returns {{ anchors: Buffer[], until: number }} DER, and how long they are the right ones
   */
  anchors(now) {
    const anchors = [];
    let until = Number.POSITIVE_INFINITY;
    for (const certificate of this.certificates) {
      const { notBefore, notAfter, raw } = certificate;
      if (!mayEndChain(certificate, this.isPartial)) continue;
      if (now >= notBefore && now <= notAfter) anchors.push(raw);
      for (const time of [notBefore, notAfter + 1]) {
        if (time > now && time < until) until = time;
      }
    }
    return { anchors, until };
  }

  /**
   * @param {import('./der').Certificate} certificate
   * @returns {import('./der').Certificate | undefined} the same one, if it is trusted itself
   */
  find(certificate) {
    return this.#named(certificate.subject).find(({ raw }) => raw.equals(certificate.raw));
  }

  /**
   * @param {import('./der').Certificate} certificate
   * @param {number} now milliseconds since 1970
   * @returns {import('./der').Certificate | undefined} one that may have issued it, a valid one if
   *   there is a choice
   */
  issuerOf(certificate, now) {
    const issuers = this.#named(certificate.issuer).filter((one) =>
      mayHaveIssued(one, certificate),
    );
    return (
      issuers.find(({ notBefore, notAfter }) => now >= notBefore && now <= notAfter) ?? issuers[0]
    );
  }

  /** @param {Buffer} subject the DER of a name */
  #named(subject) {
    if (this.#bySubject === undefined) {
      this.#bySubject = new Map();
      for (const certificate of this.certificates) {
        const key = certificate.subject.toString('latin1');
        const same = this.#bySubject.get(key);
        if (same) same.push(certificate);
        else this.#bySubject.set(key, [certificate]);
      }
    }
    return this.#bySubject.get(subject.toString('latin1')) ?? [];
  }
}

/** @param {import('./der').Certificate} certificate @param {boolean} isPartial */
function mayEndChain(certificate, isPartial) {
  const { isAuthority, issuer, subject, keyUsage = SIGNS_CERTIFICATES, purposes } = certificate;
  return (
    isAuthority === true &&
    (isPartial || subject.equals(issuer)) &&
    (keyUsage & SIGNS_CERTIFICATES) !== 0 &&
    purposes === undefined &&
    !certificate.hasUnknownCritical
  );
}

module.exports = { SIGNS_CERTIFICATES, Trust };
