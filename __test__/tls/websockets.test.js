'use strict';

// Clients of both APIs over TLS of the engine.

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const https = require('node:https');
const os = require('node:os');
const path = require('node:path');
const { describe, it } = require('node:test');
const tls = require('node:tls');
const { promisify } = require('node:util');

const { client: WebSocketClient } = require('../..');
const { WebSocket, WebSocketServer } = require('../../lib/ws');
const { TlsContext } = require('../../lib/internal/engine/tls');
const kPeer = require('../../lib/internal/transport/kPeer');
const { kit } = require('../support/certificates');

const HOST = '127.0.0.1';
const ca = kit.root.cert;
const hasTls = TlsContext !== undefined && process.platform !== 'win32';
const skip = hasTls ? false : 'the addon has no TLS';
const PROGRAM = path.join(__dirname, 'programs/client.js');

/** An echo server on Node's TLS, which greets. @returns {Promise<string>} its URL */
async function serve(t, options = {}) {
  const { cert, key } = kit.server;
  const server = https.createServer({ cert, key, ...options });
  const wss = new WebSocketServer({ server });
  wss.on('connection', (ws, request) => {
    ws.send(`hello ${request.socket.getPeerCertificate().subject?.CN ?? 'stranger'}`);
    ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
  });
  server.listen(0, HOST);
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const ws of wss.clients) ws.terminate();
  });
  return `wss://${HOST}:${/** @type {any} */ (server.address()).port}/`;
}

/** A client of npm `websocket`'s API. @returns {Promise<any>} its connection */
async function dial(t, url, tlsOptions = {}, config = {}) {
  const client = new WebSocketClient({ tlsOptions: { ca, ...tlsOptions }, ...config });
  const connection = await client.connect(url, ...(config.arguments ?? []));
  t.after(() => connection.drop());
  const [greeting] = await once(connection, 'message');
  return { connection, greeting: greeting.utf8Data };
}

/** A client of npm ws' API. @returns {Promise<any>} */
async function dialWs(t, url, options = {}) {
  const ws = new WebSocket(url, { ca, ...options });
  t.after(() => ws.terminate());
  const [greeting] = await once(ws, 'message');
  return { ws, greeting: String(greeting) };
}

