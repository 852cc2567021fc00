'use strict';

// Each behaviour of a socket is asked of one that Node has accepted and of a NativeSocket. The two
// have to do the same.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const net = require('node:net');
const { addAbortSignal, pipeline } = require('node:stream');
const { describe, it } = require('node:test');

const { record, until } = require('../support/events');
const { nativeOf } = require('../support/nativeSocket');

const MIB = 1024 * 1024;

/** The events of a socket but 'data'. */
const EVENTS = ['end', 'finish', 'error', 'close', 'timeout', 'drain', 'pause', 'resume'];

/**
 * Opens a connection.
 *
 * @param {import('node:test').TestContext} t
 * @param {boolean} isNative
 * @param {object} [options] those of a net.Server
 * @returns {Promise<{ socket: any, peer: net.Socket }>} the accepted socket, and its paused peer
 */
async function open(t, isNative, options = {}) {
  const server = net.createServer({ ...options, pauseOnConnect: isNative });
  t.after(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {net.AddressInfo} */ (server.address());
  const peer = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  // Whether it is reset is its own test.
  peer.on('error', () => {});
  const connected = once(peer, 'connect');
  const [accepted] = await once(server, 'connection');
  const socket = isNative ? nativeOf(accepted, options) : accepted;
  await connected;
  t.after(() => {
    socket.destroy();
    peer.destroy();
  });
  return { socket, peer };
}

/**
 * A test that asks both kinds of sockets.
 *
 * @param {string} name
 * @param {(socket: any, peer: net.Socket) => Promise<unknown>} ask returns what was seen
 * @param {object} [options] those of a net.Server
 */
function same(name, ask, options) {
  it(name, async (t) => {
    const seen = [];
    for (const isNative of [false, true]) {
      const { socket, peer } = await open(t, isNative, options);
      seen.push(await ask(socket, peer));
    }
    assert.deepStrictEqual(seen[1], seen[0]);
    assert.notStrictEqual(seen[0], undefined, 'the question has an answer');
  });
}

/** What can be read of a socket's state. */
function stateOf(socket) {
  const { allowHalfOpen, connecting, destroyed, pending, readable, readableEnded } = socket;
  const { readableFlowing, readyState, timeout, writable, writableEnded } = socket;
  const { bytesRead, bytesWritten, closed, errored, writableFinished, writableLength } = socket;
  return [
    { allowHalfOpen, connecting, destroyed, pending, readable, readableEnded },
    { readableFlowing, readyState, timeout, writable, writableEnded },
    { bytesRead, bytesWritten, closed, errored, writableFinished, writableLength },
  ];
}

/** The fields of an error that applications look at. */
function faultOf(error) {
  if (!(error instanceof Error)) return error ?? null;
  const { code, errno, message, name, syscall } = /** @type {any} */ (error);
  return { code, errno, message, name, syscall };
}

/** Everything that a stream brings, up to its end or failure. */
async function allOf(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Resolves at 'close', also after an error. */
function closing(socket) {
  return new Promise((resolve) => {
    socket.once('close', resolve);
  });
}

/** The events of a socket, with what matters of their arguments. */
function eventsOf(log) {
  return log.map(([name, ...args]) => [name, ...args.map(faultOf)]);
}

describe('A NativeSocket is a net.Socket', () => {
  it('by instanceof, and nothing of it is missing', async (t) => {
    const { socket } = await open(t, true);
    assert.ok(socket instanceof net.Socket);
    for (const name of Object.getOwnPropertyNames(net.Socket.prototype)) {
      assert.ok(name in socket, name);
    }
  });
});

describe('A NativeSocket has the same fields as a socket of Node', () => {
  same('when it is new', async (socket) => stateOf(socket));

  same('when it has received and sent', async (socket, peer) => {
    peer.write('hello');
    const [hello] = await once(socket, 'data');
    const written = new Promise((resolve) => socket.write('answer', resolve));
    const error = await written;
    await once(peer, 'data');
    return [`${hello}`, faultOf(error), stateOf(socket)];
  });

  same('when it has ended, and when it is closed', async (socket, peer) => {
    socket.end('bye');
    const ended = stateOf(socket);
    await allOf(peer);
    peer.end();
    socket.resume();
    await once(socket, 'close');
    return [ended, stateOf(socket)];
  });

  same('for addresses', async (socket, peer) => {
    const { address, remoteAddress, remoteFamily, remotePort, localAddress, localFamily } = socket;
    const { localPort } = socket;
    const own = { ...address.call(socket), port: 0 };
    const ports = [remotePort === peer.localPort, localPort === peer.remotePort];
    return { remoteAddress, remoteFamily, localAddress, localFamily, own, ports };
  });

  same('for addresses after it was destroyed', async (socket) => {
    const before = socket.remoteAddress;
    socket.destroy();
    const { remoteAddress, localAddress } = socket;
    return [before, remoteAddress, localAddress, socket.address()];
  });
});

describe('A NativeSocket reads as a socket of Node', () => {
  same('in chunks of text', async (socket, peer) => {
    socket.setEncoding('utf8');
    peer.end('grüße'.repeat(1000));
    let text = '';
    for await (const chunk of socket) text += chunk;
    return text;
  });

  same("by 'readable' and read()", async (socket, peer) => {
    const parts = [];
    socket.on('readable', () => {
      for (let part = socket.read(); part !== null; part = socket.read()) parts.push(part);
    });
    peer.write('one');
    await until(() => Buffer.concat(parts).length === 3);
    peer.end('two');
    await once(socket, 'end');
    return `${Buffer.concat(parts)}`;
  });

  same('by async iteration, which destroys it when it is left', async (socket, peer) => {
    peer.write('first');
    for await (const chunk of socket) {
      assert.equal(`${chunk}`, 'first');
      break;
    }
    await closing(socket);
    return [socket.destroyed, faultOf(socket.errored)];
  });

  same('nothing while it is paused, and everything after that', async (socket, peer) => {
    socket.pause();
    let heard = 0;
    socket.on('data', ({ length }) => {
      heard += length;
    });
    peer.end(Buffer.alloc(8 * MIB, 'x'));
    await until(() => socket.bytesRead > 0);
    // As soon as its buffer is full, the socket does not read: the peer can't send everything.
    const paused = heard;
    const isStuck = peer.writableLength > 0;
    socket.resume();
    await once(socket, 'end');
    return [paused, isStuck, heard, socket.bytesRead];
  });

  same('what a handler leaves for another turn', async (socket, peer) => {
    const chunks = [];
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      socket.pause();
      setImmediate(() => socket.resume());
    });
    peer.end(Buffer.alloc(MIB, 'y'));
    await once(socket, 'end');
    return Buffer.concat(chunks).equals(Buffer.alloc(MIB, 'y'));
  });
});

