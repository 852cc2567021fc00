'use strict';

const assert = require('node:assert/strict');
const { EventEmitter, once } = require('node:events');
const http = require('node:http');
const https = require('node:https');
const { describe, it } = require('node:test');
const url = require('node:url');
const util = require('node:util');

const ours = require('..');
const upstream = require('websocket');
const native = require('../lib/internal/engine/native');
const { selfSigned } = require('./parity/harness/certificate');
const { SWITCHING, acceptLine, listen, listenRaw } = require('./support/http');

const LIBS = { ours, upstream };

/** An accepting server of this package, and its requests. */
async function serve(t, onRequest = (request) => request.accept(request.requestedProtocols[0])) {
  const { httpServer, port, url } = await listen(t);
  const server = new ours.server({ httpServer });
  server.on('request', onRequest);
  return { server, port, url };
}

/** Every event of a client up to its first outcome. */
function outcome(client) {
  return new Promise((resolve) => {
    client.on('connect', (connection) => resolve({ connection }));
    client.on('connectFailed', (error) => resolve({ error }));
  });
}

/** The same for a new client of `lib` and one call of connect(). */
function attempt(t, lib, args, config) {
  const client = new lib.client(config);
  const result = outcome(client);
  client.connect(...args);
  return result.then((end) => {
    if (end.connection) t.after(() => end.connection.drop());
    return { ...end, client };
  });
}

/** The message of the error that connect() throws. Both packages must agree. */
function fault(...args) {
  const messages = Object.values(LIBS).map((lib) => {
    try {
      new lib.client().connect(...args);
      return null;
    } catch (error) {
      return error.message;
    }
  });
  assert.equal(messages[0], messages[1]);
  return messages[0];
}

describe('WebSocketClient: construction', () => {
  it('has the defaults of npm websocket', () => {
    assert.deepEqual(new ours.client().config, new upstream.client().config);
  });

  it('refuses versions other than 8 and 13, as npm websocket does', () => {
    for (const lib of Object.values(LIBS)) {
      assert.throws(() => new lib.client({ webSocketVersion: 7 }), {
        message: 'Requested webSocketVersion is not supported. Allowed values are 8 and 13.',
      });
      assert.equal(new lib.client({ webSocketVersion: 8 }).config.webSocketVersion, 8);
    }
  });

  it('does not change the given configuration', () => {
    const config = { tlsOptions: { rejectUnauthorized: false } };
    const client = new ours.client(config);
    assert.deepEqual(config, { tlsOptions: { rejectUnauthorized: false } });
    assert.deepEqual(client.config.tlsOptions, { rejectUnauthorized: false });
    new upstream.client(config);
    assert.deepEqual(config, {});
  });

  it('cannot have its prototype replaced by a configuration', () => {
    const client = new ours.client(JSON.parse('{ "__proto__": { "keepalive": true } }'));
    assert.equal(client.config.keepalive, undefined);
  });

  for (const [name, lib] of Object.entries(LIBS)) {
    it(`can be inherited from in the old way (${name})`, () => {
      function Old(config) {
        lib.client.call(this, config);
      }
      util.inherits(Old, lib.client);
      const client = new Old({ closeTimeout: 7 });
      assert.ok(client instanceof lib.client && client instanceof EventEmitter);
      assert.equal(client.config.closeTimeout, 7);
    });
  }
});

describe('WebSocketClient: calls that connect() refuses', () => {
  it('throws as npm websocket does', () => {
    assert.ok(fault('localhost'));
    assert.ok(fault('/path'));
    assert.ok(fault('ws:'));
    assert.ok(fault('ws:///path'));
    assert.ok(fault('ws://localhost:1', 'a b'));
    assert.ok(fault('ws://localhost:1', ['ok', 'not,ok']));
    assert.ok(fault('ws://localhost:1', 'caf\u00e9'));
    assert.ok(fault('ws://localhost:1', null, 'http://a\r\nX: y'));
    assert.ok(fault('ws://localhost:1', null, null, { 'X-A': 'b\r\nX: y' }));
  });
});

