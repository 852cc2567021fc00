'use strict';

const assert = require('node:assert/strict');
const { createHash } = require('node:crypto');
const { once } = require('node:events');
const net = require('node:net');
const test = require('node:test');
const tls = require('node:tls');

const { client: WebSocketClient, server: WebSocketServer } = require('../..');
const { TlsContext } = require('../../lib/internal/engine/tls');
const { selfSigned } = require('../parity/harness/certificate');
const { isListener, onSocket, serversFor } = require('./carrier');
const { SWITCHING, handshake, readHead } = require('./http');
const RawPeer = require('./RawPeer');
const { until } = require('./events');
const PATIENCE = require('./patience');

const HOST = '127.0.0.1';
const ROLES = ['server', 'client'];

/** Prevents pings on a busy machine, where a test may take longer than the default interval. */
const NO_PINGS = { keepalive: false };

/**
 * 'native' is the adopted descriptor, which Windows does not have. 'tls' is the stream transport
 * over TLS.
 */
const TRANSPORTS = process.platform === 'win32' ? ['stream', 'tls'] : ['native', 'stream', 'tls'];

/** 'secure' is the native transport over TLS. Servers have it only on our own servers. */
const SECURE = process.platform !== 'win32' && TlsContext ? ['secure'] : [];
const OF_SERVERS = [...TRANSPORTS, ...(isListener ? SECURE : [])];
const OF_EITHER = [...TRANSPORTS, ...SECURE];

/** Whether it is over TLS. */
const isSecure = (transport) => transport === 'tls' || transport === 'secure';

/** Whether the engine moves the bytes. */
const isNative = (transport) => transport === 'native' || transport === 'secure';

/**
 * A test with a timeout, so that a hang is reported with the test's name and not only with the
 * file's.
 *
 * @param {string} name
 * @param {(t: import('node:test').TestContext) => unknown} run
 */
function it(name, run) {
  test.it(name, { timeout: PATIENCE }, run);
}

let certificate;

/** Each process makes a new one. */
function credentials() {
  certificate ??= selfSigned();
  return certificate;
}

/** The certificate that a client has to trust. */
function authority() {
  return credentials().cert;
}

/**
 * Defines the same tests once for each transport.
 *
 * @param {string} name
 * @param {(transport: string) => void} define
 * @param {string[]} [transports]
 */
function onEachTransport(name, define, transports = OF_SERVERS) {
  for (const transport of transports) {
    test.describe(`${name} (${transport})`, () => define(transport));
  }
}

/**
 * Defines the same tests once for each transport and each role of the connection under test.
 *
 * @param {string} name
 * @param {(setting: { transport: string, role: string }) => void} define
 * @param {string[]} [transports]
 */
function onEachSide(name, define, transports = OF_EITHER) {
  for (const transport of transports) {
    for (const role of OF_SERVERS.includes(transport) ? ROLES : ['client']) {
      test.describe(`${name} (${transport}, ${role})`, () => define({ transport, role }));
    }
  }
}

/**
 * A server of ours on a free port or at `path`. It closes when the test ends.
 *
 * @param {object} setting
 * @param {string} setting.transport
 * @param {object} [setting.config]
 * @param {string} [setting.path] of a Unix domain socket
 */
async function serve(t, { transport, config = {}, path }) {
  const { http, https } = serversFor();
  const httpServer = isSecure(transport) ? https.createServer(credentials()) : http.createServer();
  const sockets = keepSockets(t, httpServer, 'connection');
  httpServer.listen(path ? { path } : { port: 0, host: HOST });
  await once(httpServer, 'listening');
  const wsServer = new WebSocketServer({ httpServer, ...config, transport: optionFor(transport) });
  const { port } = path ? {} : httpServer.address();
  const url = `${isSecure(transport) ? 'wss' : 'ws'}://${HOST}:${port}/`;
  return { httpServer, wsServer, sockets, port, path, url, transport };
}

/** A raw client's socket, connected to that server. It has sent nothing. */
async function dialRaw(t, { port, path, transport }) {
  const target = path ? { path } : { port, host: HOST };
  const options = { ...target, allowHalfOpen: true };
  const secure = isSecure(transport);
  const socket = secure ? tls.connect({ ...options, ca: authority() }) : net.connect(options);
  t.after(() => socket.destroy());
  await once(socket, secure ? 'secureConnect' : 'connect');
  return socket;
}

/**
 * Performs the client's side of the opening handshake without a client.
 *
 * @param {net.Socket} socket
 * @param {Buffer} [head] goes out in one write with the request
 * @param {string} [extensions] Sec-WebSocket-Extensions
 * @param {string} [path]
 * @returns {Promise<RawPeer>}
 */
async function shakeHands(socket, head = Buffer.alloc(0), extensions = undefined, path = '/') {
  const request = handshake({ 'Sec-WebSocket-Extensions': extensions }, { path });
  socket.write(Buffer.concat([Buffer.from(request), head]));
  const answer = await readHead(socket);
  assert.equal(answer.status, 101);
  const peer = new RawPeer(socket, true);
  if (answer.rest.length > 0) socket.emit('data', answer.rest);
  return peer;
}

