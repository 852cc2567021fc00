'use strict';

const net = require('node:net');
const tls = require('node:tls');
const kPeer = require('../../../lib/internal/transport/kPeer');
const { serversFor } = require('../../support/carrier');
const { selfSigned } = require('../../parity/harness/certificate');
const { Stage } = require('../../parity/harness/stage');
const { Inflater } = require('./deflate');

const EVENTS = [
  'upgrade',
  'open',
  'message',
  'ping',
  'pong',
  'close',
  'error',
  'unexpected-response',
  'redirect',
];
const RAW = { allowHalfOpen: true };

let credentials;

/** One certificate for all scenarios of a process. */
function certificate() {
  credentials ??= selfSigned();
  return credentials;
}

/**
 * The tools of a scenario for npm `ws`: servers, clients, and raw peers that face them. `transport`
 * is `plain` or `tls` for ws, and `native`, `stream` or `tls` for this package.
 */
class Scene extends Stage {
  get secure() {
    return this.transport === 'tls';
  }

  lane(name = 'ws') {
    return super.lane(name);
  }

  /** Options of a server or client with the transport of this run. */
  options(extra = {}) {
    return this.transport === 'stream' ? { transport: 'stream', ...extra } : { ...extra };
  }

  url(port, path = '/') {
    return `${this.secure ? 'wss' : 'ws'}://127.0.0.1:${port}${path}`;
  }

  /** An http server. */
  async web() {
    const { http, https } = serversFor(this.ws);
    const web = this.secure ? https.createServer(certificate()) : http.createServer();
    return { web, port: await this.listen(web) };
  }

  /** A WebSocketServer on an http server of its own. */
  async server(options = {}) {
    const { web, port } = await this.web();
    const wss = new this.ws.WebSocketServer(this.options({ server: web, ...options }));
    return { web, wss, port };
  }

  /** A client. It trusts the scenario's servers. */
  client(port, { protocols, Class = this.ws, path, ...options } = {}) {
    const ca = this.secure ? { ca: certificate().cert } : {};
    return new Class(this.url(port, path), protocols, this.options({ ...ca, ...options }));
  }

  connect(port) {
    const socket = super.connect(port);
    if (!this.secure) return socket;
    return tls.connect({ socket, ca: certificate().cert, servername: 'localhost' });
  }

  rawServer(answer, options = {}) {
    const server = this.secure
      ? tls.createServer({ ...certificate(), ...RAW })
      : net.createServer(RAW);
    return super.rawServer(answer, { server, ...options });
  }

  /** Records events with the readyState at each. `events` leaves the others without a listener. */
  watch(ws, { lane: name = 'ws', events = EVENTS } = {}) {
    const lane = this.lane(name);
    for (const event of events) {
      ws.on(event, (...values) => lane.add(event, ...values, `state ${ws.readyState}`));
    }
    this.defer(() => this.#noteTransport(ws));
    this.defer(() => {
      ws.removeAllListeners();
      ws.on('error', () => {});
      ws.terminate();
    });
    return lane;
  }

  /** Only this package has Peers. */
  #noteTransport(ws) {
    if (ws[kPeer]?.transport === 'native') this.adopted = true;
  }

  /**
   * A server's WebSocket that faces a raw client. `events` are those to record. `onOpen` is called
   * with the WebSocket in 'connection'.
   */
  async accepted({ options, dial, events, onOpen = () => {} } = {}) {
    const server = await this.server(options);
    const opened = new Promise((resolve) => {
      server.wss.on('connection', (ws) => {
        this.watch(ws, { events });
        onOpen(ws);
        resolve(ws);
      });
    });
    const peer = this.dial(server.port, dial);
    const ws = await opened;
    await peer.head;
    return { ...server, ws, peer };
  }

  /**
   * A client's WebSocket that faces a raw server. `headers` and `after` go into the raw server's
   * answer, `dial` has the options of the raw server.
   */
  async connected({ options, dial, headers, after, events, onOpen = () => {} } = {}) {
    let peer;
    const port = await this.rawServer((raw, key) => {
      peer = raw;
      this.agree(raw, key, headers, after);
    }, dial);
    const ws = this.client(port, options);
    this.watch(ws, { events });
    ws.on('open', () => onOpen(ws));
    await new Promise((resolve) => ws.on('open', resolve));
    return { ws, peer, port };
  }

  /**
   * A WebSocket of this role that faces a raw peer. `extensions` is what the peer offers or
   * accepts.
   */
  async open(role, { extensions, dial = {}, ...rest } = {}) {
    const headers = { 'Sec-WebSocket-Extensions': extensions };
    if (role === 'client') return this.connected({ dial, headers, ...rest });
    return this.accepted({ dial: { headers, ...dial }, ...rest });
  }

  /** As `open`, with compression. The lane of the peer shows inflated payloads. */
  async openDeflated(role, { agreement = '', options = {}, dial = {}, ...rest } = {}) {
    const inflater = new Inflater(/_no_context_takeover/.test(agreement));
    return this.open(role, {
      extensions: `permessage-deflate${agreement}`,
      options: { perMessageDeflate: true, ...options },
      dial: { onFrame: (frame) => inflater.replace(frame), ...dial },
      ...rest,
    });
  }

  /** Closes from the peer's side, and waits until both ends have closed. */
  async farewell(peer) {
    peer.close(1000);
    await this.gone(peer);
  }

  /** Waits until both ends have closed. */
  async gone(peer) {
    await peer.seen('gone');
    await this.lane().until('close');
  }
}

module.exports = { Scene };