describe('A NativeSocket writes as a socket of Node', () => {
  same('in order, with callbacks in order', async (socket, peer) => {
    const order = [];
    socket.write('a', () => order.push(1));
    socket.write(Buffer.from('b'), () => order.push(2));
    socket.write('63', 'hex', () => order.push(3));
    socket.cork();
    socket.write('d');
    socket.write(new Uint8Array([101]), () => order.push(4));
    socket.uncork();
    socket.write('', () => order.push(5));
    socket.end('f', () => order.push(6));
    const text = `${await allOf(peer)}`;
    await until(() => order.length === 6);
    return [text, order, socket.bytesWritten];
  });

  same('much, with backpressure and drains', async (socket, peer) => {
    peer.pause();
    const chunk = Buffer.alloc(4 * MIB, 'z');
    const results = [socket.write(chunk), socket.write(chunk), socket.writableNeedDrain];
    const isWaiting = socket.writableLength > 0;
    let received = 0;
    peer.on('data', ({ length }) => {
      received += length;
    });
    peer.resume();
    await once(socket, 'drain');
    await until(() => received === 2 * chunk.length);
    return [results, isWaiting, socket.writableLength, socket.bytesWritten];
  });

  same('by pipe, both ways', async (socket, peer) => {
    socket.pipe(socket);
    const sent = Buffer.from(Array.from({ length: 3 * MIB }, (_, i) => i % 251));
    peer.end(sent);
    return [(await allOf(peer)).equals(sent), socket.bytesRead, socket.bytesWritten];
  });

  same('by pipeline, which tells of the end', async (socket, peer) => {
    const done = new Promise((resolve) => pipeline(socket, socket, (error) => resolve(error)));
    peer.end('through');
    return [`${await allOf(peer)}`, faultOf(await done)];
  });
});

