'use strict';

// A client that follows redirects: its requests and their headers.

const assert = require('node:assert/strict');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const { describe } = require('node:test');

const { acceptKey } = require('../../lib/internal/engine/codec');
const { credentials, it } = require('../support/connect');
const { until } = require('../support/events');
const { SWITCHING, listen } = require('../support/http');
const { SECRETS, answer, carried, follow, pick } = require('./support/redirects');
const { same } = require('./support/sides');

/**
 * Servers `a` and `b` without TLS, `c` and `d` with it. They record each request, and redirect
 * `/KEY` to the route of that key.
 */
async function network(t, routesOf) {
  const log = [];
  const servers = {};
  for (const [name, secure] of Object.entries({ a: false, b: false, c: true, d: true })) {
    const httpServer = secure ? https.createServer(credentials()) : http.createServer();
    const { port } = await listen(t, httpServer);
    servers[name] = { httpServer, origin: `ws${secure ? 's' : ''}://127.0.0.1:${port}` };
  }
  const routes = routesOf(
    Object.fromEntries(Object.entries(servers).map(([name, { origin }]) => [name, origin])),
  );
  for (const [name, { httpServer }] of Object.entries(servers)) {
    httpServer.on('upgrade', (request, socket) => {
      log.push([name, request.url, carried(request.headers)]);
      answer(socket, routes[request.url.slice(1)]);
    });
  }
  return { log, start: (name, key) => `${servers[name].origin}/${key}` };
}

