'use strict';

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const readline = require('node:readline');
const { setTimeout: delay } = require('node:timers/promises');

const { withAllDescriptors } = require('./command');
const { loadCommand, programPath } = require('./load');

/** How long a program may take to say its next line; opening thousands of connections is in it. */
const PATIENCE_MS = 120000;
const SETTLE_MS = 500;
/** Seconds that a look at settled memory takes. */
const SETTLING = (3 * SETTLE_MS) / 1000;

/** A child process that tells what it has to tell as JSON, a line each. */
class Program {
  constructor([file, ...args], env) {
    this.child = spawn(file, args, {
      env: { ...process.env, ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.exited = once(this.child, 'exit');
    this.lines = readline.createInterface({ input: this.child.stdout });
  }

  get pid() {
    return this.child.pid;
  }

  async nextLine() {
    const ended = this.exited.then(([code, signal]) => {
      throw new Error(`${path.basename(this.child.spawnfile)} ended (${signal ?? code})`);
    });
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const [line] = await Promise.race([once(this.lines, 'line', { signal }), ended]);
    return JSON.parse(line);
  }

  /** KiB that it has in RAM; exact, where the counters of /proc/PID/status lag behind. */
  residentKiB() {
    const rollup = fs.readFileSync(`/proc/${this.pid}/smaps_rollup`, 'utf8');
    return Number(/^Rss:\s+(\d+)/m.exec(rollup)[1]);
  }

  /** MiB that it had in RAM at most. */
  peakMiB() {
    const status = fs.readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return Number(/^VmHWM:\s+(\d+)/m.exec(status)[1]) / 1024;
  }

  async stop() {
    this.child.kill('SIGKILL');
    await this.exited;
  }
}

/** One peer's server. */
class Server extends Program {
  /**
   * Starts it and waits until it listens.
   *   settings   what servers/host.js takes
   *   core       the one processor that it may use
   */
  static async start(peer, settings, core) {
    const script = path.join(__dirname, 'servers', `${peer.module}.js`);
    const command = peer.program
      ? [programPath(peer.program)]
      : [process.execPath, '--expose-gc', script, JSON.stringify(settings)];
    const server = new Server(withAllDescriptors(command, core), peer.env);
    try {
      server.details = await server.nextLine();
      return server;
    } catch (error) {
      await server.stop();
      throw new Error(`the server did not start: ${error.message}`);
    }
  }

  get port() {
    return this.details.port;
  }

  /** Has it collect its garbage. */
  async collect() {
    this.child.stdin.write('collect\n');
    await this.nextLine();
  }

  /**
   * KiB that it has in RAM without garbage. Collected twice: what the first collection lets go of
   * may itself have held something.
   */
  async settledKiB() {
    for (let time = 0; time < 2; time++) {
      await delay(SETTLE_MS);
      await this.collect();
    }
    await delay(SETTLE_MS);
    return this.residentKiB();
  }
}

/** Connections that are only held, by a load that runs until it is stopped. */
async function holdConnections(flags) {
  const load = new Program(loadCommand('idle', flags));
  try {
    await load.nextLine();
    return load;
  } catch (error) {
    await load.stop();
    throw error;
  }
}

module.exports = { SETTLING, Server, holdConnections };