describe('A NativeSocket ends as a socket of Node', () => {
  same('with its peer', async (socket, peer) => {
    const log = record(socket, EVENTS);
    socket.resume();
    peer.end('last');
    await once(socket, 'close');
    return [eventsOf(log), stateOf(socket)];
  });

  same(
    'later than its peer, if it may be half open',
    async (socket, peer) => {
      const log = record(socket, EVENTS);
      const closed = closing(socket);
      socket.resume();
      peer.end();
      await once(socket, 'end');
      const half = [socket.readyState, socket.writable];
      socket.end('more');
      const text = `${await allOf(peer)}`;
      await closed;
      return [half, text, eventsOf(log)];
    },
    { allowHalfOpen: true },
  );

  same('by destroy(), and refuses writes then', async (socket, peer) => {
    const log = record(socket, EVENTS);
    const closed = closing(socket);
    socket.destroy();
    const error = await new Promise((resolve) => socket.write('x', resolve));
    await closed;
    await allOf(peer);
    return [faultOf(error), eventsOf(log), stateOf(socket)];
  });

  same('by destroy() with an error', async (socket) => {
    const log = record(socket, EVENTS);
    socket.destroy(new Error('why'));
    await closing(socket);
    return eventsOf(log);
  });

  same('by destroySoon(), after its output', async (socket, peer) => {
    socket.write(Buffer.alloc(2 * MIB));
    socket.destroySoon();
    return (await allOf(peer)).length;
  });

  same('by an AbortSignal', async (socket) => {
    const log = record(socket, EVENTS);
    const aborting = new AbortController();
    addAbortSignal(aborting.signal, socket);
    aborting.abort();
    await closing(socket);
    return eventsOf(log);
  });

  same('by resetAndDestroy(), which the peer hears', async (socket, peer) => {
    const log = record(socket, EVENTS);
    const closed = closing(socket);
    const heard = once(peer, 'error');
    const result = socket.resetAndDestroy();
    const [error] = await heard;
    await closed;
    return [result === socket, error.code, eventsOf(log)];
  });

  same('when its peer resets the connection', async (socket, peer) => {
    const log = record(socket, EVENTS);
    socket.resume();
    peer.resetAndDestroy();
    await closing(socket);
    return [eventsOf(log), faultOf(socket.errored)];
  });

  same(
    'when it writes to a peer that is gone',
    async (socket, peer) => {
      const log = record(socket, ['error', 'close']);
      const closed = closing(socket);
      // It does not read, so the write finds out.
      socket.pause();
      peer.write(Buffer.alloc(8 * MIB));
      await until(() => !socket._handle.reading);
      peer.resetAndDestroy();
      await closing(peer);
      const codes = [];
      while (!socket.destroyed) {
        const error = await new Promise((resolve) => socket.write('x', resolve));
        if (error) codes.push([error.syscall, ['ECONNRESET', 'EPIPE'].includes(error.code)]);
      }
      await closed;
      return [codes, log.map(([name]) => name)];
    },
    { allowHalfOpen: true },
  );

  same('with an error for a write after its end', async (socket, peer) => {
    const log = record(socket, ['error', 'close']);
    const closed = closing(socket);
    socket.resume();
    socket.end();
    const error = await new Promise((resolve) => socket.write('late', resolve));
    peer.resume();
    await closed;
    return [faultOf(error), eventsOf(log)];
  });
});

describe('A NativeSocket has options as a socket of Node', () => {
  same("of idle time, with 'timeout' once for each silence", async (socket) => {
    let called = 0;
    assert.equal(
      socket.setTimeout(30, () => called++),
      socket,
    );
    await once(socket, 'timeout');
    const { timeout } = socket;
    socket.setTimeout(0);
    return [called, timeout, socket.timeout, socket.destroyed];
  });

  same('of TCP', async (socket) => [
    socket.setNoDelay() === socket,
    socket.setNoDelay(false) === socket,
    socket.setKeepAlive(true, 5000) === socket,
    socket.setKeepAlive(false) === socket,
    socket.ref() === socket,
    socket.unref() === socket,
  ]);
});

describe('A NativeSocket with a timeout', () => {
  it("emits no 'timeout' while bytes go", async (t) => {
    const { socket, peer } = await open(t, true);
    let silences = 0;
    socket.setTimeout(1000, () => silences++);
    socket.on('data', (chunk) => socket.write(chunk));
    const start = performance.now();
    while (performance.now() - start < 1500) {
      peer.write('tick');
      await once(peer, 'data');
    }
    assert.equal(silences, 0);
  });
});
