'use strict';

// A Peer in the dialect of npm `ws`: what its owner hears, and what goes onto the wire.

const assert = require('node:assert/strict');
const { AsyncResource } = require('node:async_hooks');
const { once } = require('node:events');
const net = require('node:net');
const { describe } = require('node:test');

const abi = require('../lib/internal/engine/abi');
const { engine } = require('../lib/internal/engine/engine');
const Peer = require('../lib/internal/peer/Peer');
const { showWritten } = require('../lib/internal/transport/showWritten');
const { it } = require('./support/connect');
const { until } = require('./support/events');
const frames = require('./support/frames');
const peerHooks = require('./support/peerHooks');

const OPTIONS = {
  dialect: abi.DIALECT_WS,
  masks: false,
  requiresMask: true,
  assemblesFragments: true,
  maxFrameSize: Number.POSITIVE_INFINITY,
  maxMessageSize: Number.POSITIVE_INFINITY,
  highWaterMark: 16384,
};

const COMPRESSION = {
  serverNoContextTakeover: true,
  clientNoContextTakeover: true,
  serverMaxWindowBits: 15,
  clientMaxWindowBits: 15,
  threshold: 4,
  level: -1,
  memLevel: 8,
};

/** Records what it hears. */
const HOOKS = {
  ...peerHooks,
  message(owner, data, isBinary) {
    owner.heard.push(['message', data, isBinary]);
    owner.onMessage();
    return true;
  },
  ping(owner, payload) {
    owner.heard.push(['ping', payload]);
    return false;
  },
  pong: (owner, payload) => owner.heard.push(['pong', payload]),
  closeRequested: (owner, code, reason) => owner.heard.push(['close frame', code, reason]),
  violation: (owner, violation, argument) => owner.heard.push(['violation', violation, argument]),
  socketEnd: (owner) => owner.heard.push(['end']),
  lossError: (wasDeflating) => new Error(wasDeflating ? 'not deflated' : 'not sent'),
};

/** A server's connection with such a Peer, and the raw socket of its client. */
class Pair {
  heard = [];
  phase = 'open';
  isPaused = false;
  onMessage = () => {};
  /** The frames that the client has received, each as its first byte, mask bit and payload. */
  received = [];

  /**
   * @param {net.Socket} socket
   * @param {net.Socket} client
   * @param {string} transport
   * @param {object} options
   */
  constructor(socket, client, transport, options) {
    this.socket = socket;
    this.client = client;
    const scope = new AsyncResource('TEST');
    this.peer = new Peer(
      this,
      HOOKS,
      socket,
      { transport },
      { ...OPTIONS, ...options },
      scope,
      true,
    );
    this.peer.start();
    const reader = new frames.FrameReader();
    client.on('data', (chunk) => {
      for (const { fin, rsv, opcode, masked, payload } of reader.push(chunk)) {
        const first = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
        this.received.push([first.toString(16), masked, payload.toString('latin1')]);
      }
    });
  }

  /**
   * Sends a client's frame.
   *
   * @param {number} opcode
   * @param {string | Buffer} payload
   * @param {object} [more]
   */
  write(opcode, payload, more) {
    this.client.write(frames.encode({ opcode, payload, masked: true, ...more }));
  }
}

/** @returns {Promise<Pair>} */
async function pair(t, transport, options = {}) {
  const server = net.createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {net.AddressInfo} */ (server.address());
  const client = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const [socket] = await once(server, 'connection');
  t.after(() => {
    server.close();
    for (const one of [client, socket]) one.destroy();
  });
  const both = new Pair(socket, client, transport, options);
  const isNative = transport === 'auto' && process.platform !== 'win32';
  if (isNative) await until(() => both.peer.transport === 'native');
  return both;
}

/**
 * Writes the output of a Peer.
 *
 * @returns {number} one byte more for Node's own part of the output
 */
