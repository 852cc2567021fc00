'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { describe, it } = require('node:test');

const { connections, engine, transferred } = require('../../lib/internal/engine/engine');
const { until } = require('../support/events');
const Listener = require('./Listener');
const raw = require('./raw');

const HANDSHAKE = Buffer.from(raw.HANDSHAKE);
const WITHOUT_IO_THREADS = process.platform === 'win32' ? 'there are no I/O threads' : false;
const { ECONNREFUSED, EADDRINUSE, ENOTSOCK } = os.constants.errno;

/** The parts of the event of a handshake. */
function partsOf({ name, extra, payload }) {
  assert.strictEqual(name, 'request');
  const [address, port, rest, method, url, ...headers] = payload.split('\0');
  return { ticket: extra, address, port, rest: Number(rest), method, url, headers };
}

/** Names and values of the headers in a request head. */
function headersOf(head) {
  const lines = head.toString('latin1').split('\r\n').slice(1, -2);
  return lines.flatMap((line) => /^(.*?): (.*)$/.exec(line).slice(1));
}

/** Gives the connection of a ticket to a server of Node's, as the descriptor and what was read. */
function giveToNode(listener, ticket, server) {
  const { fd, bytes } = engine.handOver(listener.slot, ticket);
  const socket = new net.Socket({ fd, readable: true, writable: true, allowHalfOpen: true });
  if (bytes.length > 0) socket.unshift(bytes);
  server.emit('connection', socket);
  return bytes;
}

/** Everything that a socket receives, as Latin-1, once its peer has ended. */
async function all(socket) {
  const chunks = [];
  for await (const chunk of socket) chunks.push(chunk);
  return Buffer.concat(chunks).toString('latin1');
}

/** Resolves when the peer has ended or reset the connection. */
async function closing(socket) {
  const ended = Promise.race(
    ['end', 'error', 'close'].map((name) => once(socket, name).catch(() => {})),
  );
  socket.resume();
  if (!socket.closed && !socket.readableEnded) await ended;
  socket.destroy();
}

/** The error code of connecting, or 'connected'. */
async function connecting(target) {
  const socket = net.connect(target);
  try {
    await once(socket, 'connect');
    return 'connected';
  } catch (error) {
    return error.errno;
  } finally {
    socket.destroy();
  }
}