describe('A client over TLS', { skip }, () => {
  it('is native in the API of websocket, and sends and closes', async (t) => {
    const { connection, greeting } = await dial(t, await serve(t));
    assert.equal(greeting, 'hello stranger');
    assert.equal(connection.transport, 'native');
    for (const size of [1, 125, 70000, 1 << 19]) {
      connection.sendBytes(Buffer.alloc(size, size));
      const [message] = await once(connection, 'message');
      assert.ok(message.binaryData.equals(Buffer.alloc(size, size)));
    }
    connection.close(4000, 'enough');
    assert.deepEqual(await once(connection, 'close'), [4000, 'enough']);
  });

  it('is native in the API of ws, and sends and closes', async (t) => {
    const { ws, greeting } = await dialWs(t, await serve(t));
    assert.equal(greeting, 'hello stranger');
    assert.equal(ws[kPeer].transport, 'native');
    for (const size of [1, 125, 70000, 3 << 20]) {
      ws.send(Buffer.alloc(size, size));
      const [data] = await once(ws, 'message');
      assert.ok(data.equals(Buffer.alloc(size, size)));
    }
    ws.close(4000, 'enough');
    const [code, reason] = await once(ws, 'close');
    assert.deepEqual([code, String(reason)], [4000, 'enough']);
  });

  it('shows its certificate to a server that asks for it', async (t) => {
    const url = await serve(t, { ca, requestCert: true });
    const { cert, key } = kit.client;
    assert.equal((await dial(t, url, { cert, key })).greeting, 'hello Some Client');
    assert.equal((await dialWs(t, url, { cert, key })).greeting, 'hello Some Client');
  });

  it('has a TLSSocket that tells of the session', async (t) => {
    const url = await serve(t);
    const { connection } = await dial(t, url);
    const { ws } = await dialWs(t, url);
    for (const socket of [connection.socket, ws._socket]) {
      assert.ok(socket instanceof tls.TLSSocket);
      assert.equal(socket.authorized, true);
      assert.equal(socket.getProtocol(), 'TLSv1.3');
      assert.equal(socket.getPeerCertificate().subject.CN, 'localhost');
    }
  });

  /** Each: what rules out the engine, and the options of the client and of `connect()`. */
  const FOREIGN = {
    'a list of ciphers': [{ ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384:TLS_AES_256_GCM_SHA384' }],
    'an agent': [{ agent: new https.Agent() }],
    "the option transport: 'stream'": [{}, { transport: 'stream' }],
  };
  for (const [name, [tlsOptions, config]] of Object.entries(FOREIGN)) {
    it(`is Node's with ${name}`, async (t) => {
      const url = await serve(t);
      const { connection } = await dial(t, url, tlsOptions, config);
      const { ws } = await dialWs(t, url, { ...tlsOptions, ...config });
      await new Promise(setImmediate);
      assert.equal(connection.transport, 'stream');
      assert.equal(ws[kPeer].transport, 'stream');
    });
  }

  it('keeps the process alive until it has closed', async (t) => {
    const { websocket, ws } = await run(await serve(t), { NODE_EXTRA_CA_CERTS: rootFile(t) });
    assert.deepEqual([websocket, ws], ['native, authorized: true', 'authorized: true']);
  });
});

describe('What a client over TLS trusts', { skip }, () => {
  const UNKNOWN = 'UNABLE_TO_VERIFY_LEAF_SIGNATURE';

  it("is what Node trusts: not a test's root", async (t) => {
    const { websocket, ws } = await run(await serve(t), { NODE_EXTRA_CA_CERTS: '' });
    assert.deepEqual([websocket, ws], [UNKNOWN, UNKNOWN]);
  });

  it('is nothing more if NODE_EXTRA_CA_CERTS names no file, of which Node warns', async (t) => {
    const env = { NODE_EXTRA_CA_CERTS: path.join(__dirname, 'nowhere') };
    const { websocket, ws } = await run(await serve(t), env);
    assert.deepEqual([websocket, ws], [UNKNOWN, UNKNOWN]);
  });

  it('is everybody with NODE_TLS_REJECT_UNAUTHORIZED=0, with one warning of Node', async (t) => {
    const env = { NODE_EXTRA_CA_CERTS: '', NODE_TLS_REJECT_UNAUTHORIZED: '0' };
    const { websocket, ws, warnings } = await run(await serve(t), env);
    assert.deepEqual([websocket, ws], ['native, authorized: false', 'authorized: false']);
    const expected = "Setting the NODE_TLS_REJECT_UNAUTHORIZED environment variable to '0'";
    assert.deepEqual(warnings, [expected.slice(0, 60)]);
  });

  const sets = 'setDefaultCACertificates' in tls ? false : 'Node has no such function';
  it('is what tls.setDefaultCACertificates() says', { skip: sets }, async (t) => {
    const root = JSON.stringify(ca);
    const setup = `require('node:tls').setDefaultCACertificates([${root}])`;
    const { websocket, ws } = await run(await serve(t), { NODE_EXTRA_CA_CERTS: '' }, setup);
    assert.deepEqual([websocket, ws], ['native, authorized: true', 'authorized: true']);
  });

  it('is told by NODE_DEBUG if the engine does not do it', async (t) => {
    const env = { NODE_DEBUG: 'websocket-native', NODE_EXTRA_CA_CERTS: '' };
    const setup = "require('node:tls').DEFAULT_ECDH_CURVE = 'P-256'";
    const { stderr } = await run(await serve(t), env, setup);
    assert.match(
      stderr,
      /WEBSOCKET-NATIVE \d+: TLS of a client is done by Node: tls\.DEFAULT_ECDH/,
    );
  });
});

/** A file with the root, for this test. */
function rootFile(t) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'websocket-native-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'root.pem');
  fs.writeFileSync(file, ca);
  return file;
}

/** @returns {Promise<any>} what the program has printed */
async function run(url, env, setup = '') {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [PROGRAM, url, setup], {
    env: { ...process.env, ...env },
  });
  return { ...JSON.parse(stdout), stderr };
}
