'use strict';

// Node's own TLS is asked about each failure, and has to make the same error as lib/internal/tls.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const net = require('node:net');
const { describe, it } = require('node:test');
const tls = require('node:tls');

const { disconnectedError, errorOfFailure } = require('../../lib/internal/tls/failures');
const { kit } = require('../support/certificates');

const HOST = '127.0.0.1';
const ALERT = 0x15;
const HANDSHAKE = 0x16;
const record = (type, ...bytes) =>
  Buffer.from([type, 3, 3, bytes.length >> 8, bytes.length & 0xff, ...bytes]);

/** Alerts with rustls' names. */
const ALERTS = {
  UnexpectedMessage: 10,
  BadRecordMac: 20,
  RecordOverflow: 22,
  HandshakeFailure: 40,
  BadCertificate: 42,
  UnsupportedCertificate: 43,
  CertificateRevoked: 44,
  CertificateExpired: 45,
  CertificateUnknown: 46,
  IllegalParameter: 47,
  UnknownCA: 48,
  AccessDenied: 49,
  DecodeError: 50,
  DecryptError: 51,
  ProtocolVersion: 70,
  InsufficientSecurity: 71,
  InternalError: 80,
  InappropriateFallback: 86,
  MissingExtension: 109,
  UnrecognisedName: 112,
  NoApplicationProtocol: 120,
};

/** @returns {Promise<any>} the error of a client whose server answers like this */
async function clientError(t, answer, { writes = false, host = HOST } = {}) {
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => answer(socket));
  });
  t.after(() => server.close());
  server.listen(0, HOST);
  await once(server, 'listening');
  const { port } = /** @type {any} */ (server.address());
  const socket = tls.connect({ port, host });
  t.after(() => socket.destroy());
  if (writes) socket.write('x');
  const [error] = await once(socket, 'error').catch((failure) => [failure]);
  return { error, port };
}

/** @returns {Promise<any>} the error of a server to which a client sends this */
async function serverError(t, bytes, options = {}) {
  const server = tls.createServer({ cert: kit.server.cert, key: kit.server.key, ...options });
  t.after(() => server.close());
  server.listen(0, HOST);
  await once(server, 'listening');
  const socket = net.connect(/** @type {any} */ (server.address()).port, HOST);
  socket.on('error', () => {});
  t.after(() => socket.destroy());
  socket.end(bytes);
  const [error] = await once(server, 'tlsClientError');
  return error;
}

/** Node's messages also have the thread, the function, the file and the line of OpenSSL. */
function comparable(error) {
  const fields = { ...error, message: error.message };
  fields.message = fields.message
    .replace(
      /(?:[0-9A-F]+:)?error:([0-9A-F]+):SSL routines:\w*:([^:]*):.*/s,
      'error:$1:SSL routines::$2',
    )
    .trimEnd();
  return fields;
}

const oursOf = (words, situation) => comparable(errorOfFailure(words, situation));

describe("An alert of the server is the error of Node's client", () => {
  for (const [name, number] of Object.entries(ALERTS)) {
    it(name, async (t) => {
      const alert = record(ALERT, 2, number);
      const { error } = await clientError(t, (socket) => socket.end(alert));
      assert.deepEqual(oursOf(`ALERT_RECEIVED:${name}`), comparable(error));
    });
  }

  it('a handshake failure, while bytes wait to be written', async (t) => {
    const alert = record(ALERT, 2, ALERTS.HandshakeFailure);
    const { error } = await clientError(t, (socket) => socket.end(alert), { writes: true });
    const ours = oursOf('ALERT_RECEIVED:HandshakeFailure', { isWriting: true });
    assert.deepEqual(ours, comparable(error));
  });
});

describe("A server's answer that is no TLS is the error of Node's client", () => {
  it('plain text', async (t) => {
    const { error } = await clientError(t, (socket) => socket.end('HTTP/1.1 400 Bad\r\n\r\n'));
    assert.deepEqual(oursOf('ALERT_SENT:InvalidMessage(InvalidContentType)'), comparable(error));
    assert.deepEqual(
      oursOf('ERR_SSL_WRONG_VERSION_NUMBER:wrong version number'),
      comparable(error),
    );
  });

  it('a handshake message beyond every limit', async (t) => {
    const { error } = await clientError(t, (socket) => socket.end(record(HANDSHAKE, 2, 40, 1, 1)));
    assert.deepEqual(oursOf('ERR_SSL_EXCESSIVE_MESSAGE_SIZE'), comparable(error));
  });

  it('an end', async (t) => {
    const { error, port } = await clientError(t, (socket) => socket.end());
    const ours = disconnectedError({ host: HOST, port });
    assert.deepEqual(
      comparable(ours),
      comparable({ ...error, message: error.message, path: undefined }),
    );
  });
});

describe("A client's bytes that are no TLS are the error of Node's server", () => {
  const CASES = [
    ['HTTP', 'GET / HTTP/1.1\r\n\r\n', 'ERR_SSL_HTTP_REQUEST:http request'],
    ['a request to a proxy', 'CONNECT a:1 HTTP/1.1\r\n\r\n', 'ERR_SSL_HTTPS_PROXY_REQUEST'],
    ['other bytes', Buffer.alloc(64, 0xff), 'ALERT_SENT:InvalidMessage(InvalidContentType)'],
    [
      'an alert first',
      record(ALERT, 2, 48),
      'ALERT_SENT:InappropriateMessage { expect_types: [] }',
    ],
    [
      'an empty hello',
      record(HANDSHAKE, 1, 0, 0, 0),
      'ALERT_SENT:InvalidMessage(MissingData("x"))',
    ],
    ['nothing', '', 'EOF'],
  ];
  for (const [name, bytes, words] of CASES) {
    it(name, async (t) => {
      assert.deepEqual(oursOf(words), comparable(await serverError(t, bytes)));
    });
  }
});

describe("What client and server do not have in common is the error of Node's server", () => {
  const CASES = [
    [
      'a version',
      { minVersion: 'TLSv1.3' },
      { maxVersion: 'TLSv1.2' },
      'PeerIncompatible(Tls13RequiredForQuic)',
    ],
    [
      'a cipher',
      { ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384', maxVersion: 'TLSv1.2' },
      { ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' },
      'PeerIncompatible(NoCipherSuitesInCommon)',
    ],
    ['a certificate', { requestCert: true, ca: kit.root.cert }, {}, 'NoCertificatesPresented'],
  ];
  if (Number.parseInt(process.versions.node, 10) >= 20) {
    CASES.push([
      'a protocol',
      { ALPNProtocols: ['h2'] },
      { ALPNProtocols: ['http/1.1'] },
      'NoApplicationProtocol',
    ]);
  }
  for (const [name, serverOptions, clientOptions, word] of CASES) {
    it(name, async (t) => {
      const { cert, key } = kit.server;
      const server = tls.createServer({ cert, key, ...serverOptions });
      t.after(() => server.close());
      server.listen(0, HOST);
      await once(server, 'listening');
      const port = /** @type {any} */ (server.address()).port;
      const socket = tls.connect({ port, host: HOST, ca: kit.root.cert, ...clientOptions });
      socket.on('error', () => {});
      t.after(() => socket.destroy());
      const [error] = await once(server, 'tlsClientError');
      assert.deepEqual(oursOf(`ALERT_SENT:${word}`), comparable(error));
    });
  }
});
