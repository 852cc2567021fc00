'use strict';

// A listener of the engine with TLS, driven directly.

const assert = require('node:assert');
const { once } = require('node:events');
const https = require('node:https');
const net = require('node:net');
const { describe, it } = require('node:test');
const tls = require('node:tls');

const { engine } = require('../../lib/internal/engine/engine');
const { kit } = require('../support/certificates');
const { until } = require('../support/events');
const raw = require('./raw');

const HANDSHAKE = Buffer.from(raw.HANDSHAKE);
const WITHOUT_IO_THREADS = process.platform === 'win32' ? 'there are no I/O threads' : false;

const Listener = WITHOUT_IO_THREADS ? /** @type {any} */ (class {}) : require('./Listener');
const { contextOf } = WITHOUT_IO_THREADS ? /** @type {any} */ ({}) : require('./TlsLink');
const { TlsContexts } = require('../../lib/internal/engine/native');

/** A listener with TLS and this identity as its standard. */
function listening(t, { identity = kit.server, asks = false, own = {}, options = {} } = {}) {
  const contexts = new TlsContexts(contextOf(true, identity, own), asks);
  return { listener: new Listener(t, options, undefined, contexts), contexts };
}

/** A client of node:tls. */
function connect(t, listener, options = {}) {
  const client = tls.connect({
    ...listener.target,
    servername: 'localhost',
    ca: kit.root.cert,
    ...options,
  });
  client.on('error', () => {});
  t.after(() => client.destroy());
  return client;
}

/** The words of the next event, which says that a handshake has failed. */
async function failure(listener) {
  const { payload } = await listener.nextOf('tls error');
  const [words, address, port] = payload.split('\0');
  assert.strictEqual(address, '127.0.0.1');
  assert.match(port, /^\d+$/);
  return words;
}

