'use strict';

// Attacks on servers of websocket-native/http and /https. A bystander is served meanwhile, and
// nothing of an attacker is left over.

const assert = require('node:assert/strict');
const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const net = require('node:net');
const { after, before, describe, it } = require('node:test');
const tls = require('node:tls');

const http = require('../../lib/http');
const https = require('../../lib/http/https');
const { WebSocket, WebSocketServer } = require('../../lib/ws');
const { kit } = require('../support/certificates');
const { until } = require('../support/events');
const { TEXT, encode } = require('../support/frames');
const { handshake } = require('../support/http');
const PATIENCE = require('../support/patience');

const HOST = '127.0.0.1';
const HELLO = encode({ opcode: TEXT, payload: 'hello', masked: true });
const ECHO = encode({ opcode: TEXT, payload: 'hello' });
const NO_OPENSSL = spawnSync('openssl', ['version']).status === 0 ? false : 'NO OPENSSL FOUND';

/** The first bytes of a handshake of TLS, as node:tls sends it. */
async function clientHello() {
  const server = net.createServer().listen(0, HOST);
  await once(server, 'listening');
  const accepted = once(server, 'connection');
  const { port } = /** @type {net.AddressInfo} */ (server.address());
  const client = tls.connect({ port, host: HOST }).on('error', () => {});
  const [socket] = await accepted;
  const [bytes] = await once(socket, 'data');
  client.destroy();
  socket.destroy();
  server.close();
  return bytes;
}