describe('A client that follows redirects', () => {
  /** Columns: a name, the routes, the number of redirects, and the error. */
  const WAYS = [
    ['to a path', () => ({ 0: '/1' }), 1, 'Error: Unexpected server response: 401'],
    ['to a URL', (at) => ({ 0: `${at.b}/1` }), 1, 'Error: Unexpected server response: 401'],
    [
      'to an http URL',
      (at) => ({ 0: `${at.b.replace('ws:', 'http:')}/1` }),
      1,
      'Error: Unexpected server response: 401',
    ],
    ['to and fro', (at) => ({ 0: `${at.b}/1`, 1: `${at.a}/2` }), 2, undefined],
    ['for ever', () => ({ 0: '/0' }), 11, 'Error: Maximum redirects exceeded'],
    ['to no URL', () => ({ 0: 'ws://' }), 1, 'SyntaxError: Invalid URL: ws://'],
    [
      'to another protocol',
      () => ({ 0: 'ftp://127.0.0.1/1' }),
      1,
      'SyntaxError: The URL\'s protocol must be one of "ws:", "wss:", "http:", "https:", or "ws+unix:"',
    ],
    [
      'to a fragment',
      () => ({ 0: '/1#a' }),
      1,
      'SyntaxError: The URL contains a fragment identifier',
    ],
    ['to an empty location', () => ({ 0: '' }), 0, 'Error: Unexpected server response: 302'],
  ];
  for (const [what, routesOf, redirects, error] of WAYS) {
    it(`goes ${what}`, async (t) => {
      const { log, start } = await network(t, routesOf);
      const seen = await same(async (lib) => {
        const end = await follow(lib, start('a', '0'));
        return { ...end, log: log.splice(0) };
      });
      assert.equal(seen.redirects, redirects);
      assert.equal(seen.readyState, 3);
      assert.deepEqual(seen.errors, [error ?? 'Error: Unexpected server response: 401']);
    });
  }

  for (const [status, redirects] of [
    ['299 Nearly', 0],
    ['300 Multiple Choices', 1],
    ['304 Not Modified', 1],
    ['399 Just', 1],
    ['400 Bad Request', 0],
  ]) {
    it(`${redirects ? 'follows' : 'takes for its answer'} the status ${status}`, async (t) => {
      const { httpServer, url } = await listen(t);
      httpServer.on('upgrade', (request, socket) => {
        if (request.url === '/') answer(socket, '/end', status);
        else answer(socket);
      });
      const end = await same((lib) => follow(lib, url));
      assert.equal(end.redirects, redirects);
    });
  }

  it('opens at the end, with a key of its own for each request', async (t) => {
    const { httpServer, url } = await listen(t);
    const keys = new Set();
    httpServer.on('upgrade', (request, socket) => {
      const key = request.headers['sec-websocket-key'];
      keys.add(key);
      if (request.url === '/') answer(socket, '/end');
      else socket.end(`${SWITCHING}Sec-WebSocket-Accept: ${acceptKey(key)}\r\n\r\n`);
    });
    const { opened, errors } = await same(async (lib) => {
      const opened = [];
      const open = () => opened.push('open');
      const { errors, last } = await follow(lib, url, {}, { open });
      return { opened, errors, last };
    });
    assert.deepEqual([opened, errors], [['open'], []]);
    assert.equal(keys.size, 4);
  });

  it('closes the connection of a redirected request', async (t) => {
    const { httpServer, url } = await listen(t);
    const closed = [];
    httpServer.on('upgrade', (request, socket) => {
      if (request.url !== '/') {
        answer(socket);
        return;
      }
      socket.on('end', () => {
        closed.push(request.url);
        socket.end();
      });
      socket.on('error', () => {});
      socket.resume();
      socket.write('HTTP/1.1 302 Found\r\nLocation: /1\r\nContent-Length: 5\r\n\r\n');
    });
    await same(async (lib) => {
      await follow(lib, url);
      await until(() => closed.length === 1);
      return closed.splice(0);
    });
  });

  it('counts by its option', async (t) => {
    const { log, start } = await network(t, () => ({ 0: '/0' }));
    const [requests, { errors, redirects }] = await same(async (lib) => {
      const end = await follow(lib, start('a', '0'), { maxRedirects: 1 });
      return [log.splice(0).length, end];
    });
    assert.deepEqual([requests, redirects], [2, 2]);
    assert.deepEqual(errors, ['Error: Maximum redirects exceeded']);
  });

  it("emits 'redirect' with each later request", async (t) => {
    const { start } = await network(t, () => ({ 0: '/1', 1: '/2' }));
    const calls = await same(async (lib) => {
      const calls = [];
      await follow(
        lib,
        start('a', '0'),
        {},
        {
          redirect(url, request) {
            calls.push([
              new URL(url).pathname,
              this._redirects,
              request === this._req,
              this.url === url,
            ]);
          },
        },
      );
      return calls;
    });
    assert.deepEqual(calls, [
      ['/1', 1, true, true],
      ['/2', 2, true, true],
    ]);
  });

  it("emits no 'redirect' with the first request", async (t) => {
    const { start } = await network(t, () => ({ 0: '/1' }));
    const names = await same(async (lib) => {
      const names = [];
      class Mine extends lib.WebSocket {
        emit(name, ...args) {
          names.push(name);
          return super.emit(name, ...args);
        }
      }
      await follow({ WebSocket: Mine }, start('a', '0'));
      return names.filter((name) => !/Listener$/.test(name));
    });
    assert.deepEqual(names, ['redirect', 'unexpected-response', 'error', 'close']);
  });

  it("may be ended by a listener for 'redirect'", async (t) => {
    const { log, start } = await network(t, () => ({ 0: '/1' }));
    for (const end of [
      (websocket) => websocket.close(),
      (websocket) => websocket.terminate(),
      (_websocket, request) => request.destroy(new Error('mine')),
    ]) {
      const seen = await same(async (lib) => {
        const { errors, redirects } = await follow(
          lib,
          start('a', '0'),
          {},
          {
            redirect(_url, request) {
              end(this, request);
            },
          },
        );
        return { errors, redirects, requests: log.splice(0).length };
      });
      assert.equal(seen.errors.length, 1);
      assert.equal(seen.requests, 1);
    }
  });

  it('calls `finishRequest` for each request', async (t) => {
    const { start } = await network(t, () => ({ 0: '/1', 1: '/2' }));
    const counts = await same(async (lib) => {
      const counts = [];
      await follow(lib, start('a', '0'), {
        finishRequest(request, websocket) {
          counts.push(websocket._redirects);
          request.end();
        },
      });
      return counts;
    });
    assert.deepEqual(counts, [0, 1, 2]);
  });
});

