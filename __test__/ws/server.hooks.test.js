'use strict';

// Hooks of an upgrade, and methods that an application replaces.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const https = require('node:https');
const { describe } = require('node:test');
const tls = require('node:tls');

const { authority, credentials, it } = require('../support/connect');
const { dial, handshake, headerOf, listen, readHead } = require('../support/http');
const { until } = require('../support/events');
const { readToEnd, same, thrownBy } = require('./support/sides');
const { HEAD, madeUp, upgrade } = require('./support/upgrade');

const PROTOCOLS = 'Sec-WebSocket-Protocol';

describe('verifyClient', () => {
  for (const [version, name] of [
    ['13', 'Origin'],
    ['8', 'Sec-WebSocket-Origin'],
  ]) {
    it(`gets the origin, and whether TLS protects it, in version ${version}`, async (t) => {
      const seen = await same(async (lib) => {
        const clients = [];
        const verifyClient = (client) => clients.push({ ...client, req: client.req.url });
        const headers = { 'Sec-WebSocket-Version': version, [name]: 'http://example.com' };
        const { status } = await upgrade(t, lib, { options: { verifyClient }, headers });
        return [status, ...clients];
      });
      assert.deepEqual(seen, [101, { origin: 'http://example.com', secure: false, req: '/' }]);
    });
  }

  it('learns of TLS', async (t) => {
    const secure = await same(async (lib) => {
      const httpServer = https.createServer(credentials());
      const { port } = await listen(t, httpServer);
      let client;
      const verifyClient = (info) => {
        client = info;
        return true;
      };
      new lib.WebSocketServer({ server: httpServer, verifyClient });
      const socket = tls.connect({ port, host: '127.0.0.1', ca: authority() });
      t.after(() => socket.destroy());
      socket.write(handshake());
      await readHead(socket);
      return client.secure;
    });
    assert.equal(secure, true);
  });

  it('is synchronous unless it takes two parameters', async (t) => {
    const shapes = [
      () => true,
      (..._all) => true,
      (_client, _decide, _third) => true,
      (_client, decide) => decide(true),
      // With one parameter, only the result counts.
      (_client) => undefined,
    ];
    const statuses = await same((lib) =>
      Promise.all(
        shapes.map(async (verifyClient) => {
          const { status } = await upgrade(t, lib, { options: { verifyClient } });
          return status;
        }),
      ),
    );
    assert.deepEqual(statuses, [101, 101, 101, 101, 401]);
  });

  it('belongs to the options', async (t) => {
    await same((lib) => {
      const options = {
        verifyClient(_client) {
          return this.mine === 1;
        },
        mine: 1,
      };
      return upgrade(t, lib, { options }).then(({ status }) => status);
    });
  });

  it('may decide after the client has gone', async (t) => {
    const [connections, isDestroyed] = await same(async (lib) => {
      const { httpServer, port } = await listen(t);
      let decideLater;
      let accepted;
      const verifyClient = (client, decide) => {
        decideLater = decide;
        accepted = client.req.socket;
      };
      const server = new lib.WebSocketServer({ server: httpServer, verifyClient });
      const connections = [];
      server.on('connection', () => connections.push(1));
      const socket = await dial(t, port, handshake());
      await until(() => decideLater);
      socket.end();
      accepted.resume();
      await once(accepted, 'end');
      decideLater(true);
      return [connections.length, accepted.destroyed, await readToEnd(socket)];
    });
    assert.equal(connections, 0);
    assert.equal(isDestroyed, true);
  });
});

describe('handleProtocols', () => {
  /** Columns: a name, the result, and the header of the answer. */
  const CHOICES = [
    ['one of those', 'b', 'b'],
    ['any text', 'mine', 'mine'],
    ['nothing', undefined, undefined],
    ['false', false, undefined],
    ['an empty text', '', undefined],
  ];
  for (const [what, choice, header] of CHOICES) {
    it(`answers with ${what}`, async (t) => {
      const seen = await same(async (lib) => {
        const calls = [];
        const handleProtocols = (protocols, request) => {
          calls.push([protocols, request.url]);
          return choice;
        };
        let websocket;
        const { sent } = await upgrade(t, lib, {
          options: { handleProtocols },
          headers: { [PROTOCOLS]: 'a, b' },
          prepare: (server) => server.on('connection', (opened) => (websocket = opened)),
        });
        return { header: headerOf({ headers: sent }, PROTOCOLS), calls, is: websocket.protocol };
      });
      assert.deepEqual(seen.header, header);
      assert.deepEqual(seen.calls, [[new Set(['a', 'b']), '/']]);
      assert.equal(seen.is, header ?? '');
    });
  }

  it('is not called if the client offers none', async (t) => {
    const status = await same(async (lib) => {
      const options = { handleProtocols: assert.fail };
      return (await upgrade(t, lib, { options })).status;
    });
    assert.equal(status, 101);
  });
});

