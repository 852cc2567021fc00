'use strict';

// The example of `npm start`: a child process, a page, and clients of other packages.

const assert = require('node:assert');
const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');
const { after, before, describe, it } = require('node:test');
const { WebSocket } = require('ws');

const { ofType, run, start, Visitor } = require('./support/chat');
const PATIENCE = require('./support/patience');

async function get(url, path, method = 'GET') {
  const request = http.request(new URL(path, url), { method, agent: false }).end();
  const [response] = await once(request, 'response');
  let body = '';
  for await (const chunk of response.setEncoding('utf8')) {
    body += chunk;
  }
  return { status: response.statusCode, headers: response.headers, body };
}

describe('npm start', { timeout: PATIENCE }, () => {
  let server;

  before(async () => {
    server = await start();
  });

  after(async () => {
    server.child.kill('SIGKILL');
    await server.ended;
  });

  it('serves its page with a policy that blocks foreign content', async () => {
    const page = await get(server.url, '/');
    assert.strictEqual(page.status, 200);
    assert.strictEqual(page.headers['content-type'], 'text/html; charset=utf-8');
    assert.match(page.headers['content-security-policy'], /default-src 'none'; script-src 'self'/);
    assert.doesNotMatch(page.body, /\b(?:src|href)="(?:https?:)?\/\//);
  });

  it('serves every file that the page and its modules name', async () => {
    const seen = new Set();
    const queue = ['/'];
    while (queue.length > 0) {
      const name = queue.pop();
      if (seen.has(name)) continue;
      seen.add(name);
      const file = await get(server.url, name);
      assert.strictEqual(file.status, 200, name);
      for (const [, next] of file.body.matchAll(/(?:src|href)="(\/[^"]*)"/g)) queue.push(next);
      for (const [, next] of file.body.matchAll(/from '\.(\/[^']+)'/g)) queue.push(next);
    }
    assert.ok(seen.size >= 7, `only ${[...seen]}`);
  });

  it('serves nothing else', async () => {
    for (const name of ['/server.js', '/../server.js', '/%2e%2e/server.js', '/__proto__']) {
      assert.strictEqual((await get(server.url, name)).status, 404, name);
    }
    const posted = await get(server.url, '/', 'POST');
    assert.strictEqual(posted.status, 405);
    assert.strictEqual(posted.headers.allow, 'GET, HEAD');
  });

  it('carries a chat between two clients, names and texts unchanged', async () => {
    const name = '<img src=x onerror=alert(1)>';
    const text = '<script>alert("é 漢字 👩‍🚀")</script>';
    const ada = await Visitor.joined(server.url, 'Ada');
    const eve = await Visitor.joined(server.url, name);
    assert.deepStrictEqual(
      eve.welcome.people.map((person) => person.name),
      ['Ada', name],
    );

    eve.send({ type: 'say', text });
    for (const visitor of [ada, eve]) {
      const said = await visitor.next(ofType('said'));
      assert.deepStrictEqual(said.from, eve.welcome.you);
      assert.strictEqual(said.text, text);
    }
    ada.send({ type: 'say', text: 'Hello' });
    assert.strictEqual((await eve.next(ofType('said'))).text, 'Hello');

    await eve.leave();
    const left = await ada.next((message) => /left$/.test(message.text));
    assert.strictEqual(left.text, `${name} left`);
    await ada.leave();
  });

  it('sends earlier messages to latecomers, and gives no name twice', async () => {
    const first = await Visitor.joined(server.url, '__proto__');
    first.send({ type: 'say', text: 'early' });
    await first.next(ofType('said'));
    const second = await Visitor.joined(server.url, '__proto__');
    assert.strictEqual(second.welcome.you.name, '__proto__ 2');
    assert.strictEqual(second.welcome.history.at(-1).text, 'early');

    second.send({ type: 'name', name: '  Late\u0000\ncomer ' });
    const renamed = await first.next((message) => /is now/.test(message.text));
    assert.strictEqual(renamed.text, '__proto__ 2 is now Late comer');
    await first.leave();
    await second.leave();
  });

  it('closes with 1008 on a client that breaks the room’s rules, and stays up', async () => {
    const broken = ['no JSON', 'null', '{"type":"say","text":"too early"}', '{"type":"__proto__"}'];
    for (const message of broken) {
      const visitor = new Visitor(server.url, '/chat');
      await once(visitor.socket, 'open');
      visitor.send(message);
      assert.strictEqual((await visitor.closed)[0], 1008, message);
    }
    const odd = await Visitor.joined(server.url, { toString: 1 });
    assert.match(odd.welcome.you.name, /^Nobody/);
    await odd.leave();
  });

  it('echoes text and binary of any size on /echo', async () => {
    const socket = new WebSocket(new URL('/echo', server.url));
    await once(socket, 'open');
    const large = 'é漢👩‍🚀'.repeat(40_000);
    for (const data of ['', 'text', large, Buffer.from([0, 255, 1]), Buffer.alloc(300_000, 7)]) {
      socket.send(data);
      const [echoed, isBinary] = await once(socket, 'message');
      assert.strictEqual(isBinary, Buffer.isBuffer(data));
      assert.ok(echoed.equals(Buffer.from(data)), `${data.length} came back differently`);
    }
    socket.close();
    await once(socket, 'close');
  });

  it('echoes a flood that is larger than any buffer on its way', async () => {
    const socket = new WebSocket(new URL('/echo', server.url));
    await once(socket, 'open');
    const total = 400;
    const block = Buffer.alloc(64 * 1024, 'x');
    for (let sent = 0; sent < total; sent += 1) socket.send(block);
    let received = 0;
    const all = new Promise((resolve) => {
      socket.on('message', (data) => {
        received += data.length;
        if (received === total * block.length) resolve();
      });
    });
    await all;
    socket.close();
    await once(socket, 'close');
  });

  it('pushes counts of connections, transports and messages', async () => {
    const watcher = await Visitor.joined(server.url, 'Watcher');
    const busy = new WebSocket(new URL('/echo', server.url));
    await once(busy, 'open');
    // On systems with adoption, plain sockets don't stay on the stream transport.
    const transport = process.platform === 'win32' ? 'stream' : 'native';
    const two = await watcher.next(
      (message) => message.type === 'counts' && message.transports[transport] === 2,
    );
    assert.strictEqual(two.connections, 2);

    busy.send('one more');
    const more = await watcher.next(
      (message) => message.type === 'counts' && message.messages === two.messages + 1,
    );
    assert.ok(more.messagesPerSecond >= 0);
    busy.close();
    const one = await watcher.next(
      (message) => message.type === 'counts' && message.connections === 1,
    );
    assert.strictEqual(one.transports.native + one.transports.stream, 1);
    await watcher.leave();
  });

  it('accepts its own page and non-browsers, and refuses other pages and unknown paths', async () => {
    const sameOrigin = new Visitor(server.url, '/chat', { origin: server.url.origin });
    await once(sameOrigin.socket, 'open');
    await sameOrigin.leave();

    const refused = [
      ['/chat', 'http://example.com', 403],
      ['/echo', `http://localhost:${Number(server.url.port) - 1}`, 403],
      ['/chat', 'null', 403],
      ['/nowhere', undefined, 404],
    ];
    for (const [path, origin, status] of refused) {
      const socket = new WebSocket(new URL(path, server.url), { origin });
      const [error] = await once(socket, 'error');
      assert.match(error.message, new RegExp(`${status}$`), `${path} from ${origin}`);
    }
  });

  it('answers an invalid handshake with 400', async () => {
    const socket = net.connect(server.url.port, server.url.hostname);
    socket.write(
      'GET /chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    );
    const [answer] = await once(socket, 'data');
    assert.match(String(answer), /^HTTP\/1\.1 400 Bad Request\r\n/);
    socket.destroy();
  });
});

describe('npm start, beginning and end', { timeout: PATIENCE }, () => {
  const isOneLine = (text) => text.endsWith('\n') && text.indexOf('\n') === text.length - 1;

  it('says in one line that the port is taken', async (t) => {
    const holder = net.createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address();
    const { code, stdout, stderr } = await run({ PORT: String(port) }, t).ended;
    holder.close();
    assert.strictEqual(code, 1);
    assert.strictEqual(stdout, '');
    assert.ok(isOneLine(stderr), stderr);
    assert.match(stderr, new RegExp(`Port ${port} is already in use`));
  });

  it('says in one line that PORT is invalid', async (t) => {
    for (const wrong of ['http', '-1', '65536', '80.5', '0x50', ' ']) {
      const { code, stderr } = await run({ PORT: wrong }, t).ended;
      assert.strictEqual(code, 1, wrong);
      assert.ok(isOneLine(stderr), stderr);
      assert.match(stderr, /^PORT must be a whole number from 0 to 65535/);
    }
  });

  for (const signal of ['SIGINT', 'SIGTERM']) {
    const skip = process.platform === 'win32' && 'Windows has no signals to handle';

    it(`closes everyone with 1001 on ${signal} and exits with 0`, { skip }, async (t) => {
      const { child, ended, url } = await start(t);
      const visitor = await Visitor.joined(url, 'Ada');
      const echo = new WebSocket(new URL('/echo', url));
      const echoClosed = once(echo, 'close');
      await once(echo, 'open');

      child.kill(signal);
      // npm forwards Ctrl-C to a child that has already received it from the terminal.
      child.kill(signal);

      assert.deepStrictEqual(await visitor.closed, [1001, 'The server is shutting down.']);
      assert.strictEqual((await echoClosed)[0], 1001);
      const { code, stdout, stderr } = await ended;
      assert.strictEqual(code, 0);
      assert.strictEqual(stderr, '');
      assert.ok(isOneLine(stdout), stdout);
    });
  }

  it('exits although a client never answers the close', {
    skip: process.platform === 'win32',
  }, async (t) => {
    const { child, ended, url } = await start(t);
    const socket = net.connect(url.port, url.hostname);
    socket.on('error', () => {});
    socket.write(
      `GET /echo HTTP/1.1\r\nHost: ${url.host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    const [answer] = await once(socket, 'data');
    assert.match(String(answer), /^HTTP\/1\.1 101 /);
    socket.pause();
    child.kill('SIGINT');
    assert.strictEqual((await ended).code, 0);
    socket.destroy();
  });
});
