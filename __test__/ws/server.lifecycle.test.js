'use strict';

// How a server starts, counts its clients and closes.

const assert = require('node:assert/strict');
const { EventEmitter, once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const { describe } = require('node:test');

const { it } = require('../support/connect');
const { until } = require('../support/events');
const { dial, handshake, listen, readHead } = require('../support/http');
const { same, thrownBy, wordsOf } = require('./support/sides');

const HOST = '127.0.0.1';
const ONE_MODE =
  'TypeError: One and only one of the "port", "server", or "noServer" options must be specified';

/** Records the events of a server's end and what the callbacks of close() get. */
function recordEnd(server) {
  const log = [];
  server.on('close', () => log.push(`'close' ${server._state}`));
  const close = (name) => server.close((error) => log.push(`${name} ${error && wordsOf(error)}`));
  return { log, close };
}

/** A server with a client. */
async function withClient(t, lib, options) {
  const { httpServer, port } = await listen(t);
  const server = new lib.WebSocketServer({ server: httpServer, ...options });
  const connected = once(server, 'connection');
  const socket = await dial(t, port, handshake());
  await readHead(socket);
  const [websocket, request] = await connected;
  return { httpServer, port, server, socket, websocket, request };
}

describe('The modes of WebSocketServer', () => {
  const WRONG = [
    ['no options', () => undefined],
    ['none', () => ({})],
    ['null', () => ({ port: null, server: null, noServer: false })],
    ['a port and a server', () => ({ port: 0, server: http.createServer() })],
    ['a port and noServer', () => ({ port: 0, noServer: true })],
    ['a server and noServer', () => ({ server: http.createServer(), noServer: true })],
  ];
  for (const [what, options] of WRONG) {
    it(`exclude one another: ${what}`, async () => {
      const thrown = await same((lib) => thrownBy(() => new lib.WebSocketServer(options())));
      assert.equal(thrown, ONE_MODE);
    });
  }

  it('need `new`', async () => {
    const thrown = await same((lib) => thrownBy(() => lib.WebSocketServer({ noServer: true })));
    assert.match(thrown, /cannot be invoked without 'new'/);
  });

  it('listen on a port, and call back', async (t) => {
    const seen = await same(async (lib) => {
      const log = [];
      const options = { port: 0, host: HOST, backlog: 2 };
      const server = new lib.WebSocketServer(options, () => log.push('callback'));
      t.after(() => server.close());
      const before = [server.address(), server._state, server.listenerCount('listening')];
      await once(server, 'listening');
      const { address, family, port } = server.address();
      return { before, log, address, family, isPort: port > 0, own: server._server.listening };
    });
    assert.deepEqual(seen, {
      before: [null, 0, 0],
      log: ['callback'],
      address: HOST,
      family: 'IPv4',
      isPort: true,
      own: true,
    });
  });

  it('report the error of an HTTP server', async (t) => {
    const words = await same(async (lib) => {
      const { port } = await listen(t);
      const server = new lib.WebSocketServer({ port, host: HOST });
      const [error] = await once(server, 'error');
      return error.code;
    });
    assert.equal(words, 'EADDRINUSE');
  });

  it('pass on the events of a given HTTP server', async () => {
    const seen = await same((lib) => {
      const httpServer = new EventEmitter();
      const server = new lib.WebSocketServer({ server: httpServer }, assert.fail);
      const log = [];
      server.on('listening', () => log.push('listening'));
      server.on('error', (error) => log.push(error.message));
      httpServer.emit('listening');
      httpServer.emit('error', new Error('mine'));
      return { log, same: server._server === httpServer, names: httpServer.eventNames() };
    });
    assert.deepEqual(seen, {
      log: ['listening', 'mine'],
      same: true,
      names: ['listening', 'error', 'upgrade'],
    });
  });

  it('have no address without an HTTP server', async () => {
    const thrown = await same((lib) =>
      thrownBy(() => new lib.WebSocketServer({ noServer: true }).address()),
    );
    assert.equal(thrown, 'Error: The server is operating in "noServer" mode');
  });

  it('have the path of a Unix domain socket', { skip: process.platform === 'win32' }, async (t) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-'));
    t.after(() => fs.rmSync(folder, { recursive: true }));
    const file = path.join(folder, 's');
    const address = await same(async (lib) => {
      const httpServer = http.createServer().listen(file);
      const server = new lib.WebSocketServer({ server: httpServer });
      await once(server, 'listening');
      const address = server.address();
      httpServer.close();
      await once(httpServer, 'close');
      return address;
    });
    assert.equal(address, file);
  });

  it('have the fields that applications read', async () => {
    await same((lib) =>
      [{ noServer: true }, { noServer: true, clientTracking: false }, { server: new http.Server() }]
        .map((options) => new lib.WebSocketServer(options))
        .map((server) => [
          Object.keys(server).filter((name) => !name.startsWith('_events')),
          typeof server._removeListeners,
          server._shouldEmitClose,
        ]),
    );
  });
});