describe('A listener of the engine with TLS', { skip: WITHOUT_IO_THREADS }, () => {
  for (const version of /** @type {const} */ (['TLSv1.2', 'TLSv1.3'])) {
    it(`makes links of handshakes over ${version}`, async (t) => {
      const { listener } = listening(t);
      const client = connect(t, listener, { minVersion: version, maxVersion: version });
      client.write(`${HANDSHAKE}one`);
      const { extra: ticket, payload } = await listener.nextOf('request');
      assert.deepStrictEqual(payload.split('\0').slice(2, 5), ['3', 'GET', '/']);
      const link = listener.accept(ticket);
      const { protocol, servername } = engine.tlsInfo(link.slot);
      assert.deepStrictEqual(
        { protocol, servername },
        { protocol: version, servername: 'localhost' },
      );
      link.send('an answer');
      assert.strictEqual(`${await once(client, 'data')}`, 'an answer');
      engine.releaseHeld(link.slot);
      client.end('two');
      await until(() => link.names.includes('end'));
      const bytes = link.events.filter(({ name }) => name === 'bytes');
      assert.strictEqual(bytes.map((event) => event.payload).join(''), 'onetwo');
      await link.release();
    });
  }

  it('takes handshakes in pieces of one byte', async (t) => {
    const { listener } = listening(t);
    const through = net.connect(listener.target).setNoDelay(true);
    t.after(() => through.destroy());
    const client = connect(t, listener, { socket: inPieces(through) });
    client.write(HANDSHAKE);
    const { extra: ticket } = await listener.nextOf('request');
    await listener.accept(ticket).release();
  });

  it('hands over what is no handshake, with everything that was read', async (t) => {
    const { listener } = listening(t);
    const request = https.get({ ...listener.target, path: '/page', rejectUnauthorized: false });
    const { extra: ticket } = await listener.nextOf('http');
    const read = engine.takeRead(listener.slot, ticket);
    assert.match(`${read}`, /^GET \/page HTTP\/1\.1\r\n/);
    const link = listener.accept(ticket);
    link.send('HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n');
    const [response] = await once(request, 'response');
    assert.strictEqual(response.statusCode, 204);
    await link.release();
  });

  it('tells of an end that comes with the request', async (t) => {
    const { listener } = listening(t);
    const client = connect(t, listener);
    client.end(HANDSHAKE);
    const { extra: ticket } = await listener.nextOf('request');
    const link = listener.accept(ticket);
    engine.releaseHeld(link.slot);
    await until(() => link.names.includes('end'));
    assert.strictEqual(link.events.find(({ name }) => name === 'end').extra, 0);
    await link.release();
  });

  it('tells why a handshake has failed', async (t) => {
    const { listener } = listening(t, {
      own: { minVersion: 3 },
      options: { handshakeTimeout: 200 },
    });
    const sending = (bytes) =>
      net
        .connect(listener.target)
        .on('error', () => {})
        .end(bytes)
        .resume();
    sending('GET / HTTP/1.1\r\n\r\n');
    assert.strictEqual(await failure(listener), 'ERR_SSL_HTTP_REQUEST:http request');
    sending('SSH-2.0-OpenSSH_9.0\r\n');
    assert.strictEqual(
      await failure(listener),
      'ERR_SSL_WRONG_VERSION_NUMBER:wrong version number',
    );
    sending('');
    assert.strictEqual(await failure(listener), 'EOF');
    const reset = net.connect(listener.target).on('error', () => {});
    await once(reset, 'connect');
    reset.resetAndDestroy();
    assert.strictEqual(await failure(listener), 'RESET');
    const client = connect(t, listener, { maxVersion: 'TLSv1.2' });
    const [error] = await once(client, 'error');
    assert.strictEqual(error.code, 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
    assert.match(await failure(listener), /^ALERT_SENT:PeerIncompatible/);
    // This one sends nothing.
    const idle = net.connect(listener.target).resume();
    await once(idle, 'end');
    assert.strictEqual(await failure(listener), 'TIMEOUT');
    await until(() => engine.arriving(listener.slot) === 0);
  });

  it('gives the head a time of its own behind the handshake', async (t) => {
    const { listener } = listening(t, {
      options: { headersTimeout: 100, handshakeTimeout: 60000 },
    });
    const client = connect(t, listener);
    await once(client, 'secureConnect');
    const { extra: ticket } = await listener.nextOf('timeout');
    await listener.accept(ticket).release();
  });

  it('chooses among contexts by the name, also among those of later', async (t) => {
    const { listener, contexts } = listening(t);
    contexts.add('*.example.com', contextOf(true, kit.otherName));
    const certificate = async (servername) => {
      const client = connect(t, listener, { servername, rejectUnauthorized: false });
      await once(client, 'secureConnect');
      const { raw: der } = client.getPeerCertificate();
      client.destroy();
      return der;
    };
    assert.deepStrictEqual(await certificate('a.example.com'), kit.otherName.raw);
    assert.deepStrictEqual(await certificate('a.b.example.com'), kit.server.raw);
    contexts.setStandard(contextOf(true, kit.serverRsa));
    assert.deepStrictEqual(await certificate('localhost'), kit.serverRsa.raw);
  });

  it('asks for a context, and waits for the answer', async (t) => {
    const { listener } = listening(t, { asks: true });
    const client = connect(t, listener, { servername: 'b.example.com', rejectUnauthorized: false });
    const { extra: ticket, payload } = await listener.nextOf('hello');
    assert.strictEqual(payload, 'b.example.com');
    engine.answerHello(listener.slot, ticket, contextOf(true, kit.otherName));
    await once(client, 'secureConnect');
    assert.deepStrictEqual(client.getPeerCertificate().raw, kit.otherName.raw);
    client.write(HANDSHAKE);
    const request = await listener.nextOf('request');
    await listener.accept(request.extra).release();

    const refused = connect(t, listener, { servername: 'c.example.com' });
    const hello = await listener.nextOf('hello');
    engine.answerHello(listener.slot, hello.extra, null);
    assert.strictEqual((await once(refused, 'error'))[0].code, 'ECONNRESET');
  });

  it('closes what is arriving at every step', async (t) => {
    const { listener } = listening(t, { asks: true });
    const idle = net
      .connect(listener.target)
      .on('error', () => {})
      .resume();
    const asking = connect(t, listener);
    await listener.nextOf('hello');
    await until(() => engine.arriving(listener.slot) === 2);
    const closed = [idle, asking].map(
      (socket) => new Promise((resolve) => socket.on('close', resolve)),
    );
    await listener.close();
    await Promise.all(closed);
  });
});

/** A stream that writes each byte by itself. */
function inPieces(socket) {
  const { Duplex } = require('node:stream');
  const pieces = new Duplex({
    read() {},
    write(chunk, _encoding, callback) {
      for (const byte of chunk) socket.write(Buffer.of(byte));
      socket.write('', callback);
    },
    final: (callback) => socket.end(callback),
  });
  socket.on('data', (chunk) => pieces.push(chunk)).on('end', () => pieces.push(null));
  return pieces;
}