function flushed({ slot }) {
  engine.flushLink(slot);
  return 1;
}

for (const transport of ['auto', 'stream']) {
  describe(`A Peer in the dialect of ws (${transport})`, () => {
    it('reports everything until the close frame of the other side', async (t) => {
      const both = await pair(t, transport);
      both.peer.send(frames.CLOSE, frames.closeBody(4000, 'mine'));
      both.write(frames.TEXT, 'text');
      both.write(frames.PING, 'ping');
      both.write(frames.CLOSE, frames.closeBody(4001, 'yours'));
      await until(() => both.heard.length === 3 && both.received.length === 1);
      assert.equal(both.client.readableEnded, false);
      both.write(frames.TEXT, 'late');
      both.client.end();
      await until(() => both.heard.at(-1)?.[0] === 'end');
      assert.deepEqual(both.heard, [
        ['message', 'text', false],
        ['ping', Buffer.from('ping')],
        ['close frame', 4001, Buffer.from('yours')],
        ['end'],
      ]);
      assert.deepEqual(both.received, [['88', false, '\x0f\xa0mine']]);
    });

    it('calls back for a close frame behind a message, and leaves TCP open', async (t) => {
      const both = await pair(t, transport);
      both.peer.send(frames.BINARY, Buffer.from('a'));
      await new Promise((resolve) => {
        both.peer.send(frames.CLOSE, Buffer.alloc(0), 0, resolve);
      });
      await until(() => both.received.length === 2);
      assert.deepEqual(both.received, [
        ['82', false, 'a'],
        ['88', false, ''],
      ]);
      assert.equal(both.client.readableEnded, false);
    });

    it('reports a violation with its detail, reads on and discards', async (t) => {
      const both = await pair(t, transport);
      both.write(frames.CLOSE, frames.closeBody(1005));
      both.client.write(Buffer.alloc(1 << 20));
      await until(() => both.heard.length === 1);
      both.peer.send(frames.CLOSE, frames.closeBody(1002));
      await until(() => both.received.length === 1);
      assert.deepEqual(both.received, [['88', false, '\x03\xea']]);
      both.client.end(Buffer.alloc(1 << 20));
      await until(() => both.heard.length === 2);
      assert.deepEqual(both.heard, [
        ['violation', abi.VIOLATION_INVALID_CLOSE_CODE, 1005],
        ['end'],
      ]);
    });

    it('reports texts as Buffers or strings, as its owner wishes', async (t) => {
      const both = await pair(t, transport, { textAsBytes: true });
      const long = 'é€'.repeat(5000);
      for (const text of ['', 'é', long]) {
        both.heard.length = 0;
        both.write(frames.TEXT, text);
        await until(() => both.heard.length === 1);
        assert.deepEqual(both.heard, [['message', Buffer.from(text), false]]);
      }
      engine.setTextAsBytes(both.peer.slot, false);
      both.heard.length = 0;
      both.write(frames.TEXT, long);
      both.write(frames.BINARY, 'bytes');
      await until(() => both.heard.length === 2);
      assert.deepEqual(both.heard, [
        ['message', long, false],
        ['message', Buffer.from('bytes'), true],
      ]);
    });

    it('sends the fragments of a message, and bytes as text', async (t) => {
      const both = await pair(t, transport);
      both.peer.send(frames.BINARY, Buffer.from('a'), abi.SEND_AS_TEXT | abi.SEND_MORE);
      both.peer.send(frames.PING, Buffer.from('p'));
      both.peer.send(frames.TEXT, 'é', abi.SEND_MORE);
      both.peer.send(frames.BINARY, Buffer.from('c'));
      both.peer.send(frames.BINARY, Buffer.from('d'), abi.SEND_AS_TEXT);
      await until(() => both.received.length === 5);
      assert.deepEqual(both.received, [
        ['1', false, 'a'],
        ['89', false, 'p'],
        ['0', false, Buffer.from('é').toString('latin1')],
        ['80', false, 'c'],
        ['81', false, 'd'],
      ]);
    });

    it('deflates the fragments of a message as one stream', async (t) => {
      const both = await pair(t, transport, { compression: COMPRESSION });
      both.peer.send(frames.TEXT, 'Hello', abi.SEND_MORE);
      both.peer.send(frames.TEXT, '');
      both.peer.send(frames.TEXT, 'abc', abi.SEND_MORE);
      both.peer.send(frames.TEXT, 'Hello');
      const error = await new Promise((resolve) => {
        both.peer.send(frames.TEXT, 'Hello', abi.SEND_PLAIN, resolve);
      });
      assert.equal(error ?? null, null);
      await until(() => both.received.length === 5);
      assert.deepEqual(both.received, [
        ['41', false, Buffer.from('f248cdc9c907000000ffff', 'hex').toString('latin1')],
        ['80', false, '\0'],
        ['1', false, 'abc'],
        ['80', false, 'Hello'],
        ['81', false, 'Hello'],
      ]);
    });

    it('tells what waited to be deflated when its socket was destroyed', async (t) => {
      const both = await pair(t, transport, { compression: COMPRESSION });
      const errors = [];
      const send = (flags) => {
        both.peer.send(frames.TEXT, 'Hello'.repeat(1000), flags, (error) => errors.push(error));
      };
      for (const flags of [abi.SEND_PLAIN, 0, abi.SEND_PLAIN, 0]) send(flags);
      both.socket.destroy();
      await until(() => errors.length === 4);
      const words = errors.map((error) => error?.message ?? null);
      assert.deepEqual(words, [null, 'not deflated', 'not deflated', 'not deflated']);
    });

    it('closes when it is resumed, although it was paused between two resumes', async (t) => {
      const both = await pair(t, transport);
      both.peer.pauseSocket(false);
      both.peer.resumeSocket(false);
      both.peer.pauseSocket(false);
      // Node emits 'resume' all the same.
      await new Promise(setImmediate);
      both.socket.destroy();
      await once(both.socket, 'close');
      both.peer.resumeSocket(true);
      await until(() => both.phase === 'closed');
    });

    it('masks a frame against its role, with the key that it was given', async (t) => {
      const both = await pair(t, transport);
      const wire = [];
      both.client.on('data', (chunk) => wire.push(chunk));
      engine.setMaskKey(both.peer.slot, Buffer.from([1, 2, 3, 4]));
      both.peer.send(frames.BINARY, Buffer.alloc(4), abi.SEND_MASKED);
      engine.setMaskKey(both.peer.slot, Buffer.from([5, 6, 7, 8]));
      const error = await new Promise((resolve) => {
        both.peer.send(frames.PONG, Buffer.from('a'), abi.SEND_MASKED, resolve);
      });
      assert.equal(error ?? null, null);
      both.peer.send(frames.PONG, Buffer.from('a'));
      await until(() => both.received.length === 3);
      const sent = ['8284', '01020304', '01020304', '8a81', '05060708', '64', '8a01', '61'];
      assert.equal(Buffer.concat(wire).toString('hex'), sent.join(''));
    });

    it('reports the fragments of binary messages, if its owner wants them', async (t) => {
      const both = await pair(t, transport);
      engine.setKeepsFragments(both.peer.slot, true);
      const long = Buffer.alloc(100_000, 'long');
      both.write(frames.BINARY, 'whole');
      await until(() => both.heard.length === 1);
      both.write(frames.BINARY, 'a', { fin: false });
      both.write(frames.CONTINUATION, '', { fin: false });
      both.write(frames.CONTINUATION, long);
      await until(() => both.heard.length === 2);
      both.write(frames.BINARY, '');
      both.write(frames.TEXT, 'text');
      await until(() => both.heard.length === 4);
      assert.deepEqual(both.heard, [
        ['message', [Buffer.from('whole')], true],
        ['message', [Buffer.from('a'), long], true],
        ['message', [], true],
        ['message', 'text', false],
      ]);
    });

    it('writes its output at once, if it is asked to', async (t) => {
      const both = await pair(t, transport);
      if (both.peer.transport === 'stream') return;
      const { slot } = both.peer;
      const amounts = [];
      both.onMessage = () => {
        // Within a delivery, output waits for the end of the turn.
        both.peer.send(frames.TEXT, 'answer');
        amounts.push(engine.bufferedAmount(slot));
        engine.flushLink(slot);
        amounts.push(engine.bufferedAmount(slot));
      };
      both.write(frames.TEXT, 'question');
      await until(() => both.received.length === 1);
      assert.deepEqual(amounts, [8, 0]);
      // More than the kernel takes, because the client does not read.
      both.client.pause();
      both.peer.send(frames.BINARY, Buffer.alloc(64 << 20));
      engine.flushLink(slot);
      const waiting = engine.bufferedAmount(slot);
      assert.ok(waiting > 0 && waiting < 64 << 20, `${waiting} bytes wait`);
      both.client.resume();
      await until(() => both.received.length === 2);
      assert.equal(engine.bufferedAmount(slot), 0);
    });

    it('calls back for what a question about the output has written', async (t) => {
      const both = await pair(t, transport);
      for (let i = 0; i < 20; i++) {
        // Outside of a delivery, where nothing else looks for events.
        await new Promise((resolve) => setTimeout(resolve, 1));
        await new Promise((resolve) => {
          both.peer.send(frames.TEXT, 'a', 0, resolve);
          both.peer.writeNow();
        });
      }
      both.write(frames.TEXT, 'b');
      await until(() => both.heard.length === 1);
    });

    it('shows unsent bytes in a field that Node changes, too', async (t) => {
      const both = await pair(t, transport);
      if (both.peer.transport === 'stream') return;
      showWritten(both.peer);
      const { _writableState: state } = /** @type {any} */ (both.socket);
      const lengths = [];
      both.onMessage = () => {
        both.peer.send(frames.TEXT, 'answer');
        lengths.push(state.length);
        // The output leaves while Node changes the length.
        state.length += flushed(both.peer);
        lengths.push(state.length);
        state.length--;
        lengths.push(state.length);
      };
      both.write(frames.TEXT, 'question');
      await until(() => both.received.length === 1);
      assert.deepEqual(lengths, [0, 1, 0]);
    });

    it('keeps little memory for a short message, and all that it holds', async (t) => {
      const both = await pair(t, transport, { textAsBytes: true });
      const payloads = Array.from({ length: 2000 }, (_, i) => `${i} `.repeat(1 + (i % 40)));
      payloads.push('', 'a'.repeat(4096), 'b'.repeat(4097), 'c'.repeat(4096));
      for (const payload of payloads) both.write(frames.TEXT, payload);
      both.write(frames.PING, 'ping');
      await until(() => both.heard.at(-1)?.[0] === 'ping');
      const heard = both.heard.map((event) => event.find(Buffer.isBuffer));
      assert.deepEqual(heard.map(String), [...payloads, 'ping']);
      for (const { buffer } of heard) assert.ok(buffer.byteLength <= 16384, `${buffer.byteLength}`);
    });

    it('takes any bytes as text where UTF-8 is not checked', async (t) => {
      const both = await pair(t, transport, { checksUtf8: false });
      const invalid = Buffer.from('61ff'.repeat(200), 'hex');
      both.write(frames.TEXT, invalid);
      both.write(frames.CLOSE, Buffer.from('03e8ff', 'hex'));
      await until(() => both.heard.length === 2);
      assert.deepEqual(both.heard, [
        ['message', invalid.toString(), false],
        ['close frame', 1000, Buffer.from('ff', 'hex')],
      ]);
    });
  });
}
