'use strict';

// A NativeTlsSocket answers from what the engine knows of the session, as a TLSSocket does. Node's
// own TLS makes the session here, and tells the engine's part.

const assert = require('node:assert/strict');
const { X509Certificate } = require('node:crypto');
const { once } = require('node:events');
const net = require('node:net');
const { describe, it } = require('node:test');
const tls = require('node:tls');

const { engine } = require('../../lib/internal/engine/engine');
const NativeTlsSocket = require('../../lib/internal/transport/NativeTlsSocket');
const { selfSigned } = require('../parity/harness/certificate');
const { linkOf } = require('../support/nativeSocket');

const { cert, key } = selfSigned();
const der = new X509Certificate(cert).raw;

/** A connected TLSSocket of Node's client, with its server's socket. */
async function openTls(t) {
  const server = tls.createServer({ cert, key, ALPNProtocols: ['http/1.1'] });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {net.AddressInfo} */ (server.address());
  const options = { port, host: '127.0.0.1', servername: 'localhost', ca: [cert] };
  const accepted = once(server, 'secureConnection');
  const client = tls.connect({
    ...options,
    ALPNProtocols: ['http/1.1'],
    checkServerIdentity: () => undefined,
  });
  await once(client, 'secureConnect');
  const [serverSide] = await accepted;
  t.after(() => {
    client.destroy();
    serverSide.destroy();
    server.close();
  });
  return { client, serverSide };
}

/** A NativeTlsSocket whose engine knows `info`, without a handshake. */
async function openNative(t, info, options) {
  const server = net.createServer({ pauseOnConnect: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {net.AddressInfo} */ (server.address());
  const peer = net.connect(port, '127.0.0.1');
  const [accepted] = await once(server, 'connection');
  const known = /** @type {any} */ (engine);
  known.tlsInfo = () => info;
  const socket = NativeTlsSocket.over({ slot: linkOf(accepted), ...options });
  t.after(() => {
    delete known.tlsInfo;
    socket.destroy();
    peer.destroy();
    server.close();
  });
  return { socket, peer };
}

/** What can be asked of a TLSSocket. */
function answersOf(socket) {
  return {
    alpnProtocol: socket.alpnProtocol,
    authorizationError: socket.authorizationError,
    authorized: socket.authorized,
    certificate: socket.getPeerCertificate(),
    detailed: socket.getPeerCertificate(true),
    cipher: socket.getCipher(),
    encrypted: socket.encrypted,
    fragment: socket.setMaxSendFragment(1024),
    isReused: socket.isSessionReused(),
    own: socket.getCertificate(),
    protocol: socket.getProtocol(),
    servername: socket.servername,
    x509: socket.getPeerX509Certificate()?.fingerprint256,
  };
}

/** What the engine knows of a session of Node's. */
function infoOf(socket, chain) {
  return {
    alpn: socket.alpnProtocol || null,
    chain,
    cipher: socket.getCipher(),
    isResumed: false,
    protocol: socket.getProtocol(),
    servername: socket.servername || null,
  };
}

describe('A NativeTlsSocket', () => {
  it('is a tls.TLSSocket and a net.Socket by instanceof', async (t) => {
    const { socket } = await openNative(t, null, { isServer: true });
    assert.ok(socket instanceof tls.TLSSocket && socket instanceof net.Socket);
    for (const name of Object.getOwnPropertyNames(tls.TLSSocket.prototype)) {
      assert.ok(name in socket, name);
    }
  });

  it('answers as a TLSSocket of a client', async (t) => {
    const { client } = await openTls(t);
    const options = { isServer: false, servername: 'localhost' };
    const { socket } = await openNative(t, infoOf(client, [der]), options);
    assert.equal(socket.authorized, false);
    socket.secured(null);
    assert.deepStrictEqual(answersOf(socket), answersOf(client));
    assert.equal(socket.getPeerCertificate(true).issuerCertificate.subject.CN, 'localhost');
  });

  it('answers as a TLSSocket of a server', async (t) => {
    const { serverSide } = await openTls(t);
    const { socket } = await openNative(t, infoOf(serverSide, []), { isServer: true });
    socket.secured(undefined);
    const own = {};
    assert.deepStrictEqual(answersOf(socket), { ...answersOf(serverSide), own });
    assert.equal(socket.getEphemeralKeyInfo(), serverSide.getEphemeralKeyInfo());
  });

  it('says why it does not trust its peer', async (t) => {
    const info = { ...infoOf({ getCipher() {}, getProtocol() {} }, [der]) };
    const { socket } = await openNative(t, info, { isServer: false });
    const fault = Object.assign(new Error('self-signed'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    socket.secured(fault);
    assert.deepEqual(
      [socket.authorized, socket.authorizationError],
      [false, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    );
  });

  it('does not renegotiate, and exports no keys', async (t) => {
    const { socket } = await openNative(t, null, { isServer: true });
    const called = new Promise((resolve) => {
      assert.equal(socket.renegotiate({}, resolve), false);
    });
    assert.equal((await called).code, 'ERR_SSL_NO_RENEGOTIATION');
    const exporting = () => socket.exportKeyingMaterial(16, 'label');
    assert.throws(exporting, { code: 'ERR_TLS_INVALID_STATE' });
    socket.secured(undefined);
    assert.throws(exporting, { code: 'ERR_TLS_INVALID_STATE' });
  });

  it('reads, writes and ends as a NativeSocket', async (t) => {
    const { socket, peer } = await openNative(t, null, { isServer: true });
    socket.on('data', (chunk) => socket.end(chunk));
    peer.end('echo');
    const [answer] = await once(peer, 'data');
    await once(socket, 'close');
    assert.equal(`${answer}`, 'echo');
    assert.equal(socket.getProtocol(), null);
    assert.equal(socket.getPeerCertificate(), null);
  });
});
