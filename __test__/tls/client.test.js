'use strict';

// Each case runs with Node's tls.connect() and with the engine's TLS. Both have to end alike.

const assert = require('node:assert/strict');
const { randomBytes } = require('node:crypto');
const { once } = require('node:events');
const https = require('node:https');
const net = require('node:net');
const { describe, it } = require('node:test');
const tls = require('node:tls');

const connect = require('../../lib/internal/client/connect');
const { TlsContext } = require('../../lib/internal/engine/tls');
const WebSocket = require('../../lib/ws');
const { certify, kit } = require('../support/certificates');
const { until } = require('../support/events');

const HOST = '127.0.0.1';
const ca = kit.root.cert;
const hasTls = TlsContext !== undefined && process.platform !== 'win32';
const skip = hasTls ? false : 'the addon has no TLS';

const identity = (own, ...others) => ({
  cert: [own, ...others].map(({ cert }) => cert).join(''),
  key: own.key,
});
const byRoot = (claims) =>
  certify({ name: 'localhost', issuer: kit.root, names: [HOST], ...claims });

/** @returns {Promise<number>} the port */
async function listen(t, server) {
  t.after(() => server.close());
  server.listen(0, HOST);
  await once(server, 'listening');
  return /** @type {any} */ (server.address()).port;
}

/** A server that answers each request, and the errors of its handshakes. */
async function serve(t, options) {
  const failures = [];
  const server = https.createServer(options, (_request, response) => response.end('hello'));
  server.on('tlsClientError', (error) => failures.push(error.code ?? error.message));
  const port = await listen(t, server);
  t.after(() => server.closeAllConnections());
  return { port, failures, server };
}

/** What Node's messages have of a build of OpenSSL, and of a run. */
function comparable(error) {
  const message = error.message
    .replace(/(?:[0-9A-F]+:)?error:([0-9A-F]+):SSL routines:\w*:([^:]*):?.*/s, 'error:$1:$2')
    .trimEnd();
  const { cert, ...fields } = error;
  return { ...fields, port: undefined, message, cert: cert?.subject.CN };
}

/** One request. @returns {Promise<any>} how it ended */
async function request(createConnection, port, options) {
  const events = [];
  const agent = new https.Agent();
  agent.createConnection = createConnection;
  const sent = https.request({ host: HOST, port, agent, ...options });
  sent.on('socket', (socket) => {
    for (const name of ['lookup', 'connect', 'ready', 'secure', 'secureConnect', 'close']) {
      socket.on(name, () => events.push(name));
    }
  });
  sent.end();
  const outcome = await new Promise((resolve) => {
    sent.on('error', (error) => resolve({ error: comparable(error) }));
    sent.on('response', (response) => {
      const { authorized, authorizationError } = /** @type {any} */ (response.socket);
      response.resume().on('end', () => resolve({ authorized, authorizationError }));
    });
  });
  await until(() => events.includes('close'));
  return { ...outcome, events };
}

const viaNode = (options) => tls.connect(options);

/** Both ways, with a server each. */
async function both(t, serverOptions, clientOptions) {
  const outcomes = [];
  for (const way of [viaNode, connect]) {
    const { port, failures } = await serve(t, serverOptions);
    const outcome = await request(way, port, clientOptions);
    if (outcome.error) await until(() => failures.length > 0);
    // A server that refuses a client may leave bytes unread, and then its end is a reset.
    if (outcome.error?.code === 'ECONNRESET') outcome.error = 'ECONNRESET';
    outcomes.push({ ...outcome, failures });
  }
  return outcomes;
}

const server = identity(kit.server);
const asksClients = { ...server, ca, requestCert: true };

