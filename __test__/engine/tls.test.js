'use strict';

// Links of the engine with TLS, against node:tls.

const assert = require('node:assert');
const { randomBytes, X509Certificate } = require('node:crypto');
const { once } = require('node:events');
const net = require('node:net');
const { describe, it } = require('node:test');
const tls = require('node:tls');

const { calls, engine } = require('../../lib/internal/engine/engine');
const { kit } = require('../support/certificates');
const { until } = require('../support/events');
const frames = require('../support/frames');

const WITHOUT_IO_THREADS = process.platform === 'win32' ? 'there are no I/O threads' : false;
const VERSIONS = /** @type {const} */ (['TLSv1.2', 'TLSv1.3']);
const ROLES = ['server', 'client'];
/** More than the kernel takes at once. */
const MUCH = Buffer.alloc(8 << 20, 'some bytes of a long payload, ');
/** More than all kernels on the way take. */
const TOO_MUCH = Buffer.alloc(64 << 20, 'some bytes of a longer payload, ');

const LINK_OPTIONS = {
  masks: false,
  requiresMask: true,
  assemblesFragments: true,
  maxFrameSize: Infinity,
  maxMessageSize: Infinity,
  highWaterMark: 16384,
};

const TlsLink = WITHOUT_IO_THREADS ? /** @type {any} */ ({}) : require('./TlsLink');

const { contextOf } = TlsLink;

/** Both ends of a connection: ours, and one of node:tls with `options`. */
async function pair(t, role, options = {}, ownOptions = {}) {
  return role === 'server' ? ownServer(t, options, ownOptions) : ownClient(t, options, ownOptions);
}

async function ownServer(t, options, ownOptions) {
  const links = [];
  const context = contextOf(true, kit.server, ownOptions);
  const port = await TlsLink.serve(t, context, (link) => links.push(link));
  const through = await relay(t, port);
  const theirs = tls.connect({
    port: through.port,
    host: '127.0.0.1',
    servername: 'localhost',
    ca: kit.root.cert,
    allowHalfOpen: true,
    ...options,
  });
  theirs.on('error', () => {});
  t.after(() => theirs.destroy());
  await until(() => links.length > 0);
  return { ours: links[0], theirs, toUs: through.toServer };
}

