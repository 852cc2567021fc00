'use strict';

// What compression costs a process with many connections, and how it ends with the process.

const assert = require('node:assert');
const { on, once } = require('node:events');
const net = require('node:net');
const { describe, it } = require('node:test');
const { WebSocketServer } = require('ws');

const { Codec, noise } = require('../support/deflate');
const { BINARY, CLOSE, FrameReader, TEXT, closeBody, encode } = require('../support/frames');
const { handshake, readHead } = require('../support/http');
const Program = require('./program');

const TRANSPORTS = ['auto', 'stream'];
const MIB = 1024 * 1024;

/** With these settings resident memory is the memory in use. See memory.test.js. */
const flags = ['--expose-gc', '--max-semi-space-size=1'];
const env = { MALLOC_ARENA_MAX: '1', WEBSOCKET_NATIVE_THREADS: '1' };

const CONNECTIONS = 1000;
/** More than the history of either side holds, without repetitions. */
const SIZE = 40000;

const FORGETFUL = { serverNoContextTakeover: true, clientNoContextTakeover: true, threshold: 0 };
const REMEMBERING = { threshold: 0 };

/** A few zlib states of 380 KB each, and the noise of the measurement. */
const SHARED = 8 * MIB;
/** From docs/server.md: 32 KiB of received data and 8 KiB of sent data. */
const KEPT = 41 * 1024;

describe('The memory of a thousand idle connections that have compressed', () => {
  for (const transport of TRANSPORTS) {
    it(`equals that of plain ones without context takeover, transport '${transport}'`, async (t) => {
      const plain = await measure(t, transport, false);
      const forgetful = await measure(t, transport, FORGETFUL);
      const remembering = await measure(t, transport, REMEMBERING);
      t.diagnostic(`${[plain, forgetful, remembering].map((it) => (it / MIB).toFixed(1))} MiB`);
      assert.ok(forgetful < plain + SHARED, `${forgetful / MIB} and ${plain / MIB} MiB`);
      const most = plain + SHARED + CONNECTIONS * KEPT;
      assert.ok(remembering < most, `${remembering / MIB} and ${plain / MIB} MiB`);
    });
  }
});

describe('Memory', () => {
  for (const transport of TRANSPORTS) {
    it(`is released by connections that end amid compression, transport '${transport}'`, async (t) => {
      const program = new Program(t, 'abandon-deflated.js', [transport, '150', '4'], {
        flags,
        env,
      });
      const sizes = [];
      for (let i = 0; i < 4; i++) sizes.push(await program.next());
      const growth = sizes[3] - sizes[1];
      t.diagnostic(`${sizes.map((it) => (it / MIB).toFixed(1))} MiB`);
      assert.ok(growth < SHARED, `grew by ${growth / MIB} MiB from the 300th to the 600th`);
      assert.strictEqual(await program.ending(), 'status 0');
    });
  }
});

describe('A compressed message sent right before process.exit()', () => {
  for (const transport of TRANSPORTS) {
    for (const [connections, messages, size] of [
      [1, 1, 100],
      [1, 20, 20000],
      [5, 4, 50000],
    ]) {
      for (const from of ['a handler', 'a fresh turn', 'an exit listener', 'close']) {
        const what = `${messages} of ${size} from each of ${connections}, sent from ${from}`;
        it(`reaches the peer, transport '${transport}': ${what}`, async (t) => {
          const { received, url } = await collect(t, connections);
          const args = [url, transport, connections, messages, from, size].map(String);
          const program = new Program(t, 'farewell.js', args);
          const expected = Array.from({ length: messages }, (_, i) =>
            `farewell ${i}`.padEnd(size, ` ${i}`),
          );
          for (const { texts, code } of await received) {
            assert.deepStrictEqual(texts, expected);
            assert.strictEqual(code, from === 'close' ? 4001 : 1006);
          }
          assert.strictEqual(await program.ending(), 'status 7');
        });
      }
    }
  }
});

describe('A process with only a paused connection, whose socket is unref()ed', () => {
  for (const transport of TRANSPORTS) {
    for (const when of transport === 'stream' ? ['message', 'data'] : ['message']) {
      it(`ends although messages are being inflated, transport '${transport}', at '${when}'`, async (t) => {
        const { server, url } = await listen(t);
        server.on('connection', (peer) => {
          peer.on('error', () => {});
          peer.on('message', () => {
            for (let i = 0; i < 20; i++) peer.send('x'.repeat(3000));
          });
        });
        const program = new Program(t, 'paused.js', [url, transport, when]);
        assert.strictEqual(await program.ending(), 'status 0');
      });
    }
  }
});

describe('A peer that floods with messages that are slow to inflate', () => {
  for (const transport of TRANSPORTS) {
    it(`does not make memory grow beyond what may wait, transport '${transport}'`, async (t) => {
      const program = new Program(t, 'flooded.js', [transport], { env });
      const { port } = new URL(await program.next());
      const sent = await flood(t, port, 100 * MIB);
      const { count, growth } = await program.next();
      t.diagnostic(`${(growth / MIB).toFixed(1)} MiB`);
      assert.strictEqual(count, sent);
      assert.ok(growth < 50 * MIB, `${growth / MIB} MiB`);
    });
  }
});

