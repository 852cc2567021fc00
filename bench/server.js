const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const readline = require('node:readline');

const { withAllDescriptors } = require('./command');
const { programPath } = require('./load');

/** One peer's server, in a process of its own. */
class Server {
  /**
   * Starts it and waits until it listens.
   *   settings   what servers/host.js takes
   *   core       the one processor that it may use
   */
  static async start(peer, settings, core) {
    const server = new Server(peer, settings, core);
    try {
      server.details = await server.nextLine();
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  constructor(peer, settings, core) {
    const script = path.join(__dirname, 'servers', `${peer.module}.js`);
    const command = peer.program
      ? [programPath(peer.program)]
      : [process.execPath, '--expose-gc', script, JSON.stringify(settings)];
    const [file, ...args] = withAllDescriptors(command, core);
    this.child = spawn(file, args, {
      env: { ...process.env, ...peer.env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.exited = once(this.child, 'exit');
    this.lines = readline.createInterface({ input: this.child.stdout });
  }

  get pid() {
    return this.child.pid;
  }

  get port() {
    return this.details.port;
  }

  /** Has it collect its garbage. */
  async collect() {
    this.child.stdin.write('collect\n');
    await this.nextLine();
  }

  async nextLine() {
    const ended = this.exited.then(([code, signal]) => {
      throw new Error(`the server ended (${signal ?? code})`);
    });
    const [line] = await Promise.race([once(this.lines, 'line'), ended]);
    return JSON.parse(line);
  }

  async stop() {
    this.child.kill('SIGKILL');
    await this.exited;
  }
}

module.exports = { Server };
