'use strict';

const http = require('node:http');
const net = require('node:net');
const { once } = require('node:events');
const { FakeSocket } = require('./fake-socket');
const { Peer } = require('./peer');
const { Trace } = require('./trace');
const { acceptKey } = require('./wire');

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const EVENTS = ['message', 'frame', 'pong', 'close', 'error', 'pause', 'resume', 'drain'];
const FIELDS = ['state', 'connected', 'closeReasonCode', 'closeDescription'];

/**
 * The tools of a scenario: the package under test, lanes to record in, and servers, clients and raw
 * peers that close at its end.
 */
class Scene {
  #transport;
  #cleanups = [];

  /** `transport` is `auto` or `stream` for this package, and undefined for npm `websocket`. */
  constructor(ws, transport) {
    this.ws = ws;
    this.trace = new Trace();
    this.#transport = transport;
    /** True once a connection of this scenario has reported the native transport. */
    this.adopted = false;
  }

  lane(name = 'connection') {
    return this.trace.lane(name);
  }

  hide(literal, name) {
    this.trace.normaliser.hide(literal, name);
  }

  /** A configuration with the transport of this run. */
  config(extra = {}) {
    return this.#transport ? { transport: this.#transport, ...extra } : { ...extra };
  }

  /** A complete connection configuration, for connections without a server or client. */
  connectionConfig(extra = {}) {
    return this.config({
      maxReceivedFrameSize: 0x10000,
      maxReceivedMessageSize: 0x100000,
      fragmentOutgoingMessages: true,
      fragmentationThreshold: 0x4000,
      keepalive: false,
      assembleFragments: true,
      disableNagleAlgorithm: true,
      closeTimeout: 5000,
      ...extra,
    });
  }

  defer(cleanup) {
    this.#cleanups.push(cleanup);
  }

