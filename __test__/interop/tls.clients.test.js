'use strict';

// Programs of other languages, each with its own TLS, as clients of `websocket-native/https`.

const assert = require('node:assert/strict');
const { spawn, spawnSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');

const { server: WebSocketServer } = require('../..');
const https = require('../../lib/http/https');
const browser = require('../support/browser');
const { kit } = require('../support/certificates');
const { FrameReader, TEXT, CLOSE, closeBody, encode } = require('../support/frames');
const { handshake } = require('../support/http');
const PATIENCE = require('../support/patience');

const PROGRAMS = path.join(__dirname, 'programs');
const VERSIONS = /** @type {const} */ ([
  ['TLSv1.2', '-tls1_2', 'TLSv1_2'],
  ['TLSv1.3', '-tls1_3', 'TLSv1_3'],
]);
/** The transport of connections; on Windows the server is Node's. */
const TRANSPORT = process.platform === 'win32' ? 'stream' : 'native';
const GREETING = encode({ opcode: TEXT, payload: 'welcome' });

/** @returns {string | false} why a test is skipped; loudly, since nothing else reports it */
function without(program, ...args) {
  if (spawnSync(program, args, { stdio: 'ignore' }).status === 0) return false;
  const reason = `NO ${program.toUpperCase()} FOUND: it was not tried as a client over TLS`;
  console.error(reason);
  return reason;
}

/**
 * Runs a program to its end.
 *
 * @returns {Promise<{ status: number, stdout: Buffer, stderr: string }>}
 */
async function run(t, command, args) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  const output = { stdout: [], stderr: [] };
  for (const name of ['stdout', 'stderr']) {
    child[name].on('data', (chunk) => output[name].push(chunk));
  }
  const [status] = await once(child, 'close');
  return {
    status,
    stdout: Buffer.concat(output.stdout),
    stderr: `${Buffer.concat(output.stderr)}`,
  };
}