/**
 * A connection under test and the raw peer that faces it.
 *
 * @param {object} setting
 * @param {string} setting.transport
 * @param {string} [setting.role] that of the connection
 * @param {object} [setting.config]
 * @param {Buffer} [setting.head] bytes that the peer sends in one write with its handshake
 * @param {string} [setting.extensions] what the peer's handshake says in Sec-WebSocket-Extensions
 * @param {(connection: any) => void} [setting.onConnection] what the application does when it first
 *   sees the connection
 * @returns {Promise<{ connection: any, peer: RawPeer, httpServer?: http.Server, wsServer?: any }>}
 */
async function open(t, setting) {
  const opened =
    setting.role === 'client' ? await openClient(t, setting) : await openServer(t, setting);
  t.after(() => opened.connection.socket.destroy());
  await provenTransport(opened.connection, setting.transport);
  return opened;
}

async function openServer(t, { onConnection = () => {}, head, extensions, ...setting }) {
  const config = { ...NO_PINGS, ...setting.config };
  const server = await serve(t, { ...setting, config });
  const opened = once(server.wsServer, 'connect');
  server.wsServer.on('request', (request) => onConnection(request.accept(null, request.origin)));
  const peer = await shakeHands(await dialRaw(t, server), head, extensions);
  const [connection] = await opened;
  return { ...server, connection, peer };
}

async function openClient(t, { transport, config, onConnection = () => {}, head, extensions }) {
  const server = await serveRaw(t, transport, head, extensions);
  const client = makeClient(transport, config);
  const opened = once(client, 'connect');
  client.on('connect', onConnection);
  client.connect(server.url);
  const [[connection], peer] = await Promise.all([opened, server.peer]);
  return { client, connection, peer };
}

/** A raw server for one client. `peer` resolves after the handshake. */
async function serveRaw(t, transport, head = Buffer.alloc(0), extensions = undefined) {
  const secure = isSecure(transport);
  const options = { allowHalfOpen: true, ...(secure ? credentials() : {}) };
  const server = secure ? tls.createServer(options) : net.createServer(options);
  keepSockets(t, server, 'connection');
  const peer = once(server, secure ? 'secureConnection' : 'connection').then(([socket]) =>
    answerHandshake(socket, head, extensions),
  );
  server.listen(0, HOST);
  await once(server, 'listening');
  return { peer, url: `${secure ? 'wss' : 'ws'}://${HOST}:${server.address().port}/` };
}

async function answerHandshake(socket, head, extensions) {
  let request = '';
  while (!request.includes('\r\n\r\n')) {
    const [chunk] = await once(socket, 'data');
    request += chunk.toString('latin1');
  }
  const key = /sec-websocket-key: (\S+)/i.exec(request)[1];
  const accept = createHash('sha1')
    .update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64');
  const peer = new RawPeer(socket, false);
  const extending = extensions ? `Sec-WebSocket-Extensions: ${extensions}\r\n` : '';
  const answer = `${SWITCHING}Sec-WebSocket-Accept: ${accept}\r\n${extending}\r\n`;
  socket.write(Buffer.concat([Buffer.from(answer), head]));
  return peer;
}

/**
 * Two connections of ours that face each other.
 *
 * @param {object} setting
 * @param {string} setting.transport
 * @param {object} [setting.server] config
 * @param {object} [setting.client] config
 */
async function pair(t, { transport, server: serverConfig, client: clientConfig = {} }) {
  const server = await serve(t, {
    transport,
    config: { ...NO_PINGS, autoAcceptConnections: true, ...serverConfig },
  });
  const client = makeClient(transport, clientConfig);
  const both = [once(server.wsServer, 'connect'), once(client, 'connect')];
  client.connect(server.url);
  const [[accepted], [connected]] = await Promise.all(both);
  t.after(() => connected.socket.destroy());
  await provenTransport(accepted, OF_SERVERS.includes(transport) ? transport : 'tls');
  await provenTransport(connected, transport);
  return { ...server, accepted, connected };
}

function makeClient(transport, config) {
  return new WebSocketClient({
    ...config,
    transport: transport === 'tls' ? 'stream' : optionFor(transport),
    tlsOptions: { ca: authority() },
  });
}

function optionFor(transport) {
  const isStream = transport === 'stream' || (transport === 'tls' && isListener);
  return isStream ? 'stream' : 'auto';
}

/**
 * Asserts the transport. With the default option, a plain socket and one of our own servers move to
 * the native transport, and a TLS socket of Node's does not.
 */
async function provenTransport(connection, transport) {
  if (isNative(transport)) await until(() => connection.transport === 'native');
  else assert.equal(connection.transport, 'stream');
  if (isListener && transport === 'tls') await until(() => isOpen(connection.socket));
}

/**
 * Whether a connection has its socket. It gets it when the answer to its handshake has left. An I/O
 * thread of the engine writes that answer, so the client may see it earlier.
 */
function isOpen(socket) {
  return socket.destroyed || socket.listenerCount('data') > 0;
}

/** Destroys the sockets that a server accepted when the test ends. */
function keepSockets(t, server, event) {
  const sockets = new Set();
  const note = (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  };
  if (event === 'connection') onSocket(server, note);
  else server.on(event, note);
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return sockets;
}

module.exports = {
  TRANSPORTS,
  authority,
  credentials,
  dialRaw,
  isNative,
  isSecure,
  it,
  makeClient,
  onEachSide,
  onEachTransport,
  open,
  optionFor,
  pair,
  provenTransport,
  serve,
  serveRaw,
  shakeHands,
};