/** Passes everything on to a port. The tests may add to it. */
async function relay(t, port) {
  const through = { port: 0 };
  const server = net.createServer({ allowHalfOpen: true }, (client) => {
    const onward = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    for (const [from, to] of [
      [client, onward],
      [onward, client],
    ]) {
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
      from.pipe(to);
    }
    Object.assign(through, { toClient: client, toServer: onward });
  });
  t.after(() => server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  through.port = /** @type {net.AddressInfo} */ (server.address()).port;
  return through;
}

async function ownClient(t, options, ownOptions) {
  const server = tls.createServer({
    key: kit.server.key,
    cert: kit.server.cert,
    allowHalfOpen: true,
    ...options,
  });
  t.after(() => server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = /** @type {net.AddressInfo} */ (server.address());
  const accepted = once(server, 'secureConnection');
  // It does not come if the handshake fails.
  accepted.catch(() => {});
  const context = contextOf(false, undefined, { ca: [kit.root.raw], ...ownOptions });
  const through = await relay(t, port);
  const ours = await TlsLink.connect(through.port, context);
  await until(() => ours.events.length > 0);
  if (ours.events[0][0] !== 'secure') return { ours, theirs: undefined };
  const [theirs] = await accepted;
  theirs.on('error', () => {});
  t.after(() => theirs.destroy());
  return { ours, theirs, toUs: through.toClient };
}

/** So many bytes that a socket receives. */
async function received(socket, length) {
  const chunks = [];
  let size = 0;
  const listener = (chunk) => {
    chunks.push(chunk);
    size += chunk.length;
  };
  socket.on('data', listener).resume();
  await until(() => size >= length || socket.destroyed);
  socket.off('data', listener);
  return Buffer.concat(chunks);
}

for (const role of ROLES) {
  for (const version of VERSIONS) {
    describe(`The engine as a ${role} of ${version}`, { skip: WITHOUT_IO_THREADS }, () => {
      const connected = (t, options, own) =>
        pair(t, role, { minVersion: version, maxVersion: version, ...options }, own);

      it('exchanges bytes with node:tls, and knows what was agreed on', async (t) => {
        const { ours, theirs } = await connected(
          t,
          { ALPNProtocols: ['h2', 'http/1.1'] },
          { alpn: ['http/1.1'] },
        );
        await ours.until('secure');
        theirs.write('from them');
        assert.strictEqual(`${await ours.bytes(9)}`, 'from them');
        await ours.send('from us');
        assert.strictEqual(`${await received(theirs, 7)}`, 'from us');
        const { chain, ...info } = ours.info;
        const { name, standardName } = theirs.getCipher();
        assert.deepStrictEqual(info, {
          protocol: version,
          cipher: { name, standardName, version },
          alpn: 'http/1.1',
          servername: 'localhost',
          isResumed: false,
        });
        assert.deepStrictEqual(chain, role === 'server' ? [] : [kit.server.raw]);
        await ours.release();
      });

      it('moves long payloads in both directions at once', async (t) => {
        const { ours, theirs } = await connected(t);
        await ours.until('secure');
        theirs.write(MUCH);
        const sent = ours.send(MUCH);
        const [heard, said] = await Promise.all([
          ours.bytes(MUCH.length),
          received(theirs, MUCH.length),
        ]);
        await sent;
        assert.ok(heard.equals(MUCH) && said.equals(MUCH));
        await ours.release();
      });

      it('waits with output until the peer reads', async (t) => {
        const { ours, theirs } = await connected(t);
        await ours.until('secure');
        theirs.pause();
        let isSent = false;
        const sent = ours.send(TOO_MUCH).then(() => {
          isSent = true;
        });
        theirs.write('still heard');
        assert.strictEqual(`${await ours.bytes(11)}`, 'still heard');
        assert.strictEqual(isSent, false);
        assert.ok((await received(theirs, TOO_MUCH.length)).equals(TOO_MUCH));
        await sent;
        await ours.release();
      });

      it('ends behind its output, and hears on', async (t) => {
        const { ours, theirs } = await connected(t);
        await ours.until('secure');
        ours.send(MUCH);
        ours.end();
        const ended = once(theirs, 'end');
        assert.ok((await received(theirs, MUCH.length)).equals(MUCH));
        theirs.resume();
        await ended;
        theirs.end('the last words');
        assert.strictEqual(`${await ours.bytes(14)}`, 'the last words');
        assert.deepStrictEqual((await ours.until('end')).at(-1), ['end', 0]);
        await ours.release();
      });

      it('tells a truncated stream from one that has ended', async (t) => {
        const { ours, theirs, toUs } = await connected(t);
        await ours.until('secure');
        theirs.unref();
        toUs.end();
        assert.deepStrictEqual((await ours.until('end')).at(-1), ['end', 1]);
        await ours.release();
      });

      it('sends what is left of its output after a release that lingers', async (t) => {
        const { ours, theirs } = await connected(t);
        await ours.until('secure');
        const ended = once(theirs, 'end');
        ours.send(MUCH).catch(() => {});
        const released = ours.release(true);
        assert.ok((await received(theirs, MUCH.length)).equals(MUCH));
        theirs.resume();
        await ended;
        theirs.end();
        await released;
      });

      it('reports a record that was changed on the way', async (t) => {
        const { ours, theirs, toUs } = await connected(t);
        await ours.until('secure');
        const failed = once(theirs, 'error');
        toUs.write(`\x17\x03\x03\x00\x40${'x'.repeat(64)}`, 'latin1');
        assert.deepStrictEqual((await ours.until('failed')).at(-1), [
          'failed',
          0,
          'tls:ALERT_SENT:DecryptError',
        ]);
        assert.match((await failed)[0].code, /ALERT_BAD_RECORD_MAC$/);
        await ours.release();
      });
    });
  }
}

describe('A link of the engine with TLS', { skip: WITHOUT_IO_THREADS }, () => {
  it('becomes a WebSocket, also with messages of many records', async (t) => {
    const { ours, theirs } = await pair(t, 'server');
    await ours.until('secure');
    engine.holdInput(ours.slot);
    await ours.until('barrier');
    const reader = new frames.FrameReader();
    const heard = [];
    theirs.on('data', (chunk) => heard.push(...reader.push(chunk)));
    theirs.write(frames.encode({ opcode: frames.TEXT, payload: 'held', masked: true }));
    engine.switchProtocol(ours.slot, LINK_OPTIONS, Buffer.alloc(0));
    theirs.write(frames.encode({ opcode: frames.BINARY, payload: MUCH, masked: true }));
    await until(() => ours.messages.length === 2);
    assert.strictEqual(ours.messages[0], 'held');
    assert.ok(MUCH.equals(ours.messages[1]));
    calls.sendBinary(ours.slot, MUCH, 0);
    calls.kick(ours.slot);
    await until(() => heard.length > 0);
    assert.ok(heard[0].opcode === frames.BINARY && MUCH.equals(heard[0].payload));
    await ours.release();
  });

  it('shakes hands while it is paused, and holds what follows', async (t) => {
    const context = contextOf(true, kit.server);
    const links = [];
    const port = await TlsLink.serve(t, context, (link) => {
      engine.setPaused(link.slot, true);
      links.push(link);
    });
    const theirs = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
    t.after(() => theirs.destroy());
    await once(theirs, 'secureConnect');
    const [ours] = links;
    await ours.until('secure');
    engine.setPaused(ours.slot, false);
    theirs.write('now');
    assert.strictEqual(`${await ours.bytes(3)}`, 'now');
    await ours.release();
  });

  for (const version of VERSIONS) {
    it(`resumes sessions of ${version} under the same keys, as a server`, async (t) => {
      const ticketKeys = randomBytes(48);
      let session;
      const resumed = [];
      for (const keys of [ticketKeys, ticketKeys, randomBytes(48)]) {
        const options = { session, minVersion: version, maxVersion: version };
        const { ours, theirs } = await pair(t, 'server', options, { ticketKeys: keys });
        const given = once(theirs, 'session');
        await ours.until('secure');
        await ours.send('x');
        theirs.resume();
        if (session === undefined) [session] = await given;
        assert.strictEqual(theirs.isSessionReused(), ours.info.isResumed);
        resumed.push(ours.info.isResumed);
        await ours.release();
      }
      assert.deepStrictEqual(resumed, [false, true, false]);
    });

    it(`resumes sessions of ${version}, as a client`, async (t) => {
      const server = tls.createServer({
        key: kit.server.key,
        cert: kit.server.cert,
        minVersion: version,
        maxVersion: version,
      });
      server.on('secureConnection', (socket) => {
        socket.on('error', () => {});
        socket.write('x');
      });
      t.after(() => server.close());
      await once(server.listen(0, '127.0.0.1'), 'listening');
      const { port } = /** @type {net.AddressInfo} */ (server.address());
      const context = contextOf(false, undefined, { sharesSessions: true, ca: [kit.root.raw] });
      for (const isResumed of [false, true]) {
        const ours = await TlsLink.connect(port, context);
        await ours.bytes(1);
        assert.strictEqual(ours.info.isResumed, isResumed);
        // The certificate of the first session counts.
        assert.deepStrictEqual(ours.info.chain, [kit.server.raw]);
        assert.strictEqual(ours.info.verifyError, undefined);
        await ours.release();
      }
    });
  }

  it('judges the certificates of the peer, and connects anyway', async (t) => {
    const cases = [
      [kit.server, kit.root, undefined],
      [kit.serverRsa, kit.root, undefined],
      [kit.server, kit.selfSigned, 'UnknownIssuer'],
      [kit.expired, kit.root, 'CertExpired'],
      [kit.early, kit.root, 'CertNotValidYet'],
      [kit.deepServer, kit.root, 'UnknownIssuer'],
      [kit.client, kit.root, 'RequiredEkuNotFoundContext'],
      // Names are judged elsewhere.
      [kit.otherName, kit.root, undefined],
    ];
    for (const [{ key, cert }, root, word] of cases) {
      const { ours, theirs } = await pair(t, 'client', { key, cert }, { ca: [root.raw] });
      assert.strictEqual(ours.info.verifyError, word);
      assert.deepStrictEqual(ours.info.chain[0], new X509Certificate(cert).raw);
      theirs.write('hello');
      assert.strictEqual(`${await ours.bytes(5)}`, 'hello');
      await ours.release();
    }
  });

  it('asks clients for a certificate, and judges it', async (t) => {
    const own = { requestCert: true, rejectUnauthorized: false, ca: [kit.root.raw] };
    const cases = [
      [kit.client, undefined],
      [kit.strangeClient, 'CaUsedAsEndEntity'],
      [kit.expiredClient, 'CertExpired'],
      [undefined, 'NoCertificate'],
    ];
    for (const [identity, word] of cases) {
      const options = identity ? { key: identity.key, cert: identity.cert } : {};
      const { ours } = await pair(t, 'server', options, own);
      await ours.until('secure');
      const expected = word === 'CaUsedAsEndEntity' ? /^(CaUsedAsEndEntity|UnknownIssuer)$/ : word;
      if (expected instanceof RegExp) assert.match(ours.info.verifyError, expected);
      else assert.strictEqual(ours.info.verifyError, word);
      assert.deepStrictEqual(ours.info.chain[0], identity?.raw);
      await ours.release();
    }
  });

  it('reports why a handshake has failed, and the peer hears it by an alert', async (t) => {
    const failing = async (options, own) => {
      const { ours, theirs } = await pair(t, 'server', options, own);
      const error = once(theirs, 'error');
      const [[name, , words]] = await ours.until('failed');
      assert.strictEqual(name, 'failed');
      await ours.release();
      return [words, (await error)[0].code];
    };
    assert.deepStrictEqual(await failing({ maxVersion: 'TLSv1.2' }, { minVersion: 3 }), [
      'tls:ALERT_SENT:PeerIncompatible(SupportedVersionsExtensionRequired)',
      'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
    ]);
    assert.deepStrictEqual(await failing({ ALPNProtocols: ['h2'] }, { alpn: ['http/1.1'] }), [
      'tls:ALERT_SENT:NoApplicationProtocol',
      'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL',
    ]);
    const { ours } = await pair(t, 'client', { minVersion: 'TLSv1.3' }, { maxVersion: 2 });
    assert.deepStrictEqual(ours.events, [
      ['failed', 0, 'tls:ALERT_RECEIVED:ProtocolVersion at the hello'],
    ]);
    await ours.release();
  });

  it('reports a peer that ends in the handshake, or speaks something else', async (t) => {
    const answers = {
      'tls:EOF': '',
      'tls:ALERT_SENT:InvalidMessage(InvalidContentType)': 'HTTP/1.1',
    };
    for (const [words, answer] of Object.entries(answers)) {
      const server = net.createServer((socket) => {
        socket.on('error', () => {});
        socket.once('data', () => socket.end(answer));
      });
      t.after(() => server.close());
      await once(server.listen(0, '127.0.0.1'), 'listening');
      const { port } = /** @type {net.AddressInfo} */ (server.address());
      const ours = await TlsLink.connect(port, contextOf(false, undefined));
      await ours.until('failed');
      assert.deepStrictEqual(ours.events, [['failed', 0, words]]);
      await ours.release();
    }
  });

  it('refuses names that are none, and keys that do not fit', () => {
    const context = contextOf(false, undefined);
    const slot = engine.openRaw(1024);
    assert.throws(() => engine.startTls(slot, context, 'no name'), /UnsupportedNameType/);
    calls.release(slot, false);
    assert.throws(() => contextOf(true, { key: kit.client.key, cert: kit.server.cert }));
    assert.throws(() => contextOf(true, kit.server, { keys: [Buffer.from('none')] }));
  });
});