describe('A server of websocket-native/https', { timeout: PATIENCE }, () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'websocket-native-tls-'));
  const caFile = path.join(folder, 'ca.pem');
  /** What the server has seen of each WebSocket: transport, TLS version. */
  const seen = [];
  let httpServer;
  let port;
  let url;

  before(async () => {
    fs.writeFileSync(caFile, kit.root.cert);
    const { cert, key } = kit.server;
    httpServer = https.createServer({ cert, key }, (request, response) => {
      response.end(`page ${request.url}`);
    });
    const limits = { maxReceivedFrameSize: 1 << 24, maxReceivedMessageSize: 1 << 24 };
    const server = new WebSocketServer({ httpServer, ...limits });
    server.on('request', (request) => {
      const version = /** @type {any} */ (request.socket).getProtocol();
      const connection = request.accept();
      connection.on('message', ({ utf8Data }) => connection.sendUTF(utf8Data));
      connection.on('close', () => seen.push([connection.transport, version]));
      if (request.resource !== '/greeting') return;
      // Connections become native in a later turn.
      const greet = () => {
        if (connection.transport !== TRANSPORT) {
          setImmediate(greet);
          return;
        }
        connection.sendUTF('welcome');
        connection.close();
      };
      greet();
    });
    httpServer.listen(0, '127.0.0.1');
    await once(httpServer, 'listening');
    ({ port } = httpServer.address());
    url = `https://localhost:${port}`;
  });

  after(() => {
    httpServer.close();
    httpServer.closeAllConnections();
    fs.rmSync(folder, { recursive: true });
  });

  /** The next connection that has closed was native, over this version. */
  async function wasNative(version) {
    while (seen.length === 0) await new Promise(setImmediate);
    assert.deepEqual(seen.splice(0), [[TRANSPORT, version]]);
  }

  describe('serves curl', { skip: without('curl', '--version') }, () => {
    const curl = (t, ...args) => run(t, 'curl', ['-sS', '--cacert', caFile, ...args]);

    it('a page, also if it offers HTTP/2', async (t) => {
      for (const offer of ['--http1.1', '--http2']) {
        const { status, stdout, stderr } = await curl(t, offer, `${url}/x`);
        assert.deepEqual([status, `${stdout}`, stderr], [0, 'page /x', '']);
      }
    });

    it('two pages on one connection', async (t) => {
      const format = ['-w', ' %{num_connects}\n'];
      const { stdout } = await curl(t, '--http1.1', ...format, `${url}/1`, `${url}/2`);
      assert.equal(`${stdout}`, 'page /1 1\npage /2 0\n');
    });

    for (const [version] of VERSIONS) {
      it(`a WebSocket over ${version}`, async (t) => {
        const number = version.slice(4);
        const lines = handshake({ Host: undefined }).trim().split('\r\n').slice(1);
        const headers = lines.flatMap((line) => ['-H', line]);
        const limits = [`--tlsv${number}`, '--tls-max', number];
        const args = ['--http1.1', '-i', '-N', ...limits, ...headers, `${url}/greeting`];
        const { stdout } = await curl(t, ...args);
        assert.match(`${stdout}`, /^HTTP\/1\.1 101 Switching Protocols\r\n/);
        assert.ok(stdout.includes(GREETING), `${stdout}`);
        await wasNative(version);
      });
    }

    it('who does not trust it, with no page', async (t) => {
      const { status } = await run(t, 'curl', ['-sS', `${url}/x`]);
      assert.equal(status, 60);
    });
  });

  describe('serves openssl s_client', { skip: without('openssl', 'version') }, () => {
    const target = () => ['-connect', `127.0.0.1:${port}`, '-servername', 'localhost'];
    const trust = () => [
      '-CAfile',
      caFile,
      '-verify_return_error',
      '-verify_hostname',
      'localhost',
    ];

    /** Starts it. What the server sends is its standard output. */
    function start(t, ...args) {
      const child = spawn('openssl', ['s_client', ...target(), ...trust(), ...args]);
      t.after(() => child.kill('SIGKILL'));
      child.stdin.on('error', () => {});
      return child;
    }

    for (const [version, flag] of VERSIONS) {
      it(`a WebSocket over ${version}`, async (t) => {
        const child = start(t, flag, '-quiet', '-ign_eof');
        child.stdin.write(handshake());
        child.stdin.write(encode({ opcode: TEXT, payload: 'hello', masked: true }));
        child.stdin.write(encode({ opcode: CLOSE, payload: closeBody(1000), masked: true }));
        const chunks = await child.stdout.toArray();
        const bytes = Buffer.concat(chunks);
        const end = bytes.indexOf('\r\n\r\n') + 4;
        assert.match(bytes.toString('latin1', 0, end), /^HTTP\/1\.1 101 /);
        const frames = [...new FrameReader().push(bytes.subarray(end))];
        assert.deepEqual(
          frames.map(({ opcode, payload }) => [opcode, payload.toString('latin1')]),
          [
            [TEXT, 'hello'],
            [CLOSE, closeBody(1000).toString('latin1')],
          ],
        );
        await wasNative(version);
      });

      it(`a session that it resumes over ${version}`, async (t) => {
        const session = path.join(folder, `${version}.session`);
        const request = 'GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
        for (const [kind, option] of [
          ['New', '-sess_out'],
          ['Reused', '-sess_in'],
        ]) {
          const child = start(t, flag, '-ign_eof', option, session);
          child.stdin.write(request);
          const output = `${Buffer.concat(await child.stdout.toArray())}`;
          assert.match(output, new RegExp(`^${kind}, ${version}, Cipher is `, 'm'));
          assert.match(output, /page \/x/);
        }
      });
    }
  });

  describe('serves Python', { skip: without('python3', '-c', 'import ssl') }, () => {
    for (const [version, , name] of VERSIONS) {
      it(`a WebSocket over ${version}`, async (t) => {
        const program = path.join(PROGRAMS, 'client.py');
        const { stdout, stderr } = await run(t, 'python3', [program, port, caFile, name, 'grüße']);
        assert.equal(stderr, '');
        const lines = `${stdout}`.trim().split(/\r?\n/);
        const status = 'HTTP/1.1 101 Switching Protocols';
        assert.deepEqual(lines, [version, status, '1', 'grüße', '03e8']);
        await wasNative(version);
      });
    }
  });

  describe('serves Java', { skip: without('javac', '-version') }, () => {
    const program = path.join(PROGRAMS, 'Client.java');
    for (const [version] of VERSIONS) {
      it(`a WebSocket with a long text over ${version}`, async (t) => {
        const text = 'x'.repeat(100000);
        const args = [program, `wss://localhost:${port}/`, caFile, version, text];
        const { stdout, stderr } = await run(t, 'java', args);
        assert.equal(stderr, '');
        assert.ok(`${stdout}` === `${text}\n1000\n`, `${stdout}`.slice(-200));
        await wasNative(version);
      });
    }
  });

  describe('serves Chromium', { skip: browser.skip }, () => {
    it('a page, and a WebSocket that the page opens', async (t) => {
      // Only this certificate is let through.
      const spki = kit.server.publicKey.export({ type: 'spki', format: 'der' });
      const hash = createHash('sha256').update(spki).digest('base64');
      const started = browser.startBrowser([`--ignore-certificate-errors-spki-list=${hash}`]);
      t.after(() => started.close());
      const tab = await started.open(`${url}/x`);
      assert.equal(await tab.run(() => document.body.textContent), 'page /x');
      const answers = await tab.run(async () => {
        const socket = new WebSocket(`wss://${location.host}/`);
        socket.binaryType = 'arraybuffer';
        const next = (name) =>
          new Promise((resolve, reject) => {
            socket.addEventListener(name, resolve, { once: true });
            socket.addEventListener('error', () => reject(new Error('error')), { once: true });
          });
        await next('open');
        const lengths = [];
        for (const length of [0, 5, 70000, 1000000]) {
          socket.send('é'.repeat(length));
          const { data } = await next('message');
          lengths.push(data === 'é'.repeat(length) && length);
        }
        const closed = next('close');
        socket.close(1000, 'enough');
        const { code, wasClean } = await closed;
        return { lengths, code, wasClean };
      });
      assert.deepEqual(answers, { lengths: [0, 5, 70000, 1000000], code: 1000, wasClean: true });
      await wasNative('TLSv1.3');
    });
  });
});
