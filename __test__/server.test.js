'use strict';

const assert = require('node:assert/strict');
const { EventEmitter, once } = require('node:events');
const { describe, it } = require('node:test');
const util = require('node:util');

const ours = require('..');
const upstream = require('websocket');
const { dial, handshake, headerOf, listen, readHead } = require('./support/http');
const { LONG_TEXTS } = require('./support/texts');

/** An open connection to `port`, from a client of this package. */
async function connect(t, port, protocols) {
  const connection = await new ours.client().connect(`ws://127.0.0.1:${port}/`, protocols);
  t.after(() => connection.drop());
  return connection;
}

function messageOf(connection) {
  return once(connection, 'message').then(([message]) => message);
}

describe('WebSocketServer: construction', () => {
  it('has the defaults of npm websocket', () => {
    const httpServer = new EventEmitter();
    const theirs = new upstream.server({ httpServer });
    const mine = new ours.server({ httpServer });
    assert.deepEqual(mine.config, theirs.config);
    assert.deepEqual([mine.connections, mine.pendingRequests], [[], []]);
  });

  it('throws as npm websocket does without an HTTP server', () => {
    for (const lib of [ours, upstream]) {
      assert.throws(() => new lib.server({}), {
        message: 'You must specify an httpServer on which to mount the WebSocket server.',
      });
    }
  });

  it('mounts later if it is given no configuration', () => {
    const httpServer = new EventEmitter();
    const server = new ours.server();
    assert.equal(server.config, undefined);
    server.mount({ httpServer });
    assert.equal(httpServer.listenerCount('upgrade'), 1);
  });

  it('does not change the given configuration', () => {
    const config = { httpServer: new EventEmitter() };
    new ours.server(config);
    assert.deepEqual(Object.keys(config), ['httpServer']);
    assert.equal(Array.isArray(config.httpServer), false);
  });

  for (const [name, lib] of Object.entries({ ours, upstream })) {
    it(`can be inherited from in the old way (${name})`, async (t) => {
      function Old(config) {
        lib.server.call(this, config);
        this.mine = true;
      }
      util.inherits(Old, lib.server);
      Old.prototype.handleRequestAccepted = function handleRequestAccepted(connection) {
        this.accepted = connection;
        lib.server.prototype.handleRequestAccepted.call(this, connection);
      };

      const { httpServer, port } = await listen(t);
      const server = new Old({ httpServer, autoAcceptConnections: true });
      assert.ok(server instanceof lib.server && server instanceof EventEmitter);
      const connected = once(server, 'connect');
      await dial(t, port, handshake());
      const [connection] = await connected;
      assert.equal(server.accepted, connection);
      assert.equal(server.mine, true);
    });
  }

  it('can be inherited from by class', () => {
    class Derived extends ours.server {}
    const server = new Derived({ httpServer: new EventEmitter() });
    assert.ok(server instanceof Derived && server instanceof ours.server);
  });

  it('calls the methods that a prototype overrides, as npm websocket does', () => {
    for (const lib of [ours, upstream]) {
      const calls = [];
      class Loud extends lib.server {
        broadcastUTF(data) {
          calls.push(['utf', data]);
        }
        broadcastBytes(data) {
          calls.push(['bytes', data]);
        }
      }
      const server = new Loud();
      const bytes = Buffer.from('b');
      server.broadcast('a');
      server.broadcast(bytes);
      server.broadcast(7);
      assert.deepEqual(calls, [
        ['utf', 'a'],
        ['bytes', bytes],
        ['utf', 7],
      ]);
    }
  });
});

