'use strict';

const { generateKeyPairSync, randomBytes, sign } = require('node:crypto');

/** One DER element. A list gives nested elements. DER allows only the shortest form of a length. */
function der(tag, content) {
  const body = Array.isArray(content) ? Buffer.concat(content) : content;
  return Buffer.concat([Buffer.from([tag, ...derLength(body.length)]), body]);
}

function derLength(length) {
  if (length < 0x80) return [length];
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
}

const sequence = (...members) => der(0x30, members);
const objectId = (...bytes) => der(0x06, Buffer.from(bytes));
const utf8 = (text) => der(0x0c, Buffer.from(text));
const bitString = (bytes) => der(0x03, Buffer.concat([Buffer.from([0]), bytes]));
const time = (date) =>
  der(
    0x17,
    Buffer.from(
      `${date
        .toISOString()
        .slice(2)
        .replace(/[-:T]|\.\d+/g, '')}`,
    ),
  );

const ECDSA_SHA256 = sequence(objectId(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));
const COMMON_NAME = objectId(0x55, 0x04, 0x03);
const ALT_NAME = objectId(0x55, 0x1d, 0x11);
const DAY = 24 * 3600 * 1000;

const pem = (bytes) =>
  `-----BEGIN CERTIFICATE-----\n${bytes.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`;

/**
 * A self-signed certificate (RFC 5280) for localhost and 127.0.0.1. Each test run makes a new one.
 */
function selfSigned() {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = sequence(der(0x31, [sequence(COMMON_NAME, utf8('localhost'))]));
  const altNames = sequence(
    der(0x82, Buffer.from('localhost')),
    der(0x87, Buffer.from([127, 0, 0, 1])),
  );
  const serial = randomBytes(8);
  serial[0] = 1;
  const body = sequence(
    der(0xa0, [der(0x02, Buffer.from([2]))]),
    der(0x02, serial),
    ECDSA_SHA256,
    name,
    sequence(time(new Date(Date.now() - DAY)), time(new Date(Date.now() + 30 * DAY))),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, [sequence(sequence(ALT_NAME, der(0x04, altNames)))]),
  );
  const certificate = sequence(body, ECDSA_SHA256, bitString(sign('sha256', body, privateKey)));
  return { cert: pem(certificate), key: privateKey.export({ type: 'pkcs8', format: 'pem' }) };
}

module.exports = { selfSigned };