describe('The clients of WebSocketServer', () => {
  it('are those that are open', async (t) => {
    const sizes = await same(async (lib) => {
      const { server, socket, websocket } = await withClient(t, lib);
      const before = [server.clients.size, server.clients.has(websocket)];
      websocket.on('close', () => before.push(`'close' ${server.clients.size}`));
      socket.destroy();
      await once(websocket, 'close');
      return [...before, server.clients.size];
    });
    assert.deepEqual(sizes, [1, true, "'close' 0", 0]);
  });

  it('are not tracked if they should not be', async (t) => {
    const clients = await same(async (lib) => {
      const { server } = await withClient(t, lib, { clientTracking: false });
      return server.clients;
    });
    assert.equal(clients, undefined);
  });

  it("come with their request in 'connection'", async (t) => {
    const seen = await same(async (lib) => {
      const { request, websocket } = await withClient(t, lib);
      return [request.url, websocket instanceof lib.WebSocket, websocket.readyState];
    });
    assert.deepEqual(seen, ['/', true, 1]);
  });
});

describe('close() of WebSocketServer', () => {
  it('waits for the last client of a given HTTP server', async (t) => {
    const { before, log, isListening } = await same(async (lib) => {
      const { httpServer, server, socket, websocket } = await withClient(t, lib);
      const { log, close } = recordEnd(server);
      close('callback');
      await new Promise(setImmediate);
      const before = [server._state, server._server, websocket.readyState, [...log]];
      socket.destroy();
      await once(server, 'close');
      return { before, log, isListening: httpServer.listening };
    });
    assert.deepEqual(before, [1, null, 1, []]);
    assert.deepEqual(log, ["'close' 2", 'callback undefined']);
    assert.equal(isListening, true);
  });

  it('stops listening to a given HTTP server', async () => {
    const names = await same(async (lib) => {
      const httpServer = new http.Server();
      const before = httpServer.eventNames();
      const server = new lib.WebSocketServer({ server: httpServer });
      server.close();
      const after = httpServer.eventNames();
      await once(server, 'close');
      return [before, after, server._removeListeners];
    });
    assert.deepEqual(names[0], names[1]);
  });

  for (const [what, options] of [
    ['no clients', {}],
    ['untracked clients', { clientTracking: false }],
  ]) {
    it(`ends in the next tick with ${what}`, async () => {
      const log = await same(async (lib) => {
        const server = new lib.WebSocketServer({ noServer: true, ...options });
        const { log, close } = recordEnd(server);
        close('callback');
        log.push('returned');
        process.nextTick(() => log.push('tick'));
        await new Promise(setImmediate);
        return log;
      });
      assert.deepEqual(log, ['returned', "'close' 2", 'callback undefined', 'tick']);
    });
  }

  it('may be called again', async () => {
    const log = await same(async (lib) => {
      const server = new lib.WebSocketServer({ noServer: true });
      const { log, close } = recordEnd(server);
      close('first');
      close('second');
      await new Promise(setImmediate);
      close('third');
      log.push('returned');
      await new Promise(setImmediate);
      return log;
    });
    assert.deepEqual(log, [
      ...["'close' 2", 'first undefined', 'second undefined'],
      'returned',
      ...["'close' 2", 'third Error: The server is not running'],
    ]);
  });

  it('closes its own HTTP server', async (t) => {
    const { states, log } = await same(async (lib) => {
      const server = new lib.WebSocketServer({ port: 0, host: HOST });
      await once(server, 'listening');
      const socket = await dial(t, server.address().port, handshake());
      await readHead(socket);
      await until(() => server.clients.size === 1);
      const { log, close } = recordEnd(server);
      const httpServer = server._server;
      close('callback');
      const states = [httpServer.listening, server._server, server._state];
      socket.destroy();
      await once(server, 'close');
      return { states, log };
    });
    assert.deepEqual(states, [false, null, 1]);
    assert.deepEqual(log, ["'close' 2", 'callback undefined']);
  });

  it('closes an HTTP server that does not listen yet', async () => {
    const log = await same(async (lib) => {
      const server = new lib.WebSocketServer({ port: 0, host: HOST });
      const { log, close } = recordEnd(server);
      close('callback');
      await once(server, 'close');
      return log;
    });
    assert.deepEqual(log, ["'close' 2", 'callback undefined']);
  });
});