/** Each: a name, the options of the server and of the client. */
const CASES = [
  ['a good certificate', server, { ca }],
  ['RSA', identity(kit.serverRsa), { ca }],
  ['Ed25519', identity(kit.serverEd25519), { ca }],
  ['TLS 1.2', server, { ca, maxVersion: 'TLSv1.2' }],
  ['TLS 1.2 and RSA', identity(kit.serverRsa), { ca, maxVersion: 'TLSv1.2' }],
  ['a name', server, { ca, host: 'localhost' }],
  ['an untrusted certificate', server, {}],
  ['that, and rejectUnauthorized: false', server, { rejectUnauthorized: false }],
  ['an expired certificate', identity(kit.expired), { ca }],
  ['one that is not valid yet', identity(kit.early), { ca }],
  ['one for another name', identity(kit.otherName), { ca }],
  [
    'that, and rejectUnauthorized: false',
    identity(kit.otherName),
    { ca, rejectUnauthorized: false },
  ],
  ['that, and its servername', identity(kit.otherName), { ca, servername: 'other.example' }],
  ['that, and an own check', identity(kit.otherName), { ca, checkServerIdentity: () => undefined }],
  ['an own check that fails', server, { ca, checkServerIdentity: () => new Error('no') }],
  ['a self-signed certificate', identity(kit.selfSigned), {}],
  ['that is trusted', identity(kit.selfSigned), { ca: kit.selfSigned.cert }],
  ['an incomplete chain', identity(kit.deepServer), { ca }],
  ['a complete chain', identity(kit.deepServer, kit.intermediate), { ca }],
  ['a certificate of clients', identity(byRoot({ purposes: ['clientAuth'] })), { ca }],
  ['an authority', identity(byRoot({ isAuthority: true })), { ca }],
  [
    'an authority that may serve',
    identity(byRoot({ isAuthority: true, signsNothing: true })),
    { ca },
  ],
  ['a client with a certificate', asksClients, { ca, ...identity(kit.client) }],
  ['a client without one', asksClients, { ca }],
  ['a client without one, TLS 1.2', asksClients, { ca, maxVersion: 'TLSv1.2' }],
  ['a client with an expired one', asksClients, { ca, ...identity(kit.expiredClient) }],
  ['a client with one that nobody knows', asksClients, { ca, ...identity(kit.strangeClient) }],
  ['no common version', { ...server, minVersion: 'TLSv1.3' }, { ca, maxVersion: 'TLSv1.2' }],
  ['no common version, newer', { ...server, maxVersion: 'TLSv1.2' }, { ca, minVersion: 'TLSv1.3' }],
];

describe('A client of the engine ends as one of Node', { skip }, () => {
  for (const [name, serverOptions, clientOptions] of CASES) {
    it(name, async (t) => {
      const [expected, ours] = await both(t, serverOptions, clientOptions);
      assert.deepEqual(ours, expected);
    });
  }
});

const record = (type, ...bytes) => Buffer.from([type, 3, 3, 0, bytes.length, ...bytes]);

