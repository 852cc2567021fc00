'use strict';

// Redirects from and to Unix domain sockets.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { describe } = require('node:test');

const { it } = require('../support/connect');
const { listen } = require('../support/http');
const { SECRETS, answer, carried, follow, pick } = require('./support/redirects');
const { same } = require('./support/sides');

describe('A redirect and Unix domain sockets', { skip: process.platform === 'win32' }, () => {
  /** Columns: two servers, 'u' and 'v' on sockets and 'a' on a port; headers that arrive. */
  const WAYS = [
    ['uu', Object.keys(SECRETS)],
    ['uv', ['x-mine']],
    ['ua', ['x-mine']],
    ['au', ['x-mine']],
  ];
  for (const [way, names] of WAYS) {
    it(`take ${names} along on the way ${[...way].join(' → ')}`, async (t) => {
      const { urls, log } = await unixNetwork(t, way);
      const seen = await same(async (lib) => {
        await follow(lib, urls[way[0]]('/0'), { headers: SECRETS });
        return log.splice(0);
      });
      const [server, , headers] = seen.at(-1);
      assert.equal(server, way[1]);
      assert.deepEqual(headers, { ...carried({}), ...pick(SECRETS, names) });
    });
  }

  it('tell a socket from a host of the same name', async (t) => {
    const { httpServer, port } = await listen(t);
    const log = [];
    httpServer.on('upgrade', (request, socket) => {
      log.push(carried(request.headers));
      answer(socket, request.url === '/0' ? 'ws://127.0.0.1/1' : undefined);
    });
    const seen = await same(async (lib) => {
      const createConnection = () => net.connect(port, '127.0.0.1');
      const options = { headers: SECRETS, createConnection };
      await follow(lib, 'ws+unix:127.0.0.1:/0', options);
      return log.splice(0);
    });
    assert.deepEqual(seen[1], { ...carried({}), 'x-mine': '1' });
  });
});

/** Servers `u` and `v` on sockets and `a` on a port. The first of the way redirects. */
async function unixNetwork(t, way) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const log = [];
  const urls = {};
  for (const name of ['u', 'v', 'a']) {
    const httpServer = http.createServer();
    t.after(() => httpServer.close());
    httpServer.on('upgrade', (request, socket) => {
      log.push([name, request.url, carried(request.headers)]);
      answer(socket, request.url === '/0' ? urls[way[1]]('/1') : undefined);
    });
    const file = path.join(folder, name);
    httpServer.listen(name === 'a' ? { port: 0, host: '127.0.0.1' } : { path: file });
    await once(httpServer, 'listening');
    const base = name === 'a' ? `ws://127.0.0.1:${httpServer.address().port}` : `ws+unix:${file}:`;
    urls[name] = (target) => base + target;
  }
  return { urls, log };
}
