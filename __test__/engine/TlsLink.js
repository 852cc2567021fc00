'use strict';

const { AsyncResource } = require('node:async_hooks');
const { createPrivateKey, X509Certificate } = require('node:crypto');
const { once } = require('node:events');
const net = require('node:net');

const abi = require('../../lib/internal/engine/abi');
const { calls, connections, engine } = require('../../lib/internal/engine/engine');
const { openWake } = require('../../lib/internal/engine/loop');
const { TlsContext } = require('../../lib/internal/engine/native');
const wake = require('../../lib/internal/engine/wake');
const { until } = require('../support/events');

const MESSAGES = new Set([abi.EVENT_LATIN1_TEXT, abi.EVENT_TEXT, abi.EVENT_BINARY]);

/** A raw link of the engine with TLS, without anything of the package above it. */
class TlsLink {
  scope = new AsyncResource('test');
  /** What it has heard, in order: `['secure']`, `['end', extra]`, `['failed', errno, words]`. */
  events = [];
  /** @type {Buffer[]} */
  chunks = [];
  length = 0;
  /** @type {(string | Buffer)[]} messages of a WebSocket */
  messages = [];
  /** Marks that the output has reached. */
  reached = 0;

  /**
   * @param {import('node:net').Socket} socket a connected one, whose descriptor moves here
   * @param {TlsContext} context
   * @param {string | null} [servername]
   */
  constructor(socket, context, servername = null) {
    openWake();
    this.slot = engine.openRaw(16384);
    connections[this.slot] = this;
    wake.reference();
    engine.startTls(this.slot, context, servername);
    const { fd } = /** @type {any} */ (socket)._handle;
    if (!calls.adopt(this.slot, fd, true)) throw new Error('It was not adopted');
    socket.destroy();
  }

  deliver(kind, extra, payload) {
    if (kind === abi.EVENT_BYTES) {
      this.chunks.push(payload);
      this.length += payload.length;
    } else if (kind === abi.EVENT_FLUSHED) this.reached += extra >>> 1;
    else if (kind === abi.EVENT_SECURE) {
      this.events.push(['secure']);
      engine.trustPeer(this.slot);
    } else if (kind === abi.EVENT_BARRIER) this.events.push(['barrier']);
    else if (MESSAGES.has(kind)) this.messages.push(payload);
    else if (kind === abi.EVENT_END) this.events.push(['end', extra]);
    else if (kind === abi.EVENT_FAILED) this.events.push(['failed', extra, payload]);
    else if (kind === abi.EVENT_RELEASED) {
      wake.unreference();
      this.events.push(['released']);
    } else this.events.push([`kind ${kind}`]);
  }

  writeDeflated() {}

  /** Waits for an event of this name, and returns all so far. */
  async until(name) {
    await until(() => this.events.some((event) => event[0] === name));
    return this.events;
  }

  /** Waits for so many bytes, and returns all so far. */
  async bytes(length) {
    await until(() => this.length >= length || this.events.some(([name]) => name === 'failed'));
    return Buffer.concat(this.chunks);
  }

  /** Sends bytes, and resolves when the kernel has them. */
  async send(bytes) {
    const before = this.reached;
    engine.sendRaw(this.slot, Buffer.from(bytes), true);
    calls.kick(this.slot);
    await until(() => this.reached > before);
  }

  end() {
    engine.end(this.slot);
    calls.kick(this.slot);
  }

  get info() {
    return engine.tlsInfo(this.slot);
  }

  async release(lingers = false) {
    calls.release(this.slot, lingers);
    await this.until('released');
  }
}

/**
 * @param {boolean} isServer
 * @param {{ key: string, cert: string } | undefined} identity
 * @param {object} [options]
 */
function contextOf(isServer, identity, options = {}) {
  return new TlsContext({
    isServer,
    chains: identity ? [[new X509Certificate(identity.cert).raw]] : [],
    keys: identity ? [createPrivateKey(identity.key).export({ type: 'pkcs8', format: 'der' })] : [],
    ca: [],
    requestCert: false,
    rejectUnauthorized: false,
    minVersion: 2,
    maxVersion: 3,
    alpn: [],
    ...options,
  });
}

/** A server whose connections become links of the engine, and its port. */
async function serve(t, context, onLink) {
  const server = net.createServer({ pauseOnConnect: true }, (socket) => {
    onLink(new TlsLink(socket, context));
  });
  t.after(() => server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return /** @type {net.AddressInfo} */ (server.address()).port;
}

/** A link of the engine to a server. */
async function connect(port, context, servername = 'localhost') {
  const socket = net.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return new TlsLink(socket, context, servername);
}

module.exports = { connect, contextOf, serve };
