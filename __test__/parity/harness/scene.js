'use strict';

const { FakeSocket } = require('./fake-socket');
const { KEY, Stage } = require('./stage');

const EVENTS = ['message', 'frame', 'pong', 'close', 'error', 'pause', 'resume', 'drain'];
const FIELDS = ['state', 'connected', 'closeReasonCode', 'closeDescription'];

/**
 * The tools of a scenario for npm `websocket`: its servers, clients and connections. `transport` is
 * `auto` or `stream` for this package.
 */
class Scene extends Stage {
  /** A configuration with the transport of this run. */
  config(extra = {}) {
    return this.transport ? { transport: this.transport, ...extra } : { ...extra };
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
