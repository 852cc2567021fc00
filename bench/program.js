'use strict';

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const readline = require('node:readline');
const { setTimeout: delay } = require('node:timers/promises');

const { withAllDescriptors } = require('./command');
const { loadCommand, programPath } = require('./load');

/** Time for a program's next line. It may open thousands of connections before that. */
const PATIENCE_MS = 120000;
const SETTLE_MS = 500;
/** Seconds that `settledKiB()` takes. */
const SETTLING = (3 * SETTLE_MS) / 1000;

/** A child process whose output is lines of JSON. */
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

  /** KiB that it has in RAM. This is exact, but the counters of /proc/PID/status lag behind. */
  residentKiB() {
    const rollup = fs.readFileSync(`/proc/${this.pid}/smaps_rollup`, 'utf8');
    return Number(/^Rss:\s+(\d+)/m.exec(rollup)[1]);
  }

  /** The most RAM that it had, in MiB. */
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
   *   settings   see servers/host.js
   *   core       the only processor that it may use
   */
  static async start(peer, settings, core) {
    const script = path.join(__dirname, 'servers', `${peer.module}.js`);
    const command = peer.program
      ? [programPath(peer.program)]
      : [process.execPath, '--expose-gc', script, settingsFor(peer, settings)];
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

  /** Makes it collect its garbage. */
  async collect() {
    this.child.stdin.write('collect\n');
    await this.nextLine();
  }

  /**
   * KiB that it has in RAM without garbage. It collects twice, because finalizers of the first
   * collection may release more.
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

function settingsFor({ entry }, settings) {
  return JSON.stringify({ ...settings, listens: entry !== undefined });
}

/** A load that only holds connections, until it is stopped. */
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
