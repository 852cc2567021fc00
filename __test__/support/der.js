'use strict';

// DER (X.690), as far as certificates need it.

/**
 * One element. DER allows only the shortest form of a length.
 *
 * @param {number} tag
 * @param {...(Uint8Array | number[])} parts the content, one behind the other
 */
function der(tag, ...parts) {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
  return Buffer.concat([Buffer.from([tag, ...derLength(body.length)]), body]);
}

function derLength(length) {
  if (length < 0x80) return [length];
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
}

/** @param {string} dotted such as '2.5.4.3' */
function objectId(dotted) {
  const [first, second, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const number of rest) {
    const groups = [number & 0x7f];
    for (let left = number >>> 7; left > 0; left >>>= 7) groups.unshift((left & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return der(0x06, bytes);
}

/** UTCTime until 2049, then GeneralizedTime, RFC 5280 §4.1.2.5. @param {Date} date */
function time(date) {
  const digits = date.toISOString().replace(/[-:T]|\.\d+/g, '');
  return date.getUTCFullYear() < 2050
    ? der(0x17, Buffer.from(digits.slice(2)))
    : der(0x18, Buffer.from(digits));
}

const sequence = (...members) => der(0x30, ...members);
const set = (...members) => der(0x31, ...members);
const explicit = (number, ...members) => der(0xa0 | number, ...members);
const integer = (...bytes) => der(0x02, bytes);
const boolean = (value) => der(0x01, [value ? 0xff : 0]);
const octets = (bytes) => der(0x04, bytes);
const utf8 = (text) => der(0x0c, Buffer.from(text));
const bits = (bytes, unused = 0) => der(0x03, [unused], bytes);

/** @param {string} label such as 'CERTIFICATE' @param {Buffer} bytes */
function pem(label, bytes) {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

module.exports = {
  bits,
  boolean,
  der,
  explicit,
  integer,
  objectId,
  octets,
  pem,
  sequence,
  set,
  time,
  utf8,
};