describe('The methods of a server', () => {
  it('are looked up on the instance for each upgrade', async (t) => {
    const seen = await same(async (lib) => {
      const log = [];
      const { status } = await upgrade(t, lib, {
        prepare(server) {
          for (const name of ['handleUpgrade', 'shouldHandle', 'completeUpgrade']) {
            const method = server[name];
            server[name] = (...args) => {
              log.push([name, args.length]);
              return method.apply(server, args);
            };
          }
        },
      });
      return { status, log };
    });
    assert.equal(seen.status, 101);
    assert.deepEqual(seen.log, [
      ['handleUpgrade', 4],
      ['shouldHandle', 1],
      ['completeUpgrade', 7],
    ]);
  });

  it('compare the path with the URL up to its query', async () => {
    const handled = await same((lib) => {
      const server = new lib.WebSocketServer({ noServer: true, path: '/a' });
      return ['/a', '/a?b', '/a/', '/', '/a?b?c', '/A', '/a#c'].map((url) =>
        server.shouldHandle({ url }),
      );
    });
    assert.deepEqual(handled, [true, true, false, false, true, false, false]);
  });

  it('upgrade synchronously', async () => {
    const log = await same((lib) => {
      const log = [];
      const server = new lib.WebSocketServer({ noServer: true });
      server.on('headers', (lines, asked) => log.push('headers', lines.length, asked === request));
      const { request, socket, written } = madeUp();
      server.handleUpgrade(request, socket, HEAD, (websocket, asked) => {
        log.push('callback', websocket.readyState, asked === request);
        log.push(server.clients.has(websocket), socket.listenerCount('error'));
      });
      log.push('returned', written.join(''));
      return log;
    });
    assert.deepEqual(log.slice(0, -1), [
      ...['headers', 4, true],
      ...['callback', 1, true],
      ...[true, 1],
      'returned',
    ]);
  });

  it("send what a listener for 'headers' has made of them", async (t) => {
    const { sent } = await same(async (lib) => {
      const { status, sent } = await upgrade(t, lib, {
        prepare(server) {
          server.on('headers', (lines) => {
            lines.push('Set-Cookie: a=1');
            lines[3] = 'X-Mine: 1';
          });
        },
      });
      return { status, sent };
    });
    assert.deepEqual(sent.slice(2), [
      ['X-Mine', '1'],
      ['Set-Cookie', 'a=1'],
    ]);
  });

  it('destroy a socket that fails before it is upgraded', async () => {
    const isDestroyed = await same(async (lib) => {
      const server = new lib.WebSocketServer({ noServer: true, verifyClient: (_a, _b) => {} });
      const { request, socket } = madeUp();
      server.handleUpgrade(request, socket, HEAD, assert.fail);
      socket.emit('error', new Error('reset'));
      return socket.destroyed;
    });
    assert.equal(isDestroyed, true);
  });

  it('destroy a socket that has ended', async () => {
    const seen = await same((lib) => {
      const server = new lib.WebSocketServer({ noServer: true });
      const { request, socket, written } = madeUp({ writable: false });
      server.handleUpgrade(request, socket, HEAD, assert.fail);
      return [socket.destroyed, written];
    });
    assert.deepEqual(seen, [true, []]);
  });

  it('destroy a refused socket once the answer is written', async () => {
    await same(async (lib) => {
      const server = new lib.WebSocketServer({ noServer: true, path: '/other' });
      const { request, socket, written } = madeUp();
      server.handleUpgrade(request, socket, HEAD, assert.fail);
      const before = socket.destroyed;
      await once(socket, 'close');
      return [before, written];
    });
  });

  it('refuse a socket that was used before', async (t) => {
    const thrown = await same((lib) => {
      const server = new lib.WebSocketServer({ noServer: true });
      const { request, socket } = madeUp();
      t.after(() => socket.destroy());
      server.handleUpgrade(request, socket, HEAD, () => {});
      return thrownBy(() => server.handleUpgrade(request, socket, HEAD, assert.fail));
    });
    assert.equal(
      thrown,
      'Error: server.handleUpgrade() was called more than once with the same socket, possibly due to a misconfiguration',
    );
  });

  it('refuse the second of two servers for one HTTP server', async (t) => {
    const thrown = await same(async (lib) => {
      const { httpServer, port } = await listen(t);
      const upgraded = once(httpServer, 'upgrade');
      new lib.WebSocketServer({ server: httpServer });
      const second = new lib.WebSocketServer({ noServer: true });
      const socket = await dial(t, port, handshake());
      const [request, accepted, head] = await upgraded;
      await readHead(socket);
      return thrownBy(() => second.handleUpgrade(request, accepted, head, assert.fail));
    });
    assert.match(thrown, /more than once/);
  });

  it('answer 503 once the server closes', async (t) => {
    const answer = await same(async (lib) => {
      const { httpServer, port } = await listen(t);
      let decideLater;
      const verifyClient = (_client, decide) => {
        decideLater = decide;
      };
      const server = new lib.WebSocketServer({ server: httpServer, verifyClient });
      const socket = await dial(t, port, handshake());
      await until(() => decideLater);
      server.close();
      decideLater(true);
      return readToEnd(socket);
    });
    assert.match(answer, /^HTTP\/1\.1 503 .*\r\n\r\nService Unavailable$/s);
  });
});