for (const isSecure of [false, true]) {
  describe(`A server ${isSecure ? 'with' : 'without'} TLS`, { timeout: PATIENCE }, () => {
    let server;
    let port;
    let sockets;
    let bystander;

    before(async () => {
      const { cert, key } = kit.server;
      // It closes what does not come in time within milliseconds.
      const limits = { headersTimeout: 300, requestTimeout: 0, connectionsCheckingInterval: 50 };
      server = isSecure
        ? https.createServer({ cert, key, handshakeTimeout: 300, ...limits })
        : http.createServer(limits);
      server.on('request', (_request, response) => response.end('a page'));
      const wss = new WebSocketServer({ server });
      wss.on('connection', (ws) => {
        ws.on('error', () => {});
        ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
      });
      server.listen(0, HOST);
      await once(server, 'listening');
      ({ port } = server.address());
      bystander = new WebSocket(`ws${isSecure ? 's' : ''}://${HOST}:${port}/`, {
        ca: kit.root.cert,
      });
      await once(bystander, 'open');
      sockets = [];
    });

    after(() => {
      bystander.terminate();
      server.close();
      server.closeAllConnections();
    });

    /** A test that ends when the server has nothing of the attack left, and serves others. */
    function attack(name, body, options = {}) {
      it(name, options, async () => {
        await body();
        bystander.send('still there');
        const [answer] = await once(bystander, 'message');
        assert.equal(`${answer}`, 'still there');
        for (const socket of sockets.splice(0)) socket.destroy();
        // The bystander's is the only connection.
        while ((await connectionsOf(server)) !== 1) await new Promise(setImmediate);
      });
    }

    /** A TCP connection. What arrives is in `received`, and `over` resolves at its end. */
    async function dial() {
      const socket = net.connect(port, HOST);
      sockets.push(socket);
      return watched(socket, 'connect');
    }

    /** A connection that speaks what the server speaks. */
    async function dialWell() {
      const tcp = await dial();
      if (!isSecure) return { ...tcp, reset: () => tcp.socket.resetAndDestroy() };
      const socket = tls.connect({ socket: tcp.socket, rejectUnauthorized: false });
      const peer = await watched(socket, 'secureConnect');
      return { ...peer, reset: () => tcp.socket.resetAndDestroy() };
    }

    async function watched(socket, event) {
      const received = [];
      socket.on('error', () => {}).on('data', (chunk) => received.push(chunk));
      const over = new Promise((resolve) => socket.on('close', resolve));
      await once(socket, event);
      return { socket, over, received: () => Buffer.concat(received) };
    }

    attack('closes heads that come byte by byte', async () => {
      const peers = await Promise.all(Array.from({ length: 20 }, () => dialWell()));
      const head = handshake();
      let sent = 0;
      const timer = setInterval(() => {
        for (const { socket } of peers) socket.write(head[sent]);
        sent = Math.min(sent + 1, head.length - 2);
      }, 20);
      await Promise.all(peers.map(({ over }) => over));
      clearInterval(timer);
      for (const { received } of peers) assert.match(`${received()}`, /^HTTP\/1\.1 408 /);
    });

    attack('refuses a head of more than 16 KiB', async () => {
      const { socket, over, received } = await dialWell();
      socket.write(handshake({ 'X-Long': 'x'.repeat(16384) }));
      await over;
      assert.match(`${received()}`, /^HTTP\/1\.1 431 /);
    });

    attack('reads what is pipelined behind the handshake', async () => {
      const { socket, received } = await dialWell();
      const messages = Array(2000).fill(HELLO);
      socket.write(Buffer.concat([Buffer.from(handshake()), ...messages]));
      await until(() => received().includes(Buffer.concat(Array(2000).fill(ECHO))));
      assert.match(received().toString('latin1'), /^HTTP\/1\.1 101 /);
    });

    const whole = handshake();
    for (const [step, bytes] of Object.entries({
      'before a byte': '',
      'within the head': whole.slice(0, 30),
      'behind the handshake': whole,
      'within a frame': Buffer.concat([Buffer.from(whole), HELLO.subarray(0, 5)]),
    })) {
      attack(`forgets peers that reset ${step}`, async () => {
        for (let count = 0; count < 50; count++) {
          const { reset, socket } = await dialWell();
          if (bytes.length > 0) await new Promise((resolve) => socket.write(bytes, resolve));
          reset();
        }
      });
    }

    if (!isSecure) return;

    attack('closes hellos that come byte by byte', async () => {
      const hello = await clientHello();
      const peers = await Promise.all(Array.from({ length: 20 }, () => dial()));
      let sent = 0;
      const timer = setInterval(() => {
        for (const { socket } of peers) socket.write(hello.subarray(sent, sent + 1));
        sent++;
      }, 20);
      await Promise.all(peers.map(({ over }) => over));
      clearInterval(timer);
      for (const { received } of peers) assert.equal(received().length, 0);
    });

    attack('forgets peers that reset within the hello, or behind it', async () => {
      const hello = await clientHello();
      for (const length of [1, 5, hello.length - 1, hello.length]) {
        for (let count = 0; count < 20; count++) {
          const { socket } = await dial();
          await new Promise((resolve) => socket.write(hello.subarray(0, length), resolve));
          socket.resetAndDestroy();
        }
      }
    });

    attack('closes plain HTTP', async () => {
      const { socket, over, received } = await dial();
      socket.write(whole);
      await over;
      assert.doesNotMatch(received().toString('latin1'), /HTTP/);
    });

    attack('closes at records that are too long, in the hello and behind it', async () => {
      const record = Buffer.concat([Buffer.of(0x16, 3, 3, 0xff, 0xff), Buffer.alloc(0xffff)]);
      const first = await dial();
      first.socket.write(record);
      await first.over;

      const raw = await dial();
      const client = tls.connect({ socket: raw.socket, rejectUnauthorized: false });
      client.on('error', () => {});
      await once(client, 'secureConnect');
      record[0] = 0x17;
      raw.socket.write(record);
      await raw.over;
    });

    attack(
      'does not renegotiate',
      async () => {
        const client = openssl('-tls1_2');
        await until(() => client.output.includes('Verify return code'));
        client.child.stdin.write('R\n');
        await once(client.child, 'close');
        assert.match(client.output, /RENEGOTIATING[\s\S]*no.renegotiation/);
      },
      { skip: NO_OPENSSL },
    );

    attack(
      'takes updates of keys, and answers them',
      async () => {
        const client = openssl('-tls1_3');
        await until(() => client.output.includes('Verify return code'));
        for (let count = 1; count <= 10; count++) {
          client.child.stdin.write('K\n');
          await until(() => client.output.split('KEYUPDATE').length > count);
        }
        client.child.stdin.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
        await once(client.child, 'close');
        assert.match(client.output, /a page/);
      },
      { skip: NO_OPENSSL },
    );

    /** `openssl s_client`, and everything that it has said. */
    function openssl(...args) {
      const child = spawn('openssl', ['s_client', '-connect', `${HOST}:${port}`, ...args]);
      sockets.push({ destroy: () => child.kill('SIGKILL') });
      const client = { child, output: '' };
      child.stdin.on('error', () => {});
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (chunk) => {
          client.output += chunk;
        });
      }
      return client;
    }
  });
}

/** @returns {Promise<number>} */
function connectionsOf(server) {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
  });
}