describe('A listener of the engine', { skip: WITHOUT_IO_THREADS }, () => {
  it('tells of a handshake by its parts and the address of the peer', async (t) => {
    const listener = new Listener(t);
    const client = listener.connect(t);
    client.write(HANDSHAKE);
    const { ticket, ...parts } = partsOf(await listener.next());
    assert.deepStrictEqual(parts, {
      address: '127.0.0.1',
      port: `${client.localPort}`,
      rest: 0,
      method: 'GET',
      url: '/',
      headers: headersOf(HANDSHAKE),
    });
    const link = listener.accept(ticket);
    link.send('an answer');
    assert.strictEqual(`${await once(client, 'data')}`, 'an answer');
    await link.release();
  });

  it('makes a link that holds what follows the head, in order, also what comes later', async (t) => {
    const listener = new Listener(t);
    const client = listener.connect(t);
    client.write(`${HANDSHAKE}one`);
    const { ticket, rest } = partsOf(await listener.next());
    const link = listener.accept(ticket);
    assert.ok(rest <= 3);
    client.end('two');
    engine.releaseHeld(link.slot);
    await until(() => link.names.includes('end'));
    const bytes = link.events.filter(({ name }) => name === 'bytes');
    assert.strictEqual(bytes.map(({ payload }) => payload).join(''), 'onetwo');
    assert.deepStrictEqual(transferred(link.slot), [HANDSHAKE.length + 6, 0]);
    await link.release();
  });

  it('takes a head in pieces of one byte', async (t) => {
    const listener = new Listener(t);
    const client = listener.connect(t);
    client.setNoDelay(true);
    for (const byte of HANDSHAKE) {
      await new Promise((resolve) => client.write(Buffer.of(byte), resolve));
    }
    const { ticket, headers } = partsOf(await listener.next());
    assert.deepStrictEqual(headers, headersOf(HANDSHAKE));
    await listener.accept(ticket).release();
    assert.strictEqual(engine.arriving(listener.slot), 0);
  });

  it('listens in the Unix domain, where peers have no address', async (t) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'listener-'));
    t.after(() => fs.rmSync(folder, { recursive: true }));
    const listener = new Listener(t, { keepAlive: true }, path.join(folder, 'socket'));
    const client = listener.connect(t);
    client.write(HANDSHAKE);
    const { ticket, address, port } = partsOf(await listener.next());
    assert.deepStrictEqual([address, port], ['', '']);
    const link = listener.accept(ticket);
    assert.strictEqual(engine.addressOf(link.slot, true), null);
    await link.release();
  });

  it('hands any other request over, with its descriptor and all bytes', async (t) => {
    const server = http.createServer((request, response) => {
      request.pipe(response);
    });
    const listener = new Listener(t);
    const client = listener.connect(t);
    const head = 'POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 9\r\n\r\n';
    client.write(`${head}four `);
    const { extra } = await listener.nextOf('http');
    const bytes = giveToNode(listener, extra, server);
    assert.ok(`${head}four `.startsWith(bytes.toString()));
    client.write('more');
    const answer = (await all(client)).replaceAll(/\r\n\d\r\n/g, '');
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n[\s\S]*four more/);
  });

  for (const [what, text] of [
    ['a TLS hello', '\x16\x03\x01\x02\x00\x01\x00'],
    ['garbage', 'GET /\0'],
    ['a head that is too long', `GET / HTTP/1.1\r\nA: ${'a'.repeat(20000)}`],
    ['a bare line feed', 'GET / HTTP/1.1\n'],
  ]) {
    it(`hands ${what} over at once, before the peer ends`, async (t) => {
      const server = http.createServer();
      const listener = new Listener(t);
      const client = listener.connect(t);
      client.write(text, 'latin1');
      const { extra } = await listener.nextOf('http');
      assert.ok(giveToNode(listener, extra, server).length <= 16385);
      client.end();
      assert.match(await all(client), /^HTTP\/1\.1 4(00|31) /);
    });
  }

  it('hands half a head over when the peer ends, so that Node answers', async (t) => {
    const server = http.createServer();
    const listener = new Listener(t);
    const client = listener.connect(t);
    client.end(HANDSHAKE.subarray(0, 40));
    const { extra } = await listener.nextOf('http');
    giveToNode(listener, extra, server);
    assert.match(await all(client), /^HTTP\/1\.1 400 Bad Request\r\n/);
  });

  it('is silent about peers that end or reset without a request', async (t) => {
    const listener = new Listener(t);
    const peers = Array.from({ length: 30 }, () => listener.connect(t));
    await Promise.all(peers.map((peer) => once(peer, 'connect')));
    await until(() => engine.arriving(listener.slot) === 30);
    for (const [index, peer] of peers.entries()) {
      if (index % 3 === 0) peer.end();
      else if (index % 3 === 1) peer.resetAndDestroy();
      else peer.write('GET /', () => peer.resetAndDestroy());
    }
    await until(() => engine.arriving(listener.slot) === listener.events.length);
    // The reset may come behind the bytes, and be read after them. Then nothing is told either.
    assert.deepStrictEqual(listener.names, []);
  });

  it('sees the reset of a peer after the head on the link', async (t) => {
    const listener = new Listener(t);
    const client = listener.connect(t);
    client.write(HANDSHAKE);
    const { ticket } = partsOf(await listener.next());
    client.resetAndDestroy();
    await closing(client);
    const link = listener.accept(ticket);
    engine.releaseHeld(link.slot);
    assert.strictEqual((await link.next()).name, 'failed');
    await link.release();
  });

  it('gives a ticket once', async (t) => {
    const listener = new Listener(t);
    const client = listener.connect(t);
    client.write(HANDSHAKE);
    const { ticket } = partsOf(await listener.next());
    const link = listener.accept(ticket);
    assert.strictEqual(engine.accept(listener.slot, ticket), -1);
    assert.strictEqual(engine.handOver(listener.slot, ticket), null);
    assert.strictEqual(engine.takeRead(listener.slot, ticket).length, 0);
    assert.strictEqual(engine.accept(listener.slot, ticket + 1), -1);
    assert.strictEqual(engine.accept(link.slot, ticket), -1);
    await link.release();
  });

  it('makes a link without held input after everything was taken', async (t) => {
    const listener = new Listener(t);
    const client = listener.connect(t);
    client.write('POST / HTTP/1.1\r\n');
    const { extra } = await listener.nextOf('http');
    const taken = engine.takeRead(listener.slot, extra);
    const link = listener.accept(extra);
    client.end('Host: a\r\n');
    await until(() => link.names.includes('end'));
    const later = link.events.filter(({ name }) => name === 'bytes').map(({ payload }) => payload);
    assert.strictEqual(`${Buffer.concat([taken, ...later])}`, 'POST / HTTP/1.1\r\nHost: a\r\n');
    assert.strictEqual(transferred(link.slot)[0], 26);
    await link.release();
  });

  it('takes connections that somebody else has accepted', async (t) => {
    const listener = new Listener(t, { fd: -1 });
    const server = net.createServer({ pauseOnConnect: true }, (socket) => {
      assert.strictEqual(engine.acceptDescriptor(listener.slot, socket._handle.fd), true);
      socket._handle.close();
    });
    t.after(() => server.close());
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const client = net.connect(server.address());
    t.after(() => client.destroy());
    client.write(`${HANDSHAKE}!`);
    const { ticket, port } = partsOf(await listener.next());
    assert.strictEqual(port, `${client.localPort}`);
    const link = listener.accept(ticket);
    engine.releaseHeld(link.slot);
    assert.strictEqual(`${(await link.nextOf('bytes')).payload}`, '!');
    await link.release();
    assert.strictEqual(engine.acceptDescriptor(listener.slot, -1), false);
    engine.closeListener(listener.slot);
    assert.strictEqual(engine.acceptDescriptor(listener.slot, 0), false);
  });

  it('needs the handle no longer than it takes to listen', async (t) => {
    const listener = new Listener(t);
    listener.handle.close();
    const client = listener.connect(t);
    client.write(HANDSHAKE);
    await listener.accept(partsOf(await listener.next()).ticket).release();
  });

  it('returns the errno where it cannot listen', (t) => {
    const listener = new Listener(t);
    const other = net._createServerHandle('127.0.0.1', listener.target.port, 4);
    assert.throws(() => new Listener(t, { fd: other.fd }), { errno: -EADDRINUSE });
    other.close();
    const file = fs.openSync(__filename);
    assert.throws(() => new Listener(t, { fd: file }), { errno: -ENOTSOCK });
    fs.closeSync(file);
  });
});

