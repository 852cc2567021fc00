'use strict';

const assert = require('node:assert/strict');
const { fork } = require('node:child_process');
const path = require('node:path');

const { dialRaw, shakeHands } = require('../../support/connect');
const { TEXT } = require('../../support/frames');
const PATIENCE = require('../../support/patience');

/** A server in another process, the events of its attacked WebSockets, and a bystander. */
class Target {
  #events = [];
  #waiting = new Set();

  /** Starts a server of this module and connects a bystander. */
  static async start(t, { module, options }) {
    const target = new Target(t, module, options);
    target.port = (await target.event('port')).port;
    target.bystander = await shakeHands(await dialRaw(t, target), undefined, undefined, '/echo');
    await target.measure();
    return target;
  }

  constructor(t, module, options) {
    this.t = t;
    const child = fork(path.join(__dirname, 'server.js'), [module, JSON.stringify(options)], {
      execArgv: ['--expose-gc'],
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE);
    t.after(() => {
      clearTimeout(timer);
      child.kill('SIGKILL');
    });
    child.on('message', (message) => {
      this.#events.push(message);
      for (const waiter of this.#waiting) waiter();
    });
    child.on('exit', (code, signal) => {
      this.#events.push({ event: 'exit', code, signal });
      for (const waiter of this.#waiting) waiter();
    });
    this.child = child;
  }

  /** A raw client that attacks. */
  async attack(extensions) {
    return shakeHands(await dialRaw(this.t, this), undefined, extensions);
  }

  attackers(count) {
    return Promise.all(Array.from({ length: count }, () => this.attack()));
  }

  /** Takes the next event of this name, of the WebSocket `id` if that is given. */
  async event(name, id) {
    for (;;) {
      const index = this.#events.findIndex(
        (message) => message.event === name && (id === undefined || message.id === id),
      );
      if (index !== -1) return this.#events.splice(index, 1)[0];
      const end = this.#events.find(({ event }) => event === 'exit');
      assert.ok(!end, `the server has ended: ${JSON.stringify(end)}`);
      await new Promise((resolve) => {
        const waiter = () => {
          this.#waiting.delete(waiter);
          resolve();
        };
        this.#waiting.add(waiter);
      });
    }
  }

  /** Events of this name that nobody has taken. */
  count(name) {
    return this.#events.filter(({ event }) => event === name).length;
  }

  /** Makes an attacked WebSocket act. */
  async act(id, act, ...values) {
    this.child.send({ id, act, values });
    await this.event('acted');
  }

  /** The greatest growth of the server's memory since the last measurement. */
  async measure() {
    this.child.send({ measure: true });
    return (await this.event('memory')).peak;
  }

  /** Fails by the watchdog if the server does not answer the bystander. */
  async lives() {
    for (let i = 0; i < 3; i += 1) {
      this.bystander.text(`still there ${i}`);
      const { opcode, payload } = await this.bystander.next();
      assert.deepEqual([opcode, `${payload}`], [TEXT, `still there ${i}`]);
    }
  }
}

module.exports = Target;
