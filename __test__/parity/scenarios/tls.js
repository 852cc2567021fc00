'use strict';

const https = require('node:https');
const tls = require('node:tls');
const { selfSigned } = require('../harness/certificate');

/** A client over TLS to a raw server that accepts, until it has connected or failed. */
async function secured(t, { config = {}, host = '127.0.0.1', options } = {}) {
  const { cert, key } = selfSigned();
  const server = tls.createServer({ cert, key, allowHalfOpen: true, ...options });
  server.on('tlsClientError', () => {});
  let peer;
  const port = await t.rawServer(
    (raw, handshakeKey) => {
      peer = raw;
      t.agree(raw, handshakeKey);
    },
    { server },
  );
  const client = t.client(typeof config === 'function' ? config(cert) : config);
  const lane = t.lane();
  client.on('connect', (connection) => {
    t.watch(connection);
    lane.add('connect', connection.socket.encrypted, client.secure);
  });
  client.on('connectFailed', (error) => lane.add('connectFailed', error.code, error.message));
  client.connect(`wss://${host}:${port}/`);
  await Promise.race([lane.until('connect'), lane.until('connectFailed')]);
  return { client, peer, lane };
}

module.exports = [
  {
    name: 'TLS: an untrusted certificate',
    adopts: false,
    run: (t) => secured(t),
  },
  {
    name: 'TLS: a certificate that is trusted in tlsOptions, and an echo',
    adopts: false,
    async run(t) {
      const { peer, lane } = await secured(t, { config: (ca) => ({ tlsOptions: { ca } }) });
      await lane.until('resume');
      peer.text('over TLS');
      await lane.until('message');
      await t.farewell(peer);
    },
  },
  {
    name: 'TLS: rejectUnauthorized: false in tlsOptions',
    adopts: false,
    async run(t) {
      const { peer, lane } = await secured(t, {
        config: { tlsOptions: { rejectUnauthorized: false } },
      });
      await lane.until('resume');
      await t.farewell(peer);
    },
  },
  {
    name: 'TLS: a certificate for another name',
    adopts: false,
    run: (t) =>
      secured(t, {
        config: (ca) => ({
          tlsOptions: { ca, servername: 'other.example' },
        }),
      }),
  },
  {
    name: 'TLS: headers in tlsOptions are sent, those of connect() win',
    adopts: false,
    async run(t) {
      const { cert, key } = selfSigned();
      const server = tls.createServer({ cert, key, allowHalfOpen: true });
      const port = await t.rawServer((peer) => peer.socket.destroy(), { server });
      const client = t.client({
        tlsOptions: { ca: cert, headers: { 'X-One': 'tls', 'X-Two': 'tls' }, path: '/ignored' },
      });
      client.on('connectFailed', () => t.lane('client').add('failed'));
      client.connect(`wss://127.0.0.1:${port}/`, null, null, { 'X-Two': 'connect' });
      await t.lane('client').until('failed');
      await t.lane('peer').until('gone');
    },
  },
  {
    name: 'TLS: a server that speaks plain text',
    adopts: false,
    async run(t) {
      const port = await t.rawServer(() => {}, {
        server: require('node:net').createServer((socket) => socket.end('not TLS\r\n')),
      });
      const client = t.client();
      client.on('connectFailed', (error) => t.lane('client').add('failed', error.code));
      client.connect(`wss://127.0.0.1:${port}/`);
      await t.lane('client').until('failed');
    },
  },
  {
    name: 'TLS: both ends are of the package, text and bytes and a close',
    adopts: false,
    async run(t) {
      const { cert, key } = selfSigned();
      const server = https.createServer({ cert, key });
      const port = await t.listen(server);
      const ws = new t.ws.server(t.config({ httpServer: server, keepalive: false }));
      const lane = t.watchServer(ws);
      ws.on('request', (request) => {
        const connection = request.accept('echo', request.origin);
        t.watch(connection, 'server connection');
        connection.on('message', (message) => {
          connection.send(message.utf8Data ?? message.binaryData);
        });
      });
      const client = t.client({ tlsOptions: { ca: cert } });
      client.on('connect', (connection) => {
        t.watch(connection);
        connection.send('grüße');
        connection.send(Buffer.alloc(0x2000, 5));
      });
      client.connect(`wss://127.0.0.1:${port}/`, 'echo', 'https://example.org');
      await t.lane().until('message', 2);
      ws.connections[0].close(4000, 'enough');
      await t.lane().until('close');
      await t.lane('server connection').until('close');
      await lane.until('close');
    },
  },
];