describe('The time for a head', { skip: WITHOUT_IO_THREADS }, () => {
  it('is over for peers that send nothing, or byte by byte', async (t) => {
    const listener = new Listener(t, { headersTimeout: 200 });
    const silent = listener.connect(t);
    const slow = listener.connect(t);
    const drip = setInterval(() => slow.write('G'), 5);
    slow.write('GET / HTTP/1.1\r\n');
    t.after(() => clearInterval(drip));
    const tickets = [(await listener.next()).extra, (await listener.next()).extra];
    clearInterval(drip);
    assert.deepStrictEqual(listener.events, []);
    for (const ticket of tickets) {
      const { fd } = engine.handOver(listener.slot, ticket);
      new net.Socket({ fd }).destroy();
    }
    await Promise.all([closing(silent), closing(slow)]);
  });

  it('may be set later, also for peers that are here', async (t) => {
    const listener = new Listener(t, { headersTimeout: 0 });
    const client = listener.connect(t);
    client.write('GET');
    await until(() => engine.arriving(listener.slot) === 1);
    engine.setHeadersTimeout(listener.slot, 1e9);
    engine.setHeadersTimeout(listener.slot, 1);
    const { extra } = await listener.nextOf('timeout');
    const link = listener.accept(extra);
    engine.releaseHeld(link.slot);
    assert.strictEqual(`${(await link.nextOf('bytes')).payload}`, 'GET');
    await link.release();
  });
});

describe('Closing a listener', { skip: WITHOUT_IO_THREADS }, () => {
  it('refuses new peers, and lets the others finish', async (t) => {
    const listener = new Listener(t);
    const client = listener.connect(t);
    client.write('GET / ');
    await until(() => engine.arriving(listener.slot) === 1);
    assert.strictEqual(engine.closeListener(listener.slot), 1);
    listener.handle.close();
    assert.strictEqual(await connecting(listener.target), -ECONNREFUSED);
    client.write(HANDSHAKE.subarray(6));
    const { ticket } = partsOf(await listener.nextOf('request'));
    assert.deepStrictEqual(listener.names, []);
    const link = listener.accept(ticket);
    await listener.nextOf('released');
    link.send('still here');
    assert.strictEqual(`${await once(client, 'data')}`, 'still here');
    await link.release();
    listener.isClosed = true;
  });

  it('leaves the socket to its other owners', async (t) => {
    const listener = new Listener(t);
    assert.strictEqual(engine.closeListener(listener.slot), 0);
    await listener.nextOf('released');
    listener.isClosed = true;
    const accepted = new Promise((resolve) => {
      listener.handle.onconnection = (status, handle) => resolve(handle ?? status);
    });
    assert.strictEqual(listener.handle.listen(5), 0);
    const client = listener.connect(t);
    await once(client, 'connect');
    (await accepted).close();
    listener.handle.close();
  });

  it('destroys what is arriving on demand, after which tickets are void', async (t) => {
    const listener = new Listener(t);
    const clients = Array.from({ length: 20 }, () => listener.connect(t));
    for (const client of clients.slice(0, 10)) client.write(HANDSHAKE);
    await until(() => listener.events.length === 10 && engine.arriving(listener.slot) === 20);
    engine.closeArriving(listener.slot);
    await Promise.all(clients.map(closing));
    const { extra } = await listener.nextOf('request');
    assert.strictEqual(engine.accept(listener.slot, extra), -1);
    assert.strictEqual(engine.handOver(listener.slot, extra), null);
    await until(() => engine.arriving(listener.slot) === 0);
    assert.strictEqual(engine.closeListener(listener.slot), 0);
    await until(() => listener.names.includes('released'));
    listener.isClosed = true;
    listener.handle.close();
  });

  it('frees the slot with the last event, amid peers that come and go', async (t) => {
    for (let round = 0; round < 20; round++) {
      const listener = new Listener(t);
      const clients = Array.from({ length: 20 }, () => listener.connect(t));
      for (const client of clients) client.write(HANDSHAKE);
      await until(() => listener.events.length >= round);
      for (const { extra } of listener.events.splice(0, round >> 1))
        await listener.accept(extra).release();
      await listener.close();
      assert.strictEqual(connections[listener.slot], undefined);
      assert.strictEqual(listener.names.at(-1), 'released');
      assert.strictEqual(listener.names.indexOf('released'), listener.names.length - 1);
      for (const client of clients) client.destroy();
    }
  });
});