describe('WebSocketClient: the request', () => {
  /** The request of a client of `lib`, by connect()'s arguments without the URL. */
  async function requestOf(t, lib, { path = '', config, credentials = '' }, ...args) {
    const seen = deferred();
    const { port } = await serve(t, (request) => {
      const { method, url, headers } = request.httpRequest;
      const { host, 'sec-websocket-key': key, ...rest } = headers;
      assert.equal(Buffer.from(key, 'base64').length, 16);
      seen.resolve({ method, url, host: host.replace(`${port}`, 'PORT'), headers: rest });
      request.reject(400);
    });
    await attempt(t, lib, [`ws://${credentials}127.0.0.1:${port}${path}`, ...args], config);
    return seen.promise;
  }

  function deferred() {
    const result = {};
    result.promise = new Promise((resolve) => {
      result.resolve = resolve;
    });
    return result;
  }

  for (const [what, options, ...args] of [
    ['nothing but a URL', {}],
    ['a path with a query', { path: '/a/b?c=d#e' }],
    ['a query without a path', { path: '?c=d' }],
    ['a subprotocol', {}, 'chat'],
    ['subprotocols', {}, ['chat', 'Other']],
    ['an empty subprotocol', {}, ''],
    ['an origin', {}, null, 'http://example.com'],
    ['headers', {}, null, null, { 'X-A': 'b', Host: 'example.com', Cookie: 'a=b' }],
    ['headers of its own', {}, null, null, { Upgrade: 'x', 'sec-websocket-version': '1' }],
    ['version 8', { config: { webSocketVersion: 8 } }, null, 'http://example.com'],
    ['request options', {}, null, null, null, { auth: 'u:p', path: '/no', method: 'POST' }],
    ['TLS options it has no use for', { config: { tlsOptions: { headers: { 'X-A': 'b' } } } }],
  ]) {
    it(`equals that of npm websocket, given ${what}`, async (t) => {
      const request = await requestOf(t, ours, options, ...args);
      assert.deepEqual(request, await requestOf(t, upstream, options, ...args));
    });
  }

  it('takes credentials from the URL', async (t) => {
    const authorization = async (lib, ...args) =>
      (await requestOf(t, lib, { credentials: 'user:p%40ss@' }, ...args)).headers.authorization;
    const basic = (text) => `Basic ${Buffer.from(text).toString('base64')}`;
    assert.equal(await authorization(ours), basic('user:p@ss'));
    assert.equal(await authorization(upstream), undefined);
    const headers = { authorization: 'Bearer x' };
    assert.equal(await authorization(ours, null, null, headers), 'Bearer x');
    const own = await authorization(ours, null, null, null, { auth: 'a:b' });
    assert.equal(own, basic('a:b'));
  });

  it('takes parsed URLs, of both kinds', async (t) => {
    const paths = [];
    const { url: base } = await serve(t, (request) => {
      paths.push(request.resource);
      request.reject(400);
    });
    await attempt(t, ours, [url.parse(`${base}a?b`)]);
    await attempt(t, upstream, [url.parse(`${base}a?b`)]);
    await attempt(t, ours, [new URL(`${base}a?b`)]);
    assert.deepEqual(paths, ['/a?b', '/a?b', '/a?b']);
  });

  it('brackets an IPv6 address in Host', () => {
    const { requestOptionsFor, resolveUrl } = require('../lib/internal/handshake/clientRequest');
    const hostFor = (text) => {
      const target = { url: resolveUrl(text), secure: false, protocols: [], base64nonce: 'x' };
      return requestOptionsFor(target, new ours.client().config).headers.Host;
    };
    assert.equal(hostFor('ws://[::1]:8080/'), '[::1]:8080');
    assert.equal(hostFor('ws://[::1]/'), '[::1]');
    assert.equal(hostFor('ws://example.com:80/'), 'example.com');
    assert.equal(hostFor('wss://example.com:80/'), 'example.com:80');
  });

  it('uses a new nonce every time', () => {
    const nonces = new Set(Array.from({ length: 100 }, () => native.handshakeKey()));
    assert.equal(nonces.size, 100);
  });
});