describe('The headers of a redirected request', () => {
  const ALL = Object.keys(SECRETS);

  /** Columns: the servers on the way, and headers that the last one gets. */
  const WAYS = [
    ['aa', ALL],
    ['cc', ALL],
    ['ab', ['x-mine']],
    ['cd', ['x-mine']],
    ['ac', ['x-mine']],
    ['ca', ['x-mine']],
    ['aba', ALL],
  ];
  for (const [way, names] of WAYS) {
    it(`are ${names} on the way ${[...way].join(' → ')}`, async (t) => {
      const { log, start } = await network(t, (at) => ({
        0: `${at[way[1]]}/1`,
        1: way[2] && `${at[way[2]]}/2`,
      }));
      const seen = await same(async (lib) => {
        await follow(lib, start(way[0], '0'), { headers: SECRETS });
        return log.splice(0);
      });
      const [server, , headers] = seen.at(-1);
      assert.equal(server, way.at(-1));
      assert.deepEqual(headers, { ...carried({}), ...pick(SECRETS, names) });
    });
  }

  it("are all of them if somebody listens to 'redirect'", async (t) => {
    const { log, start } = await network(t, (at) => ({ 0: `${at.b}/1` }));
    const seen = await same(async (lib) => {
      await follow(lib, start('c', '0'), { headers: SECRETS }, { redirect() {} });
      return log.splice(0);
    });
    assert.deepEqual(seen[1][2], SECRETS);
  });

  /** Columns: the protocols of both URLs, and headers of the second request. */
  const CHANGES = [
    ['wss', 'ws', ['host', 'x-mine']],
    ['ws', 'wss', ALL],
  ];
  for (const [before, after, names] of CHANGES) {
    it(`are ${names} from ${before} to ${after} on one port`, async (t) => {
      const { httpServer, port } = await listen(t);
      const log = [];
      httpServer.on('upgrade', (request, socket) => {
        log.push(carried(request.headers));
        const next = `${after}://127.0.0.1:${port}/1`;
        answer(socket, request.url === '/0' ? next : undefined);
      });
      const seen = await same(async (lib) => {
        // The connections have no TLS, whatever the URL says.
        const createConnection = () => net.connect(port, '127.0.0.1');
        const options = { headers: SECRETS, createConnection };
        await follow(lib, `${before}://127.0.0.1:${port}/0`, options);
        return log.splice(0);
      });
      assert.deepEqual(seen[1], { ...carried({}), ...pick(SECRETS, names) });
    });
  }

  it('take names in any case', async (t) => {
    const { log, start } = await network(t, (at) => ({ 0: `${at.b}/1` }));
    const headers = { Authorization: 'x', COOKIE: 'y', Host: 'foo', 'X-Mine': '1' };
    const seen = await same(async (lib) => {
      await follow(lib, start('a', '0'), { headers });
      return log.splice(0);
    });
    assert.deepEqual(seen[0][2], { authorization: 'x', cookie: 'y', host: 'foo', 'x-mine': '1' });
    assert.deepEqual(seen[1][2], { ...carried({}), 'x-mine': '1' });
  });

  /** Columns: a name, options, credentials in both URLs, and those that are sent. */
  const LOGINS = [
    ['the option', { auth: 'a:b' }, '', '', ['a:b', 'a:b']],
    ['the first URL', {}, 'a:b@', '', ['a:b', 'a:b']],
    ['the second URL', {}, '', 'c:d@', [undefined, 'c:d']],
    ['both URLs', {}, 'a:b@', 'c:d@', ['a:b', 'a:b']],
    ['the option and a URL', { auth: 'a:b' }, 'c:d@', 'e:f@', ['c:d', 'c:d']],
    ['the header', { headers: { Authorization: 'Basic eDp5' } }, 'a:b@', 'c:d@', ['x:y', 'x:y']],
  ];
  for (const [what, options, first, second, sent] of LOGINS) {
    it(`have the credentials of ${what}`, async (t) => {
      const login = (url, text) => url.replace('://', `://${text}`);
      const { log, start } = await network(t, (at) => ({ 0: login(`${at.a}/1`, second) }));
      const seen = await same(async (lib) => {
        await follow(lib, login(start('a', '0'), first), options);
        return log.splice(0);
      });
      assert.deepEqual(
        seen.map(([, , { authorization }]) => authorization),
        sent.map((text) => text && `Basic ${Buffer.from(text).toString('base64')}`),
      );
    });
  }

  it('have no credentials on another server', async (t) => {
    const { log, start } = await network(t, (at) => ({
      0: `${at.b}/1`.replace('://', '://c:d@'),
      1: `${at.a}/2`,
    }));
    const seen = await same(async (lib) => {
      await follow(lib, start('a', '0').replace('://', '://a:b@'));
      return log.splice(0);
    });
    assert.deepEqual(
      seen.map(([, , { authorization }]) => authorization),
      ['Basic YTpi', undefined, 'Basic YTpi'],
    );
  });
});
