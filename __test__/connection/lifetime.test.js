'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { Worker } = require('node:worker_threads');

const { it, onEachTransport, serve } = require('../support/connect');
const { closing, gather, textsOf, until } = require('../support/events');
const ioThreads = require('../support/ioThreads');

const GUEST = path.join(__dirname, '..', 'support', 'guest.js');
const BROWSER_TIMERS = path.join(__dirname, '..', 'support', 'browserTimers.js');
const ROOT = path.join(__dirname, '..', '..');
const PLAIN = process.platform === 'win32' ? ['stream'] : ['native', 'stream'];

/** Starts a child process. `ended` resolves with its exit status and its output. */
function run(t, args, env = {}) {
  const child = spawn(process.execPath, args, { env: { ...process.env, ...env } });
  t.after(() => child.kill());
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8').on('data', (text) => {
      output[name] += text;
    });
  }
  const ended = once(child, 'close').then(([status, signal]) => ({ status, signal, ...output }));
  return { child, output, ended };
}

/** Starts a guest that is connected and has reported that it is ready. */
async function invite(t, transport, scene, env) {
  // A ping would flush output that waits to be sent.
  const config = { autoAcceptConnections: true, keepalive: false };
  const server = await serve(t, { transport, config });
  const connected = once(server.wsServer, 'connect');
  const guest = run(t, [GUEST, scene, server.url, transport === 'stream' ? 'stream' : 'auto'], env);
  const [connection] = await connected;
  const [message] = await once(connection, 'message');
  assert.equal(message.utf8Data, 'ready');
  return { ...guest, connection, server };
}

onEachTransport(
  'A process',
  (transport) => {
    it('lives as long as its connection, and no longer', async (t) => {
      const { connection, output, ended } = await invite(t, transport, 'listen');
      for (const text of ['one', 'two', 'three']) {
        connection.sendUTF(text);
        await until(() => output.stdout.includes(text));
      }
      connection.close(4001);
      const { status, stdout, stderr } = await ended;
      assert.deepEqual([status, stdout, stderr], [0, 'one\ntwo\nthree\nclosed 4001\n', '']);
    });

    it('ends when the connection is cut', async (t) => {
      const { connection, ended } = await invite(t, transport, 'listen');
      connection.socket.resetAndDestroy();
      const { status, stdout } = await ended;
      assert.deepEqual([status, stdout], [0, 'closed 1006\n']);
    });

    it('is not kept alive by a connection whose socket is unref()ed', async (t) => {
      const { connection, ended } = await invite(t, transport, 'unref');
      const closed = closing(connection);
      connection.sendUTF('you may go');
      const { status, stderr } = await ended;
      assert.deepEqual([status, stderr], [0, '']);
      assert.equal((await closed)[0], 1006);
    });

    it('is kept alive by one that is ref()ed again', async (t) => {
      const { connection, output, ended } = await invite(t, transport, 'ref');
      connection.sendUTF('one');
      await until(() => output.stdout.includes('one'));
      connection.close(4001);
      const { status, stdout } = await ended;
      assert.deepEqual([status, stdout], [0, 'one\nclosed 4001\n']);
    });

    it('may exit right after a send: the messages arrive', async (t) => {
      const { connection, ended } = await invite(t, transport, 'exit');
      const texts = textsOf(connection);
      const closed = closing(connection);
      connection.sendUTF('go');
      await closed;
      assert.deepEqual(
        texts.map((text) => text.trim()),
        Array.from({ length: 100 }, (_, i) => `${i}`),
      );
      assert.equal((await ended).status, 7);
    });

    it('may send and close while it exits', async (t) => {
      const { connection, ended } = await invite(t, transport, 'farewell');
      const texts = textsOf(connection);
      const closed = closing(connection);
      connection.sendUTF('go');
      // The code depends on whether the process has ended before the answer arrives.
      await closed;
      assert.deepEqual(texts, ['one', 'two', 'three']);
      assert.equal((await ended).status, 0);
    });

    it('may work on after a send, and the message leaves meanwhile', async (t) => {
      const { child, connection, ended } = await invite(t, transport, 'work');
      const message = once(connection, 'message');
      connection.sendUTF('go');
      assert.equal((await message)[0].utf8Data, 'working');
      const done = gather(connection, 'message', 2);
      child.stdin.end();
      const texts = (await done).map(({ utf8Data }) => utf8Data);
      assert.deepEqual(texts, ['done', 'and over']);
      await ended;
    });

    it("may have a browser's timers", async (t) => {
      const env = { NODE_OPTIONS: `--require ${JSON.stringify(BROWSER_TIMERS)}` };
      const { connection, ended } = await invite(t, transport, 'drop', env);
      const texts = textsOf(connection);
      const closed = closing(connection);
      for (const text of ['one', 'two', 'last']) connection.sendUTF(text);
      assert.deepEqual(await closed, [4001, 'out']);
      assert.deepEqual(texts, ['one', 'two', 'last']);
      const { status, stderr } = await ended;
      assert.deepEqual([status, stderr], [0, '']);
    });

    it("dies of a handler's exception, as with any emitter", async (t) => {
      const { connection, ended } = await invite(t, transport, 'throw');
      connection.sendUTF('the message');
      const { status, stderr } = await ended;
      assert.equal(status, 1);
      assert.match(stderr, /Error: from the handler of the message\n {4}at /);
    });

    it('that only loads the package ends by itself', async (t) => {
      const code = `require(${JSON.stringify(ROOT)}); console.log('loaded');`;
      const { status, stdout, stderr } = await run(t, ['-e', code]).ended;
      assert.deepEqual([status, stdout, stderr], [0, 'loaded\n', '']);
    });
  },
  PLAIN,
);