describe('WebSocketClient: answers that fail', () => {
  const reply = (answer) => (socket, head) => {
    socket.end(typeof answer === 'function' ? answer(head) : answer);
  };
  const accepting = (head) => acceptLine(head, native);

  for (const [what, answer, protocols] of [
    ['a plain answer', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi'],
    ['a refusal', 'HTTP/1.1 401 Go Away\r\nX-A: b\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\n'],
    ['101 without an upgrade', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
    ['no Sec-WebSocket-Accept', `${SWITCHING}\r\n`],
    ['no subprotocol', (head) => `${SWITCHING}${accepting(head)}\r\n`, ['chat']],
    [
      'a subprotocol that was not requested',
      (head) => `${SWITCHING}${accepting(head)}Sec-WebSocket-Protocol: other\r\n\r\n`,
      ['chat'],
    ],
    [
      'an upgrade to something else',
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n',
    ],
    ['no HTTP', 'hello\r\n\r\n'],
    ['nothing', ''],
  ]) {
    it(`fails as npm websocket does, given ${what}`, async (t) => {
      const { url } = await listenRaw(t, reply(answer));
      const [mine, theirs] = await Promise.all(
        Object.values(LIBS).map(async (lib) => {
          const { error } = await attempt(t, lib, [url, protocols]);
          return { message: error.message, code: error.code };
        }),
      );
      assert.ok(mine.message);
      assert.deepEqual(mine, theirs);
    });
  }

  it('names the Sec-WebSocket-Accept that it expected', async (t) => {
    const { url } = await listenRaw(t, reply(`${SWITCHING}Sec-WebSocket-Accept: x\r\n\r\n`));
    for (const lib of Object.values(LIBS)) {
      const { error, client } = await attempt(t, lib, [url]);
      const expected = native.acceptKey(client.base64nonce);
      assert.equal(
        error.message,
        `Sec-WebSocket-Accept header from server didn't match expected value of ${expected}`,
      );
    }
  });

  it('fails as npm websocket does without a server', async (t) => {
    const { httpServer, url } = await listen(t);
    httpServer.close();
    await once(httpServer, 'close');
    for (const lib of Object.values(LIBS)) {
      const { error } = await attempt(t, lib, [url]);
      assert.equal(error.code, 'ECONNREFUSED');
    }
  });

  it('accepts Connection: keep-alive, Upgrade', async (t) => {
    const answer = (head) =>
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\n` +
      `Connection: keep-alive, Upgrade\r\n${accepting(head)}\r\n`;
    const { url } = await listenRaw(t, (socket, head) => socket.write(answer(head)));
    assert.ok((await attempt(t, ours, [url])).connection);
    const { error } = await attempt(t, upstream, [url]);
    assert.equal(error.message, 'Expected a Connection: Upgrade header from the server');
  });

  it('closes the socket of a refused answer, whatever the server does', async (t) => {
    const sockets = [];
    const { url } = await listenRaw(t, (socket) => {
      sockets.push(socket);
      socket.write(sockets.length === 1 ? `${SWITCHING}\r\n` : 'HTTP/1.1 200 OK\r\n\r\nmore');
    });
    for (let i = 0; i < 2; i++) {
      const { client } = await attempt(t, ours, [url], { closeTimeout: 20 });
      const gone = new Promise((resolve) => sockets[i].once('close', resolve));
      if (client.socket) await new Promise((resolve) => client.socket.once('close', resolve));
      sockets[i].resume();
      await gone;
    }
  });
});

describe('WebSocketClient: httpResponse', () => {
  it('gives a plain answer to the listener, without another event', async (t) => {
    const { port, url } = await listen(t).then(({ httpServer, ...rest }) => {
      httpServer.on('upgrade', (_request, socket) => {
        socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nbody');
      });
      return rest;
    });
    assert.ok(port);
    for (const lib of Object.values(LIBS)) {
      const client = new lib.client();
      client.on('connectFailed', () => assert.fail('it has been handled'));
      const answered = once(client, 'httpResponse');
      client.connect(url);
      const [response, same] = await answered;
      assert.equal(same, client);
      assert.equal(response.statusCode, 404);
      let body = '';
      for await (const chunk of response) body += chunk;
      assert.equal(body, 'body');
    }
  });

  it('rejects the awaited call, too', async (t) => {
    const { url } = await serve(t, (request) => request.reject(404));
    const client = new ours.client();
    client.on('httpResponse', () => {});
    await assert.rejects(async () => client.connect(url), /non-101 status: 404 Not Found/);
  });
});

for (const transport of ['auto', 'stream']) {
  describe(`WebSocketClient: connections, transport ${transport}`, () => {
    const config = { transport };

    it('emits connect with a connection, and keeps the answer', async (t) => {
      const { url } = await serve(t);
      for (const lib of Object.values(LIBS)) {
        const { connection, client } = await attempt(t, lib, [url, ['Chat', 'b']], config);
        assert.equal(connection.protocol, 'Chat');
        assert.deepEqual(connection.extensions, []);
        assert.equal(connection.webSocketVersion, 13);
        assert.equal(connection.maskOutgoingPackets, true);
        assert.equal(connection.connected, true);
        assert.equal(client.protocol, 'Chat');
        assert.equal(client.secure, false);
        assert.equal(client.url.host, new URL(url).host);
        assert.equal(client.response.statusCode, 101);
        assert.equal(client.socket, connection.socket);
      }
    });

    it('delivers messages that came together with the handshake', async (t) => {
      const frame = Buffer.from('810548656c6c6f', 'hex');
      const { url } = await listenRaw(t, (socket, head) => {
        const answer = Buffer.from(`${SWITCHING}${acceptLine(head, native)}\r\n`);
        socket.write(Buffer.concat([answer, frame]));
      });
      const client = new ours.client(config);
      const connection = await client.connect(url);
      t.after(() => connection.drop());
      const [message] = await once(connection, 'message');
      assert.deepEqual(message, { type: 'utf8', utf8Data: 'Hello' });
    });

    it('delivers them even if the server hangs up at once', async (t) => {
      const frames = Buffer.from('810548656c6c6f8101218800', 'hex');
      const { url } = await listenRaw(t, (socket, head) => {
        const answer = Buffer.from(`${SWITCHING}${acceptLine(head, native)}\r\n`);
        socket.end(Buffer.concat([answer, frames]));
      });
      const connection = await new ours.client(config).connect(url);
      const texts = [];
      connection.on('message', (message) => texts.push(message.utf8Data));
      await once(connection, 'close');
      assert.deepEqual(texts, ['Hello', '!']);
    });

    it('keeps an earlier connection when a later call fails', async (t) => {
      let requests = 0;
      const { url } = await serve(t, (request) => {
        if (requests++ === 0) request.accept(request.requestedProtocols[0]);
        else request.reject(401);
      });
      const client = new ours.client(config);
      const connection = await client.connect(url, ['chat']);
      t.after(() => connection.drop());
      await assert.rejects(async () => client.connect(url), /401 Unauthorized/);
      assert.equal(connection.connected, true);
      assert.equal(client.protocol, undefined);
      const pong = once(connection, 'pong');
      connection.ping('still there');
      assert.equal(`${(await pong)[0]}`, 'still there');
    });

    it('may make several calls at once', async (t) => {
      const { url } = await serve(t);
      const client = new ours.client(config);
      const calls = ['a', 'b', 'c'].map((protocol) => client.connect(url, [protocol]));
      const connections = await Promise.all(calls);
      for (const connection of connections) connection.drop();
      assert.deepEqual(
        connections.map((connection) => connection.protocol),
        ['a', 'b', 'c'],
      );
    });
  });
}

describe('WebSocketClient: giving up', () => {
  /** A server that never answers. */
  const silent = (t) => listenRaw(t, () => {});

  it('aborts as npm websocket does', async (t) => {
    const failures = await Promise.all(
      Object.values(LIBS).map(async (lib) => {
        const client = new lib.client();
        const { url } = await listenRaw(t, () => client.abort());
        const failed = once(client, 'connectFailed');
        client.connect(url);
        const [{ message, code }] = await failed;
        return { message, code };
      }),
    );
    assert.equal(failures[0].code, 'ECONNRESET');
    assert.deepEqual(failures[0], failures[1]);
  });

  it('emits nothing for a call that is aborted in the same turn, like npm websocket', async (t) => {
    const { url } = await silent(t);
    for (const lib of Object.values(LIBS)) {
      const client = new lib.client();
      client.on('connectFailed', () => assert.fail('an event'));
      const call = client.connect(url);
      const closed = once(client._req, 'close');
      client.abort();
      await closed;
      if (lib === ours) await assert.rejects(async () => call, /aborted/);
    }
  });

  it('ignores abort() before connect() and after its outcome', async (t) => {
    const client = new ours.client();
    client.abort();
    const { url } = await serve(t);
    const connection = await client.connect(url);
    client.abort();
    assert.equal(connection.connected, true);
    connection.drop();
  });

  it('fails after handshakeTimeout, once', async (t) => {
    const { url } = await silent(t);
    const client = new ours.client({ handshakeTimeout: 30 });
    const failures = [];
    client.on('connectFailed', (error) => failures.push(error));
    await assert.rejects(async () => client.connect(url), {
      code: 'ETIMEDOUT',
      message: 'The opening handshake took longer than 30 ms.',
    });
    assert.equal(failures.length, 1);
  });

  it('keeps a connection that was established in time', async (t) => {
    const { url } = await serve(t);
    const connection = await new ours.client({ handshakeTimeout: 60000 }).connect(url);
    assert.equal(connection.connected, true);
    connection.drop();
  });

  it('fails when its signal is aborted', async (t) => {
    const { url } = await silent(t);
    const controller = new AbortController();
    const client = new ours.client();
    const failed = once(client, 'connectFailed');
    const call = client.connect(url, null, null, null, { signal: controller.signal });
    controller.abort();
    assert.equal((await failed)[0].name, 'AbortError');
    await assert.rejects(async () => call, { name: 'AbortError' });
  });

  it('fails given a signal that was aborted before', async (t) => {
    const { url } = await silent(t);
    const options = { signal: AbortSignal.abort() };
    const call = new ours.client().connect(url, null, null, null, options);
    await assert.rejects(async () => call, { name: 'AbortError' });
  });

  it('ignores the signal once it is connected', async (t) => {
    const { url } = await serve(t);
    const controller = new AbortController();
    const options = { signal: controller.signal };
    const connection = await new ours.client().connect(url, null, null, null, options);
    controller.abort();
    const pong = once(connection, 'pong');
    connection.ping('still there');
    await pong;
    connection.drop();
  });
});

describe('WebSocketClient: the awaited connect()', () => {
  it('is awaitable in every way', async (t) => {
    const { url } = await serve(t);
    const client = new ours.client();
    const first = await client.connect(url);
    const [second] = await Promise.all([client.connect(url)]);
    let done = 0;
    const third = await client.connect(url).finally(() => done++);
    for (const connection of [first, second, third]) {
      assert.ok(connection instanceof ours.connection);
      connection.drop();
    }
    assert.equal(done, 1);
    const failure = await client.connect('ws://127.0.0.1:1/').catch((error) => error);
    assert.equal(failure.code, 'ECONNREFUSED');
  });

  it('may be awaited through a proxy', async (t) => {
    const { url } = await serve(t);
    const attempt = new Proxy(new ours.client().connect(url), {});
    const connection = await attempt;
    assert.equal(connection.connected, true);
    assert.equal(await attempt.finally(() => {}), connection);
    connection.drop();
  });

  it('may be awaited after its outcome', async (t) => {
    const { url } = await serve(t);
    const client = new ours.client();
    const connected = once(client, 'connect');
    const call = client.connect(url);
    const [connection] = await connected;
    assert.equal(await call, connection);
    connection.drop();
  });

  it('causes no unhandled rejection when the call is not awaited', async (t) => {
    const unhandled = [];
    const collect = (error) => unhandled.push(error);
    process.on('unhandledRejection', collect);
    t.after(() => process.removeListener('unhandledRejection', collect));
    const client = new ours.client();
    const failed = once(client, 'connectFailed');
    client.connect('ws://127.0.0.1:1/');
    await failed;
    // Node reports unhandled rejections after the microtasks of the turn.
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(unhandled, []);
  });
});

describe('WebSocketClient: TLS', () => {
  for (const scheme of ['wss', 'https']) {
    it(`connects to ${scheme}: URLs with tlsOptions`, async (t) => {
      const { cert, key } = selfSigned();
      const { httpServer, port } = await listen(t, https.createServer({ cert, key }));
      const server = new ours.server({ httpServer });
      let header;
      server.on('request', (request) => {
        header = request.httpRequest.headers['x-a'];
        const connection = request.accept();
        connection.on('message', (message) => connection.sendUTF(message.utf8Data));
      });
      const config = { tlsOptions: { ca: cert, headers: { 'X-A': 'b' }, hostname: 'nowhere' } };
      const client = new ours.client(config);
      const connection = await client.connect(`${scheme}://127.0.0.1:${port}/`);
      t.after(() => connection.drop());
      assert.equal(client.secure, true);
      assert.equal(header, 'b');
      connection.sendUTF('hello');
      assert.equal((await once(connection, 'message'))[0].utf8Data, 'hello');
    });
  }
});

describe('WebSocketClient: agents', () => {
  it('takes one from the request options', async (t) => {
    const { url } = await serve(t);
    let used = 0;
    class Agent extends http.Agent {
      createConnection(...args) {
        used++;
        return super.createConnection(...args);
      }
    }
    const agent = new Agent();
    const connection = await new ours.client().connect(url, null, null, null, { agent });
    assert.equal(used, 1);
    connection.drop();
  });
});