for (const transport of ['auto', 'stream']) {
  describe(`WebSocketServer: requests, transport ${transport}`, () => {
    it('emits in the order of npm websocket', async (t) => {
      const trace = async (lib) => {
        const { httpServer, port } = await listen(t);
        const server = new lib.server({ httpServer, transport });
        const events = [];
        server.on('request', (request) => {
          events.push(`request ${server.pendingRequests.length}`);
          for (const name of ['requestResolved', 'requestAccepted']) {
            request.on(name, () => events.push(`${name} ${server.pendingRequests.length}`));
          }
          request.accept();
          events.push('accepted');
        });
        server.on('connect', (connection) => {
          events.push(`connect ${server.connections.includes(connection)}`);
          connection.on('close', () =>
            events.push(`connection close ${server.connections.length}`),
          );
        });
        const ended = new Promise((resolve) => {
          server.on('close', (connection, code, description) => {
            events.push(`close ${code} ${description} ${server.connections.includes(connection)}`);
            resolve();
          });
        });
        const client = await connect(t, port);
        client.close(1001, 'bye');
        await ended;
        return events;
      };
      const events = await trace(ours);
      assert.deepEqual(events, await trace(upstream));
      assert.equal(events.at(-1), 'connection close 0');
    });

    it('accepts by itself with autoAcceptConnections, with and without request listeners', async (t) => {
      const { httpServer, port } = await listen(t);
      const server = new ours.server({ httpServer, autoAcceptConnections: true, transport });
      server.on('request', () => assert.fail('no request is emitted'));
      const connected = once(server, 'connect');
      const client = await connect(t, port, ['One', 'two']);
      const [connection] = await connected;
      assert.equal(client.protocol, 'One');
      assert.equal(connection.protocol, 'one');
    });

    it('rejects with 404 without a listener', async (t) => {
      const { httpServer, port } = await listen(t);
      new ours.server({ httpServer, transport });
      const answer = await readHead(await dial(t, port, handshake()));
      assert.equal(answer.status, 404);
      assert.equal(
        headerOf(answer, 'X-WebSocket-Reject-Reason'),
        'No handler is configured to accept the connection.',
      );
    });

    it('survives invalid subprotocols with autoAcceptConnections', async (t) => {
      const { httpServer, port } = await listen(t);
      const server = new ours.server({ httpServer, autoAcceptConnections: true, transport });
      for (const [protocol, status] of [
        ['__proto__', 101],
        ['constructor', 101],
        ['a@b', 400],
      ]) {
        const headers = { 'Sec-WebSocket-Protocol': protocol };
        const refused = status === 101 ? null : once(server, 'upgradeError');
        const answer = await readHead(await dial(t, port, handshake(headers)));
        assert.equal(answer.status, status, protocol);
        await refused;
      }
      assert.equal(server.connections.length, 2);
      assert.deepEqual(server.pendingRequests, []);
    });

    it('drops a request whose client has gone', async (t) => {
      const { httpServer, port } = await listen(t);
      const server = new ours.server({ httpServer, transport });
      const asked = once(server, 'request');
      const socket = await dial(t, port, handshake());
      const [request] = await asked;
      assert.deepEqual(server.pendingRequests, [request]);
      const gone = new Promise((resolve) => request.socket.once('close', resolve));
      socket.resetAndDestroy();
      await gone;
      assert.deepEqual(server.pendingRequests, []);
    });

    it('keeps no listener on the socket of an accepted request', async (t) => {
      const counts = async (lib) => {
        const { httpServer, port } = await listen(t);
        const server = new lib.server({ httpServer, autoAcceptConnections: true, transport });
        const connected = once(server, 'connect');
        await connect(t, port);
        const [connection] = await connected;
        await new Promise((resolve) => setImmediate(resolve));
        return connection.socket.listeners('close').length;
      };
      assert.ok((await counts(ours)) < (await counts(upstream)));
    });

    it('serves several HTTP servers until it is unmounted', async (t) => {
      const first = await listen(t);
      const second = await listen(t);
      const httpServer = [first.httpServer, second.httpServer];
      const server = new ours.server({ httpServer, autoAcceptConnections: true, transport });
      for (const { port } of [first, second]) {
        const connected = once(server, 'connect');
        await connect(t, port);
        await connected;
      }
      assert.equal(server.connections.length, 2);
      server.unmount();
      for (const one of httpServer) assert.equal(one.listenerCount('upgrade'), 0);
      assert.equal(server.connections.length, 2);
    });
  });

  describe(`WebSocketServer: connections, transport ${transport}`, () => {
    it('keeps them in the order in which they came', async (t) => {
      const { httpServer, port } = await listen(t);
      const server = new ours.server({ httpServer, autoAcceptConnections: true, transport });
      const clients = [];
      for (let i = 0; i < 4; i++) {
        const connected = once(server, 'connect');
        clients.push(await connect(t, port));
        await connected;
      }
      const [a, b, c, d] = server.connections;
      const list = server.connections;
      for (const [client, rest] of [
        [clients[1], [a, c, d]],
        [clients[3], [a, c]],
        [clients[0], [c]],
      ]) {
        const closed = once(server, 'close');
        client.close();
        await closed;
        assert.deepEqual(server.connections, rest);
      }
      assert.equal(server.connections, list);
      assert.equal(b.connected, false);
    });

    it('broadcasts to all of them', async (t) => {
      const { httpServer, port } = await listen(t);
      const server = new ours.server({ httpServer, autoAcceptConnections: true, transport });
      const clients = [];
      for (let i = 0; i < 3; i++) {
        const connected = once(server, 'connect');
        clients.push(await connect(t, port));
        await connected;
      }
      for (const [send, expected] of [
        [() => server.broadcast('text'), { type: 'utf8', utf8Data: 'text' }],
        [() => server.broadcastUTF(7), { type: 'utf8', utf8Data: '7' }],
        ...LONG_TEXTS.map((text) => [
          () => server.broadcastUTF(text),
          { type: 'utf8', utf8Data: `${Buffer.from(text)}` },
        ]),
        [
          () => server.broadcast(Buffer.from('b')),
          { type: 'binary', binaryData: Buffer.from('b') },
        ],
      ]) {
        const messages = Promise.all(clients.map(messageOf));
        send();
        for (const message of await messages) assert.deepEqual(message, expected);
      }
    });

    it('closes all of them and rejects pending requests', async (t) => {
      const { httpServer, port } = await listen(t);
      const server = new ours.server({ httpServer, transport });
      const requests = [];
      const asked = new Promise((resolve) => {
        server.on('request', (request) => {
          if (requests.push(request) === 1) request.accept();
          if (requests.length === 3) resolve();
        });
      });
      const client = await connect(t, port);
      const waiting = await dial(t, port, handshake());
      await dial(t, port, handshake());
      await asked;

      const closed = once(client, 'close');
      server.closeAllConnections();
      // The application settles this request before the server refuses it.
      requests[2].reject(429);
      const answer = await readHead(waiting);
      assert.equal(answer.status, 503);
      assert.deepEqual(await closed, [1000, 'Normal connection closure']);
      assert.equal(httpServer.listenerCount('upgrade'), 1);
    });

    it('shuts down: closes and unmounts', async (t) => {
      const { httpServer, port } = await listen(t);
      const server = new ours.server({ httpServer, autoAcceptConnections: true, transport });
      const client = await connect(t, port);
      const closed = once(client, 'close');
      server.shutDown();
      assert.equal((await closed)[0], 1000);
      assert.equal(httpServer.listenerCount('upgrade'), 0);
    });
  });
}
