'use strict';

// Reads X.509 certificates (RFC 5280) as far as the decision about trust needs it. Node's
// X509Certificate does not tell the usage of a key, the length of a path or critical extensions.

const SEQUENCE = 0x30;
const CONTEXT = 0xa0;
const UTC_TIME = 0x17;

/** Ids of extensions as hexadecimal DER. */
const ID = {
  subjectKeyId: '551d0e',
  keyUsage: '551d0f',
  basicConstraints: '551d13',
  nameConstraints: '551d1e',
  authorityKeyId: '551d23',
  extendedKeyUsage: '551d25',
};

/** Critical extensions that OpenSSL handles, besides those of ID. */
const HANDLED = new Set([
  '551d11', // subject alternative name
  '551d1f', // CRL distribution points
  '551d20', // certificate policies
  '551d21', // policy mappings
  '551d24', // policy constraints
  '551d36', // inhibit anyPolicy
]);

/**
 * What a certificate says.
 *
 * @typedef {object} Certificate
 * @property {Buffer} raw its DER
 * @property {number} version 1 to 3
 * @property {string} signature the id of the algorithm, hexadecimal
 * @property {Buffer} issuer the DER of the name
 * @property {Buffer} subject the DER of the name
 * @property {number} notBefore milliseconds since 1970
 * @property {number} notAfter milliseconds since 1970
 * @property {boolean | undefined} isAuthority undefined without basic constraints
 * @property {number | undefined} pathLength how many authorities may follow below it
 * @property {number | undefined} keyUsage the bits of RFC 5280 §4.2.1.3, bit 0 is 0x80
 * @property {Set<string> | undefined} purposes the ids of the extended key usage, hexadecimal
 * @property {Buffer | undefined} subjectKeyId
 * @property {Buffer | undefined} authorityKeyId
 * @property {boolean} hasNameConstraints
 * @property {boolean} hasUnknownCritical
 */

/**
 * @param {Buffer} raw DER
 * @returns {Certificate}
 * @throws {Error} if it is malformed
 */
function readCertificate(raw) {
  const [tbs] = elements(only(raw, SEQUENCE));
  const fields = elements(tbs.content);
  const hasVersion = fields[0].tag === CONTEXT;
  const [, signature, issuer, validity, subject] = hasVersion ? fields.slice(1) : fields;
  const [from, until] = elements(validity.content);
  /** @type {Certificate} */
  const certificate = {
    raw,
    version: hasVersion ? only(fields[0].content, 0x02)[0] + 1 : 1,
    signature: only(signature.content, 0x06).toString('hex'),
    issuer: issuer.whole,
    subject: subject.whole,
    notBefore: readTime(from),
    notAfter: readTime(until),
    isAuthority: undefined,
    pathLength: undefined,
    keyUsage: undefined,
    purposes: undefined,
    subjectKeyId: undefined,
    authorityKeyId: undefined,
    hasNameConstraints: false,
    hasUnknownCritical: false,
  };
  const extensions = fields.find(({ tag }) => tag === (CONTEXT | 3));
  if (extensions) {
    for (const { content } of elements(only(extensions.content, SEQUENCE))) {
      readExtension(certificate, elements(content));
    }
  }
  return certificate;
}

/** @param {Certificate} certificate @param {Element[]} parts id, whether it is critical, value */
function readExtension(certificate, parts) {
  const id = parts[0].content.toString('hex');
  const value = parts[parts.length - 1].content;
  switch (id) {
    case ID.subjectKeyId:
      certificate.subjectKeyId = only(value, 0x04);
      break;
    case ID.authorityKeyId:
      certificate.authorityKeyId = elements(only(value, SEQUENCE)).find(
        ({ tag }) => tag === 0x80,
      )?.content;
      break;
    case ID.keyUsage: {
      const [unused, bits] = only(value, 0x03);
      certificate.keyUsage = unused > 7 ? 0 : (bits ?? 0);
      break;
    }
    case ID.basicConstraints: {
      const members = elements(only(value, SEQUENCE));
      certificate.isAuthority = members[0]?.tag === 0x01 && members[0].content[0] !== 0;
      const limit = members.find(({ tag }) => tag === 0x02);
      if (limit) certificate.pathLength = limit.content.readUIntBE(0, limit.content.length);
      break;
    }
    case ID.extendedKeyUsage:
      certificate.purposes = new Set(
        elements(only(value, SEQUENCE)).map(({ content }) => content.toString('hex')),
      );
      break;
    case ID.nameConstraints:
      certificate.hasNameConstraints = true;
      break;
    default: {
      const isCritical = parts.length === 3 && parts[1].content[0] !== 0;
      if (isCritical && !HANDLED.has(id)) certificate.hasUnknownCritical = true;
    }
  }
}

/** @param {Element} element */
function readTime({ tag, content }) {
  const digits = content.toString('latin1');
  const year = tag === UTC_TIME ? Number(digits.slice(0, 2)) : Number(digits.slice(0, 4));
  const [month, day, hour, minute, second] = Array.from({ length: 5 }, (_, i) => {
    const at = (tag === UTC_TIME ? 2 : 4) + 2 * i;
    return Number(digits.slice(at, at + 2));
  });
  // RFC 5280 §4.1.2.5.1: two digits from 50 on mean the last century.
  const century = tag === UTC_TIME ? (year < 50 ? 2000 : 1900) : 0;
  const time = Date.UTC(century + year, month - 1, day, hour, minute, second);
  if (Number.isNaN(time)) throw new Error('a time of a certificate is malformed');
  return time;
}

/**
 * @typedef {object} Element
 * @property {number} tag
 * @property {Buffer} content
 * @property {Buffer} whole with tag and length
 */

/**
 * @param {Buffer} bytes
 * @returns {Element[]} the elements that stand in it one behind the other
 */
function elements(bytes) {
  const found = [];
  for (let at = 0; at < bytes.length; ) {
    let length = bytes[at + 1];
    let start = at + 2;
    if (length > 0x80) {
      const size = length & 0x7f;
      if (size > 4 || start + size > bytes.length) throw new Error('a certificate is malformed');
      length = bytes.readUIntBE(start, size);
      start += size;
    }
    const end = start + length;
    // Also true without a length.
    if (!(end <= bytes.length)) throw new Error('a certificate is malformed');
    found.push({
      tag: bytes[at],
      content: bytes.subarray(start, end),
      whole: bytes.subarray(at, end),
    });
    at = end;
  }
  return found;
}

/** @param {Buffer} bytes @param {number} tag @returns {Buffer} the content of the first element */
function only(bytes, tag) {
  const [element] = elements(bytes);
  if (element?.tag !== tag) throw new Error('a certificate is malformed');
  return element.content;
}

/**
 * Whether the names of two certificates allow that one has issued the other. Only a signature proves
 * it.
 *
 * @param {Certificate} issuer
 * @param {Certificate} certificate
 */
function mayHaveIssued({ subject, subjectKeyId }, { issuer, authorityKeyId }) {
  return (
    subject.equals(issuer) &&
    (!subjectKeyId || !authorityKeyId || subjectKeyId.equals(authorityKeyId))
  );
}

/** @param {Certificate} certificate */
function isSelfSigned(certificate) {
  return mayHaveIssued(certificate, certificate);
}

module.exports = { isSelfSigned, mayHaveIssued, readCertificate };