/** What a server does that is none. */
const STRANGERS = {
  'plain text': (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
  'an end': (socket) => socket.end(),
  'an end behind the hello': (socket) => socket.once('data', () => socket.end()),
  'a reset behind the hello': (socket) => socket.once('data', () => socket.resetAndDestroy()),
  'an alert': (socket) => socket.once('data', () => socket.end(record(0x15, 2, 40))),
};

describe('A client of the engine fails as one of Node', { skip }, () => {
  for (const [name, act] of Object.entries(STRANGERS)) {
    it(`at ${name}`, async (t) => {
      const stranger = net.createServer((socket) => act(socket.on('error', () => {})));
      const port = await listen(t, stranger);
      const expected = await request(viaNode, port, { ca });
      assert.deepEqual(await request(connect, port, { ca }), expected);
    });
  }

  it('at a port where nobody listens', async (t) => {
    const closed = net.createServer();
    const port = await listen(t, closed);
    closed.close();
    const expected = await request(viaNode, port, { ca });
    assert.equal(expected.error.code, 'ECONNREFUSED');
    assert.deepEqual(await request(connect, port, { ca }), expected);
  });

  it('at a name that has no address', async () => {
    const lookup = (_name, _options, callback) => callback(new Error('nowhere'));
    const expected = await request(viaNode, 1, { host: 'nowhere.example', lookup });
    assert.deepEqual(await request(connect, 1, { host: 'nowhere.example', lookup }), expected);
  });
});

/** Suites of TLS 1.2 that only OpenSSL has. */
const FOREIGN = {
  CBC: 'ECDHE-RSA-AES128-SHA',
  'RSA key exchange': 'AES128-GCM-SHA256',
  'finite-field Diffie-Hellman': 'DHE-RSA-AES128-GCM-SHA256',
};

describe('A client whose server has no suite of the engine', { skip }, () => {
  const options = (ciphers) => ({ ...identity(kit.serverRsa), ciphers, dhparam: 'auto' });

  for (const [name, ciphers] of Object.entries(FOREIGN)) {
    it(`connects by Node's TLS: ${name}`, async (t) => {
      const { port, failures, server } = await serve(t, {
        ...options(ciphers),
        maxVersion: 'TLSv1.2',
      });
      let count = 0;
      server.on('connection', () => count++);
      const expected = await request(viaNode, port, { ca });
      assert.equal(expected.authorized, true);
      assert.deepEqual(await request(connect, port, { ca }), expected);
      assert.deepEqual([count, failures.length], [3, 1]);
      // From now on it is known.
      assert.deepEqual(await request(connect, port, { ca }), expected);
      assert.deepEqual([count, failures.length], [4, 1]);
    });
  }

  it('ends as one of Node if its certificate is not trusted', async (t) => {
    const { port } = await serve(t, options(FOREIGN.CBC));
    const settings = { maxVersion: 'TLSv1.2' };
    const expected = await request(viaNode, port, settings);
    assert.ok(expected.error);
    assert.deepEqual(await request(connect, port, settings), expected);
  });

  it('is a TLSSocket that moves bytes both ways', async (t) => {
    const server = tls.createServer({ ...options(FOREIGN.CBC), maxVersion: 'TLSv1.2' }, (socket) =>
      socket.pipe(socket),
    );
    const port = await listen(t, server);
    const socket = connect({ host: HOST, port, ca });
    t.after(() => socket.destroy());
    socket.once('secureConnect', () => {
      const { CN } = /** @type {any} */ (socket.getPeerCertificate().subject);
      told.push(socket instanceof tls.TLSSocket, socket.getCipher().name, socket.getProtocol());
      told.push(socket.remotePort, CN);
    });
    const told = [];
    const bytes = randomBytes(1 << 22);
    socket.write(bytes.subarray(0, 1000));
    socket.end(bytes.subarray(1000));
    const chunks = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    await Promise.all([once(socket, 'end'), once(socket, 'close')]);
    assert.ok(Buffer.concat(chunks).equals(bytes));
    assert.deepEqual(told, [true, FOREIGN.CBC, 'TLSv1.2', port, 'localhost']);
    assert.equal(socket.destroyed, true);
  });

  it('is gone if it is destroyed meanwhile', async (t) => {
    const server = tls.createServer({ ...options(FOREIGN.CBC), maxVersion: 'TLSv1.2' });
    const port = await listen(t, server);
    const socket = connect({ host: HOST, port, ca });
    server.once('tlsClientError', () => server.once('connection', () => socket.destroy()));
    const failed = new Promise((resolve) => socket.write('a', resolve));
    await once(socket, 'close');
    assert.ok((await failed) instanceof Error);
  });

  it('carries WebSockets', async (t) => {
    const { port, server } = await serve(t, { ...options(FOREIGN.CBC), maxVersion: 'TLSv1.2' });
    const sockets = new WebSocket.Server({ server });
    sockets.on('connection', (peer) => peer.on('message', (data) => peer.send(data)));
    for (let round = 0; round < 2; round++) {
      const client = new WebSocket(`wss://${HOST}:${port}`, { ca });
      await once(client, 'open');
      const bytes = randomBytes(1 << 20);
      client.send(bytes);
      const [data] = await once(client, 'message');
      assert.ok(data.equals(bytes));
      client.close(1000, 'enough');
      const [code, reason] = await once(client, 'close');
      assert.deepEqual([code, `${reason}`], [1000, 'enough']);
    }
    sockets.close();
  });
});

/** A socket of each kind over its own connection, behind 'secureConnect'. */
async function pairOf(t, options) {
  const { port } = await serve(t, identity(kit.deepServer, kit.intermediate));
  const sockets = [];
  for (const way of [viaNode, connect]) {
    const socket = way({ host: HOST, port, ca, ...options });
    t.after(() => socket.destroy());
    await once(socket, 'secureConnect');
    sockets.push(socket);
  }
  return sockets;
}

describe("A client's socket", { skip }, () => {
  it('is a TLSSocket with what Node tells about the session', async (t) => {
    const [expected, ours] = await pairOf(t, { servername: 'localhost' });
    assert.ok(ours instanceof tls.TLSSocket);
    for (const field of [
      'encrypted',
      'authorized',
      'authorizationError',
      'servername',
      'alpnProtocol',
      'secureConnecting',
      'connecting',
      'pending',
      'readyState',
      'remoteAddress',
      'remotePort',
      'remoteFamily',
      'localAddress',
    ]) {
      assert.deepEqual([field, ours[field]], [field, expected[field]]);
    }
    assert.equal(ours.getProtocol(), expected.getProtocol());
    assert.deepEqual(ours.getCipher(), expected.getCipher());
    assert.equal(ours.isSessionReused(), false);
    assert.deepEqual(ours.getPeerCertificate(), expected.getPeerCertificate());
    assert.deepEqual(ours.getPeerCertificate(true), expected.getPeerCertificate(true));
  });

  it('tells nothing before the handshake, as Node', async (t) => {
    const { port } = await serve(t, server);
    for (const way of [viaNode, connect]) {
      const socket = way({ host: HOST, port, ca });
      assert.equal(socket.connecting, true);
      assert.equal(socket.secureConnecting, true);
      assert.equal(socket.authorized, false);
      assert.deepEqual(socket.getPeerCertificate(), {});
      assert.equal(socket.getCipher(), undefined);
      assert.equal(socket.isSessionReused(), false);
      socket.destroy();
      await once(socket, 'close');
    }
  });

  it('is asked for its certificate with the options that Node gives', async (t) => {
    const { port } = await serve(t, server);
    const calls = [];
    for (const way of [viaNode, connect]) {
      const checkServerIdentity = (...args) => void calls.push(args);
      const socket = way({ host: HOST, port, ca, servername: 'a.example', checkServerIdentity });
      await once(socket, 'secureConnect');
      socket.destroy();
    }
    assert.deepEqual(calls[1], calls[0]);
  });

  it('sends what was written before the handshake, in order, and calls back', async (t) => {
    const received = [];
    const echo = tls.createServer({ ...server, allowHalfOpen: true }, (socket) => {
      socket.on('data', (chunk) => received.push(chunk)).on('end', () => socket.end('bye'));
    });
    const port = await listen(t, echo);
    const socket = connect({ host: HOST, port, ca });
    const order = [];
    socket.write('one', () => order.push('one'));
    socket.write('two', () => order.push('two'));
    socket.once('secureConnect', () => socket.write('three', () => order.push('three')));
    socket.once('connect', () => socket.write('2.5', () => order.push('2.5')));
    await once(socket, 'secureConnect');
    await until(() => Buffer.concat(received).length === 14);
    assert.equal(String(Buffer.concat(received)), 'onetwo2.5three');
    assert.deepEqual(order, ['one', 'two', '2.5', 'three']);
    socket.end();
    const [chunk] = await once(socket, 'data');
    assert.equal(String(chunk), 'bye');
    await once(socket, 'close');
  });

  it('that is ended before the handshake ends behind it', async (t) => {
    const received = [];
    const sink = tls.createServer(server, (socket) => {
      socket.on('data', (chunk) => received.push(chunk)).on('end', () => socket.end());
    });
    const port = await listen(t, sink);
    const socket = connect({ host: HOST, port, ca });
    socket.end('all');
    await once(socket.resume(), 'close');
    assert.equal(String(Buffer.concat(received)), 'all');
  });

  it('calls back with an error for what never leaves', async (t) => {
    const { port } = await serve(t, server);
    const socket = connect({ host: HOST, port });
    const called = new Promise((resolve) => socket.write('x', resolve));
    const [error] = await once(socket, 'error');
    assert.equal(error.code, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    assert.ok((await called) instanceof Error);
  });

  it('is destroyed in the middle of the handshake', async (t) => {
    const silent = net.createServer(() => {});
    const port = await listen(t, silent);
    const socket = connect({ host: HOST, port, ca });
    const accepted = once(silent, 'connection');
    await once(socket, 'connect');
    socket.destroy();
    await once(socket, 'close');
    const [peer] = await accepted;
    peer.resume().on('error', () => {});
    await once(peer, 'close');
  });

  it('times out as asked', async (t) => {
    const silent = net.createServer((socket) => t.after(() => socket.destroy()));
    const port = await listen(t, silent);
    const socket = connect({ host: HOST, port, ca, timeout: 50 });
    await once(socket, 'timeout');
    socket.destroy();
  });

  it('carries a megabyte in both directions', async (t) => {
    const echo = tls.createServer(server, (socket) => socket.pipe(socket));
    const port = await listen(t, echo);
    const socket = connect({ host: HOST, port, ca });
    const bytes = Buffer.alloc(1 << 20, 'websocket-native ');
    const chunks = [];
    socket.on('data', (chunk) => chunks.push(chunk)).on('error', assert.fail);
    socket.end(bytes);
    await once(socket, 'close');
    assert.ok(Buffer.concat(chunks).equals(bytes));
  });
});