describe('A long message that is being deflated', () => {
  for (const transport of TRANSPORTS) {
    it(`does not delay other connections, transport '${transport}'`, async (t) => {
      const program = new Program(t, 'long.js', [transport], { env });
      const { port } = new URL(await program.next());
      const [long, other] = [await shakeHands(t, port), await shakeHands(t, port)];
      const said = encode({ opcode: TEXT, payload: 'hi', masked: true });
      let answers = 0;
      other.on('data', () => {
        answers += 1;
        other.write(said);
      });
      long.write(encode({ opcode: BINARY, masked: true }));
      // The long message is being deflated now. The answer to this one comes after it.
      assert.strictEqual(await program.next(), 'sent');
      other.write(said);
      await once(long, 'data');
      t.diagnostic(`${answers} answers`);
      assert.ok(answers >= 20, `${answers} answers before the message`);
    });
  }
});

/** The memory of a server with `count` connections, each of which has echoed a message. */
async function measure(t, transport, perMessageDeflate) {
  const args = [transport, String(CONNECTIONS), JSON.stringify(perMessageDeflate)];
  const program = new Program(t, 'idle.js', args, { flags, env });
  const { port } = new URL(await program.next());
  const extensions = perMessageDeflate ? 'permessage-deflate' : undefined;
  // All connections use the same frame, because the first message depends on no history.
  const payload = perMessageDeflate ? new Codec().deflate(noise(SIZE)) : noise(SIZE);
  const rsv = perMessageDeflate ? 4 : 0;
  const message = encode({ opcode: BINARY, rsv, payload, masked: true });
  const sockets = [];
  for (let i = 0; i < CONNECTIONS; i++) sockets.push(await visit(port, extensions, message));
  const size = await program.next();
  for (const socket of sockets) socket.destroy();
  program.child.kill();
  return size;
}

/** Connects, sends the message and waits for its echo. */
async function visit(port, extensions, message) {
  const socket = net.connect(port, '127.0.0.1');
  socket.write(handshake({ 'Sec-WebSocket-Extensions': extensions }));
  socket.write(message);
  const reader = new FrameReader();
  let head = '';
  let opcode;
  for await (const [chunk] of on(socket, 'data')) {
    let bytes = chunk;
    if (!head.includes('\r\n\r\n')) {
      head += chunk.toString('latin1');
      if (!head.includes('\r\n\r\n')) continue;
      bytes = Buffer.from(head.slice(head.indexOf('\r\n\r\n') + 4), 'latin1');
    }
    [opcode] = reader.push(bytes).map(({ opcode }) => opcode);
    if (opcode !== undefined) break;
  }
  return socket;
}

/** A raw client with negotiated compression. */
async function shakeHands(t, port) {
  const socket = net.connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  socket.on('error', () => {});
  socket.write(handshake({ 'Sec-WebSocket-Extensions': 'permessage-deflate' }));
  const { status } = await readHead(socket);
  assert.strictEqual(status, 101);
  return socket;
}

/**
 * Sends `size` bytes of short messages, and closes. The first fills the window. Each later block
 * makes zlib read the window again.
 */
async function flood(t, port, size) {
  const socket = await shakeHands(t, port);
  socket.resume();
  const compressed = (...blocks) =>
    encode({ opcode: BINARY, rsv: 4, payload: Buffer.concat(blocks), masked: true });
  const first = compressed(stored(noise(SIZE)), Buffer.from([0]));
  const ends = new Array(8).fill(Buffer.from([3, 0]));
  const short = compressed(stored(noise(200)), ...ends, Buffer.from([0]));
  const many = Buffer.concat(new Array(1000).fill(short));
  socket.write(first);
  let sent = 1;
  for (let bytes = 0; bytes < size; bytes += many.length) {
    if (!socket.write(many)) await once(socket, 'drain');
    sent += 1000;
  }
  socket.write(encode({ opcode: CLOSE, payload: closeBody(1000), masked: true }));
  return sent;
}

/** A deflate block that stores these bytes uncompressed (RFC 1951 §3.2.4). */
function stored(data) {
  const header = Buffer.alloc(5);
  header.writeUInt16LE(data.length, 1);
  header.writeUInt16LE(data.length ^ 0xffff, 3);
  return Buffer.concat([header, data]);
}

/** A server of ws. */
async function listen(t) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: true });
  t.after(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  await once(server, 'listening');
  return { server, url: `ws://127.0.0.1:${server.address().port}/` };
}

/**
 * A server of ws. `received` resolves with the texts and the close code of each of `count`
 * connections.
 */
async function collect(t, count) {
  const { server, url } = await listen(t);
  const received = new Promise((resolve) => {
    const all = [];
    server.on('connection', (peer) => {
      const texts = [];
      peer.on('message', (data) => texts.push(data.toString()));
      // The kernel may reset the connections when the process ends.
      peer.on('error', () => {});
      peer.on('close', (code) => {
        if (all.push({ texts, code }) === count) resolve(all);
      });
      peer.send('go');
    });
  });
  return { received, url };
}