onEachTransport(
  'A worker thread',
  (transport) => {
    const options = (url) => ({
      workerData: ['busy', url, transport === 'stream' ? 'stream' : 'auto'],
    });

    it('has its own connections, which end with it', async (t) => {
      const server = await serve(t, { transport, config: { autoAcceptConnections: true } });
      server.wsServer.on('connect', (connection) => {
        connection.on('message', ({ utf8Data }) => utf8Data && connection.sendUTF(utf8Data));
      });
      for (let round = 0; round < 5; round++) {
        const { connections } = server.wsServer;
        const workers = [1, 2].map(() => new Worker(GUEST, options(server.url)));
        await until(() => connections.length === 2);
        const busy = connections.map((connection) => gather(connection, 'message', 500));
        const closes = connections.map((connection) => closing(connection));
        await Promise.all(busy);
        await Promise.all(workers.map((worker) => worker.terminate()));
        for (const [code] of await Promise.all(closes)) assert.equal(code, 1006);
      }
    });

    it('ends by itself when its connection does', async (t) => {
      const server = await serve(t, { transport, config: { autoAcceptConnections: true } });
      const connected = once(server.wsServer, 'connect');
      const workerData = ['listen', server.url, transport === 'stream' ? 'stream' : 'auto'];
      const worker = new Worker(GUEST, { workerData, stdout: true });
      const exited = once(worker, 'exit');
      const [connection] = await connected;
      connection.close(4001);
      assert.deepEqual(await exited, [0]);
    });
  },
  PLAIN,
);

onEachTransport(
  'The I/O threads',
  (transport) => {
    it('have names, and WEBSOCKET_NATIVE_THREADS sets their number', async (t) => {
      if (!fs.existsSync('/proc/self/task')) {
        t.skip('there is no /proc/self/task here');
        return;
      }
      const env = { WEBSOCKET_NATIVE_THREADS: '3' };
      const { child, connection, ended } = await invite(t, transport, 'listen', env);
      const names = () => ioThreads(child.pid);
      await until(() => names().length === 3);
      assert.deepEqual(names(), ['websocket-io-0', 'websocket-io-1', 'websocket-io-2']);
      connection.close();
      await ended;
    });
  },
  PLAIN.filter((transport) => transport === 'native'),
);
