'use strict';

const net = require('node:net');
const { once } = require('node:events');
const { onSocket, serversFor } = require('../../support/carrier');
const { Peer } = require('./peer');
const { Trace } = require('./trace');
const { acceptKey } = require('./wire');

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

/**
 * What scenarios of every API need: the package under test, lanes to record in, and listeners and
 * raw peers that close at the scenario's end.
 */
class Stage {
  #cleanups = [];

  /** `transport` is the one that the run of this package asks for, and undefined for upstream. */
  constructor(ws, transport) {
    this.ws = ws;
    this.transport = transport;
    this.trace = new Trace();
    /** True once a connection of this scenario has reported the native transport. */
    this.adopted = false;
  }

  lane(name = 'connection') {
    return this.trace.lane(name);
  }

  hide(literal, name) {
    this.trace.normaliser.hide(literal, name);
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
    onSocket(server, track);
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
    const server = serversFor(this.ws).http.createServer(options, listener);
    return { server, port: await this.listen(server) };
  }

  /** A raw client's socket. */
  connect(port) {
    return net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
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
    const socket = this.connect(port);
    this.defer(() => socket.destroy());
    const peer = new Peer(socket, this.lane(lane), rest);
    peer.write(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), Buffer.from(after)]));
    return peer;
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
}

module.exports = { KEY, Stage };