  async finish() {
    // Everything queued in this process may still add to the trace. Later events may not.
    await this.turns();
    this.trace.frozen = true;
    await Promise.all(this.#cleanups.reverse().map((cleanup) => cleanup()));
  }

  /** Runs everything that is queued in this process by now, and what that queues. */
  async turns() {
    for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
  }

  /**
   * Sends a byte through the loopback and back. Earlier writes of other peers have very likely
   * arrived by then. Use it only to show that something does not happen.
   */
  async roundTrip() {
    const echo = net.createServer((socket) => socket.pipe(socket));
    const socket = net.connect(await this.listen(echo), '127.0.0.1');
    this.defer(() => socket.destroy());
    for (let i = 0; i < 3; i += 1) {
      socket.write('.');
      await once(socket, 'data');
    }
    await this.turns();
  }

  /** Listens on a free port and returns it. The scene's end destroys all of its sockets. */
  async listen(server) {
    const sockets = new Set();
    const track = (socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    };
    server.on('connection', track);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.defer(async () => {
      for (const socket of sockets) socket.destroy();
      if (!server.listening) return;
      server.close();
      await once(server, 'close');
    });
    const { port } = server.address();
    this.hide(`:${port}`, ':port');
    return port;
  }

  async httpServer(options = {}, listener = undefined) {
    const server = http.createServer(options, listener);
    return { server, port: await this.listen(server) };
  }

  /** A WebSocketServer on an http server of its own. */
  async server(config = {}, httpOptions = {}) {
    const { server, port } = await this.httpServer(httpOptions);
    const ws = new this.ws.server(this.config({ httpServer: server, keepalive: false, ...config }));
    return { http: server, ws, port };
  }

  client(config) {
    return new this.ws.client(this.config(config));
  }

  /**
   * A raw client. `headers` replaces lines of the usual request, or drops them with undefined.
   * `after` is written with the request, in one piece.
   */
  dial(
    port,
    {
      headers = {},
      path = '/',
      lane = 'peer',
      after = '',
      method = 'GET',
      version = '1.1',
      ...rest
    } = {},
  ) {
    const lines = {
      Host: 'localhost',
      Upgrade: 'websocket',
      Connection: 'Upgrade',
      'Sec-WebSocket-Key': KEY,
      'Sec-WebSocket-Version': '13',
      ...headers,
    };
    const head = [`${method} ${path} HTTP/${version}`];
    for (const [name, value] of Object.entries(lines)) {
      if (value !== undefined) head.push(`${name}: ${value}`);
    }
    const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    this.defer(() => socket.destroy());
    const peer = new Peer(socket, this.lane(lane), rest);
    peer.write(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), Buffer.from(after)]));
    return peer;
  }

  /**
   * An accepting server and a connected raw client. Options: `config`, `dial`, and
   * `accept(request)` for another way of accepting.
   */
  async accepted({ config, dial, accept = (request) => request.accept() } = {}) {
    const server = await this.server(config);
    let connection;
    server.ws.on('request', (request) => {
      connection = accept(request);
      this.watch(connection);
    });
    const peer = this.dial(server.port, dial);
    await peer.head;
    return { ...server, connection, peer };
  }

  /** A raw TCP server. It calls `answer(peer, key)` after the request's head. */
  async rawServer(
    answer,
    { lane = 'peer', server = net.createServer({ allowHalfOpen: true }), ...rest } = {},
  ) {
    const secure = 'addContext' in server;
    server.on(secure ? 'secureConnection' : 'connection', async (socket) => {
      const headLines = (lines) => this.#hideKey(lines);
      const peer = new Peer(socket, this.lane(lane), { masks: false, headLines, ...rest });
      const head = await peer.head;
      answer(peer, /^sec-websocket-key: *(.*)$/im.exec(head)?.[1]);
    });
    return this.listen(server);
  }

  #hideKey(lines) {
    const key = lines.map((line) => /^sec-websocket-key: *(.*)$/i.exec(line)?.[1]).find(Boolean);
    if (key) {
      this.hide(key, 'key');
      this.hide(acceptKey(key), 'accept');
    }
    return lines;
  }

  /** A server's accepting answer. `headers` replaces its lines, or drops them with undefined. */
  agree(peer, key, headers = {}, after = '') {
    const lines = {
      Upgrade: 'websocket',
      Connection: 'Upgrade',
      'Sec-WebSocket-Accept': acceptKey(key),
      ...headers,
    };
    let head = 'HTTP/1.1 101 Switching Protocols\r\n';
    for (const [name, value] of Object.entries(lines)) {
      if (value !== undefined) head += `${name}: ${value}\r\n`;
    }
    peer.write(Buffer.concat([Buffer.from(`${head}\r\n`), Buffer.from(after)]));
  }

  /** A client of the package, connected to a raw server. */
  async connected({ config, peer: peerOptions, connect = [] } = {}) {
    let peer;
    const port = await this.rawServer((rawPeer, key) => {
      peer = rawPeer;
      this.agree(rawPeer, key);
    }, peerOptions);
    const client = this.client(config);
    let connection;
    client.on('connect', (opened) => {
      connection = opened;
      this.watch(opened);
      this.lane().add('connect');
    });
    client.on('connectFailed', (error) => this.lane().add('connectFailed', error));
    client.connect(`ws://127.0.0.1:${port}/`, ...connect);
    await this.lane().until('connect');
    return { client, connection, peer, port };
  }

  /** Records each event of a connection, and before it the plain fields that have changed. */
  watch(connection, name = 'connection') {
    const lane = this.lane(name);
    let known = {};
    const record = (event, ...values) => {
      const changed = {};
      for (const field of FIELDS) {
        if (connection[field] !== known[field]) changed[field] = connection[field];
      }
      known = { ...known, ...changed };
      this.#noteTransport(connection);
      if (Object.keys(changed).length > 0) lane.add('is', changed);
      lane.add(event, ...values);
    };
    for (const event of EVENTS) connection.on(event, (...values) => record(event, ...values));
    this.defer(() => connection.socket.destroy());
    return lane;
  }

  /** Closes from the peer's side, and waits until both ends have closed. */
  async farewell(peer, connectionLane = 'connection') {
    await this.lane(connectionLane).until('resume');
    peer.close(1000);
    await peer.seen('gone');
    await this.lane(connectionLane).until('close');
  }

  /** Records a server's own events, with the length of its list of connections at each. */
  watchServer(ws, name = 'server') {
    const lane = this.lane(name);
    ws.on('connect', (connection) => lane.add('connect', connection, ws.connections.length));
    ws.on('close', (connection, code, reason) => {
      lane.add('close', connection, code, reason, ws.connections.length);
    });
    ws.on('upgradeError', (error) => lane.add('upgradeError', error));
    return lane;
  }

  watchRequest(request, name = 'server') {
    const lane = this.lane(name);
    for (const event of ['requestAccepted', 'requestRejected', 'requestResolved']) {
      request.on(event, (subject) => lane.add(event, subject));
    }
    return lane;
  }

  #noteTransport(connection) {
    if (connection.transport === 'native') this.adopted = true;
  }

  /** A fake socket. It records in the connection's lane, unless `lane` is given. */
  fakeSocket({ lane = this.lane(), ...options } = {}) {
    return new FakeSocket(lane, options);
  }
}

module.exports = { KEY, Scene };
