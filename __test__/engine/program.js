'use strict';

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const readline = require('node:readline');

const PATIENCE = require('../support/patience');

/**
 * Runs one of `programs/` in a process of its own. It reports JSON on its standard output, a value
 * per line. The process ends with the test at the latest.
 */
class Program {
  /**
   * @param {import('node:test').TestContext} t
   * @param {string} name of the file
   * @param {string[]} [args]
   * @param {{ env?: object, flags?: string[], launcher?: string[] }} [options] `flags` are Node's,
   *   the `launcher` is a command that runs Node's command
   */
  constructor(t, name, args = [], { env, flags = [], launcher = [] } = {}) {
    this.name = name;
    const node = [process.execPath, ...flags, path.join(__dirname, 'programs', name), ...args];
    const [command, ...rest] = [...launcher, ...node];
    this.child = spawn(command, rest, { env: { ...process.env, ...env } });
    const kill = () => this.child.kill('SIGKILL');
    const timer = setTimeout(kill, PATIENCE);
    this.child.once('exit', () => clearTimeout(timer));
    t.after(kill);
    this.child.stdin.on('error', () => {});
    this.stderr = '';
    this.child.stderr.on('data', (chunk) => {
      this.stderr += chunk;
    });
    this.closed = once(this.child, 'close');
    this.lines = readline.createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  get pid() {
    return this.child.pid;
  }

  /** The program's next report. */
  async next() {
    const { value, done } = await this.lines.next();
    if (done) throw new Error(`${this.name} ended without a report: ${await this.ending()}`);
    return JSON.parse(value);
  }

  /** Lets a waiting program continue. */
  proceed() {
    this.child.stdin.write('\n');
  }

  /** How the process ended, with its standard error. It is 'status 0' after success. */
  async ending() {
    const [status, signal] = await this.closed;
    return [signal ?? `status ${status}`, this.stderr].join(' ').trim();
  }
}

module.exports = Program;
