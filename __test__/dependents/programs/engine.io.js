'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const http = require('node:http');
const https = require('node:https');
const { after, before, describe, it } = require('node:test');
const engine = require('engine.io');
const { Socket } = require('engine.io-client');
const WebSocket = require('ws');
const { selfSigned } = require('../../parity/harness/certificate');
const { assertLoads, listen, next } = require('../program');

const COUNT = 10000;

it('engine.io and its client load the implementation under test', () => {
  assertLoads('engine.io');
  assertLoads('engine.io-client');
});

/** Counts its instances and upgrades, as the value of the option `wsEngine`. */
class CountingServer extends WebSocket.Server {
  static upgrades = 0;
  handleUpgrade(...args) {
    CountingServer.upgrades += 1;
    super.handleUpgrade(...args);
  }
}

const KINDS = {
  'engine.io': {},
  'engine.io with wsEngine': { wsEngine: CountingServer },
  'engine.io with compression': { perMessageDeflate: { threshold: 0 }, maxHttpBufferSize: 1e8 },
  'engine.io over TLS': {},
};
const certificate = selfSigned();

for (const [kind, options] of Object.entries(KINDS)) {
  const isSecure = kind.endsWith('TLS');
  const scheme = isSecure ? 'wss' : 'ws';

  describe(kind, () => {
    let server;
    let host;
    let web;

    before(async () => {
      web = isSecure ? https.createServer(certificate) : http.createServer();
      server = engine.attach(web, options);
      server.on('connection', (socket) => {
        socket.on('message', (data) => socket.send(data));
      });
      host = await listen(web);
    });

    after(() => {
      server.close();
      web.close();
      web.closeAllConnections();
    });

    /** A client whose transports are in this order. */
    const client = (...transports) =>
      new Socket(`${scheme}://${host}`, { transports, ca: certificate.cert });

    it(`keeps ${COUNT} messages in order from polling through the upgrade`, async () => {
      const socket = client('polling', 'websocket');
      const upgraded = next(socket, 'upgrade');
      const received = [];
      const all = new Promise((resolve) => {
        socket.on('message', (data) => received.push(data) === COUNT && resolve());
      });
      await next(socket, 'open');
      for (let i = 0; i < COUNT / 2; i++) socket.send(`before ${i}`);
      await upgraded;
      for (let i = COUNT / 2; i < COUNT; i++) socket.send(`after ${i}`);
      await all;
      for (let i = 0; i < COUNT; i++) {
        assert.equal(received[i], `${i < COUNT / 2 ? 'before' : 'after'} ${i}`);
      }
      assert.equal(socket.transport.name, 'websocket');
      socket.close();
    });

    it('echoes text and bytes of many lengths', async () => {
      const socket = client('websocket');
      socket.binaryType = 'nodebuffer';
      await next(socket, 'open');
      for (const length of [0, 1, 125, 126, 65535, 65536, 400000]) {
        const bytes = Buffer.alloc(length, 'é');
        socket.send(bytes);
        assert.deepEqual((await next(socket, 'message'))[0], bytes);
        // engine.io's client reports an empty text as undefined.
        const text = 'ü'.repeat(length || 1);
        socket.send(text);
        assert.equal((await next(socket, 'message'))[0], text);
      }
      socket.close();
    });

    it('knows the address of the peer, and the headers of its answer', async () => {
      server.once('headers', (headers, request) => {
        headers['x-path'] = request.url.split('?')[0];
      });
      const connected = once(server, 'connection');
      const [response] = await next(
        new WebSocket(`${scheme}://${host}/engine.io/?EIO=4&transport=websocket`, {
          ca: certificate.cert,
        }),
        'upgrade',
      );
      assert.equal(response.headers['x-path'], '/engine.io/');
      const [socket] = await connected;
      assert.equal(socket.remoteAddress, '127.0.0.1');
      socket.close();
    });

    it('calls back for each packet, in order', async () => {
      const connected = once(server, 'connection');
      const opener = client('websocket');
      const [socket] = await connected;
      const called = [];
      await new Promise((resolve) => {
        for (let i = 0; i < 1000; i++) {
          socket.send(`${i}`, {}, () => called.push(i) === 1000 && resolve());
        }
      });
      assert.deepEqual(
        called,
        Array.from({ length: 1000 }, (_, i) => i),
      );
      opener.close();
    });

    it('tells both sides of a close, by either side', async () => {
      for (const side of ['server', 'client']) {
        const connected = once(server, 'connection');
        const ends = { client: client('websocket') };
        await next(ends.client, 'open');
        [ends.server] = await connected;
        const closed = [next(ends.server, 'close'), next(ends.client, 'close')];
        ends[side].close();
        const reasons = (await Promise.all(closed)).map(([reason]) => reason);
        const expected = ['forced close', 'transport close'];
        assert.deepEqual(reasons, side === 'server' ? expected : expected.reverse());
      }
    });

    it('refuses a message beyond maxHttpBufferSize', async () => {
      const limit = server.opts.maxHttpBufferSize;
      if (limit > 1e6) return;
      const connected = once(server, 'connection');
      const opener = client('websocket');
      const [socket] = await connected;
      const closed = next(socket, 'close');
      opener.send(Buffer.alloc(limit + 1));
      assert.equal((await closed)[0], 'transport error');
    });
  });
}

it('the option wsEngine was in use', () => {
  assert.ok(CountingServer.upgrades > 3, `${CountingServer.upgrades} upgrades`);
});
