'use strict';

const { AsyncResource } = require('node:async_hooks');
const net = require('node:net');

const {
  EVENT_ACCEPT_ERROR,
  EVENT_BYTES,
  EVENT_END,
  EVENT_FAILED,
  EVENT_HEAD_TIMEOUT,
  EVENT_HELLO,
  EVENT_HTTP,
  EVENT_RELEASED,
  EVENT_REQUEST,
  EVENT_TLS_ERROR,
} = require('../../lib/internal/engine/abi');
const { calls, connections, engine } = require('../../lib/internal/engine/engine');
const { openWake } = require('../../lib/internal/engine/loop');
const wake = require('../../lib/internal/engine/wake');
const { until } = require('../support/events');

const NAMES = new Map([
  [EVENT_ACCEPT_ERROR, 'accept error'],
  [EVENT_BYTES, 'bytes'],
  [EVENT_END, 'end'],
  [EVENT_FAILED, 'failed'],
  [EVENT_HEAD_TIMEOUT, 'timeout'],
  [EVENT_HELLO, 'hello'],
  [EVENT_HTTP, 'http'],
  [EVENT_RELEASED, 'released'],
  [EVENT_REQUEST, 'request'],
  [EVENT_TLS_ERROR, 'tls error'],
]);

/** Takes the events of a slot of the engine. */
class Slot {
  scope = new AsyncResource('test');
  /** @type {{ name: string, extra: number, payload: any }[]} */
  events = [];
  /** Called when there is another event. */
  arrived = () => {};

  /** @param {number} slot */
  constructor(slot) {
    this.slot = slot;
    connections[slot] = this;
    wake.reference();
  }

  deliver(kind, extra, payload) {
    const name = NAMES.get(kind) ?? `kind ${kind}`;
    if (name === 'released') wake.unreference();
    this.events.push({ name, extra, payload });
    this.arrived();
  }

  /** The names of the events so far. */
  get names() {
    return this.events.map(({ name }) => name);
  }

  /** Takes the next event out. */
  async next() {
    while (this.events.length === 0) {
      await new Promise((resolve) => {
        this.arrived = resolve;
      });
    }
    return this.events.shift();
  }

  /** Takes the next event out, which must have this name. */
  async nextOf(name) {
    const event = await this.next();
    if (event.name !== name) throw new Error(`It is '${event.name}', but not '${name}'`);
    return event;
  }
}

/** A raw link that a listener has made of a connection. */
class RawLink extends Slot {
  send(bytes) {
    engine.sendRaw(this.slot, Buffer.from(bytes), false);
    calls.kick(this.slot);
  }

  async release() {
    if (calls.release(this.slot, false)) throw new Error('There is nothing to drain');
    while ((await this.next()).name !== 'released');
  }
}

/** A listener of the engine, without anything of the package above it. */
class Listener extends Slot {
  /**
   * @param {import('node:test').TestContext} t
   * @param {object} [options] those of the engine's `listen`
   * @param {string} [path] in the Unix domain
   * @param {import('../../binding').TlsContexts} [contexts] with TLS
   */
  constructor(t, options = {}, path, contexts) {
    const handle = path
      ? net._createServerHandle(path, -1, -1)
      : net._createServerHandle('127.0.0.1', 0, 4);
    openWake();
    const slot = engine.listen(
      {
        fd: handle.fd,
        backlog: 511,
        maxHeaderSize: 16384,
        headersTimeout: 60000,
        noDelay: true,
        keepAlive: false,
        keepAliveInitialDelay: 0,
        highWaterMark: 16384,
        ...options,
      },
      contexts,
    );
    if (slot < 0) {
      handle.close();
      throw Object.assign(new Error('listen'), { errno: slot });
    }
    super(slot);
    this.handle = handle;
    const name = {};
    if (path === undefined) handle.getsockname(name);
    this.target = path === undefined ? { port: name.port, host: '127.0.0.1' } : { path };
    t.after(() => this.close());
  }

  /** A client whose errors do not matter. */
  connect(t) {
    const socket = net.connect({ allowHalfOpen: true, ...this.target });
    socket.on('error', () => {});
    t.after(() => socket.destroy());
    return socket;
  }

  /** Makes a raw link of the connection with this ticket. */
  accept(ticket) {
    const slot = engine.accept(this.slot, ticket);
    return slot < 0 ? undefined : new RawLink(slot);
  }

  /** Closes the listener and everything that is arriving. */
  async close() {
    if (this.isClosed) return;
    this.isClosed = true;
    engine.closeListener(this.slot);
    engine.closeArriving(this.slot);
    this.handle.close();
    await until(() => this.names.includes('released'));
  }
}

module.exports = Listener;
