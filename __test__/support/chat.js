'use strict';

// The chat of `npm start` as a child process, and visitors that use another client than ours.

const assert = require('node:assert');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const readline = require('node:readline');
const { WebSocket } = require('ws');

const SERVER = path.join(__dirname, '..', '..', 'examples', 'chat', 'server.js');

/** Runs the server. It ends with the test `t`, if one is given, even if the test fails. */
function run(environment, t) {
  const child = spawn(process.execPath, [SERVER], {
    env: { ...process.env, HOST: '', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t?.after(() => child.kill('SIGKILL'));
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8').on('data', (text) => {
      output[name] += text;
    });
  }
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, ...output }));
  return { child, ended };
}

/** Resolves when the server listens. Port 0 means any free one. */
async function start(t, port = '0') {
  const { child, ended } = run({ PORT: port }, t);
  const lines = readline.createInterface({ input: child.stdout });
  const [line] = await Promise.race([
    once(lines, 'line'),
    ended.then(({ stderr }) => assert.fail(`the server ended before it printed: ${stderr}`)),
  ]);
  const url = new URL(/http:\S+/.exec(line)[0]);
  return { child, ended, url };
}

// A WebSocket that queues its messages until the test takes them by type.
class Visitor {
  #arrived = [];
  #waiting = [];

  constructor(url, path, options) {
    this.socket = new WebSocket(new URL(path, url), 'chat', options);
    this.closed = once(this.socket, 'close').then(([code, reason]) => [code, String(reason)]);
    this.socket.on('message', (data) => {
      this.#arrived.push(JSON.parse(data));
      for (const look of this.#waiting) {
        look();
      }
    });
  }

  static async joined(url, name, key) {
    const visitor = new Visitor(url, '/chat');
    await once(visitor.socket, 'open');
    visitor.send({ type: 'name', name, key });
    visitor.welcome = await visitor.next((message) => message.type === 'welcome');
    return visitor;
  }

  send(message) {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  // The next message that fits. It drops the messages before that.
  next(fits) {
    return new Promise((resolve) => {
      const look = () => {
        const index = this.#arrived.findIndex(fits);
        if (index !== -1) {
          const [found] = this.#arrived.splice(0, index + 1).slice(-1);
          this.#waiting = this.#waiting.filter((other) => other !== look);
          resolve(found);
        }
      };
      this.#waiting.push(look);
      look();
    });
  }

  async leave() {
    this.socket.close();
    await this.closed;
  }
}

const ofType = (type) => (message) => message.type === type;

// These run inside the page.
const isConnected = () => document.querySelector('#status').dataset.state === 'open';
const hasSaid = (text) =>
  [...document.querySelectorAll('.words bdi')].some((said) => said.textContent === text);
const hasPeople = (...names) => {
  const shown = [...document.querySelectorAll('#people bdi')].map((name) => name.textContent);
  return names.every((name) => shown.includes(name)) && shown.length === names.length;
};

module.exports = { hasPeople, hasSaid, isConnected, ofType, run, start, Visitor };
