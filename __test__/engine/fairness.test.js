'use strict';

// No connection and no handler starves the others.

const assert = require('node:assert');
const { once } = require('node:events');
const net = require('node:net');
const { describe, it } = require('node:test');
const { WebSocket } = require('ws');

const Program = require('./program');
const { HANDSHAKE, binary, onTexts, text } = require('./raw');

// The most messages of one connection that the kernel, Node and the engine may hold ahead of
// another.
const MOST_AHEAD = { auto: 2 ** 17, stream: 2 ** 18 };

for (const transport of ['auto', 'stream']) {
  describe(`Fairness, transport '${transport}'`, () => {
    it('serves a connection while another one floods', async (t) => {
      const questions = 30;
      // One I/O thread serves both.
      const env = { WEBSOCKET_NATIVE_THREADS: '1' };
      const program = new Program(t, 'fair.js', [transport, String(questions)], { env });
      const { port } = new URL(await program.next());
      await flood(t, port);
      const asking = ask(t, port);
      const between = await program.next();
      assert.strictEqual(between.length, questions);
      const median = between.sort((a, b) => a - b)[questions / 2];
      assert.ok(median < MOST_AHEAD[transport], `${median} messages between two answers`);
      // The flood went on all the time.
      assert.ok(median > 0);
      asking.destroy();
    });

    it('gives the event loop its turns while there is always another message', async (t) => {
      const program = new Program(t, 'turns.js', [transport]);
      const given = await program.next();
      // Each message takes at least a millisecond.
      assert.ok(given < 500, `${given} messages in one turn`);
      assert.strictEqual(await program.ending(), 'status 0');
    });
  });
}

describe('Handlers that take no time', () => {
  const skip = process.platform === 'win32' && 'no connection is native here';

  it('do not delay the output of more than 512 earlier ones', { skip }, async (t) => {
    const program = new Program(t, 'quick.js');
    const waited = await program.next();
    const answer = 3;
    // The first message comes alone.
    assert.ok(waited > 0 && waited <= (1 + 512) * answer, `${waited} bytes waited`);
    assert.strictEqual(await program.ending(), 'status 0');
  });
});

describe('JavaScript that was stuck', () => {
  it('gets everything in order when it goes on', async (t) => {
    const connections = 80;
    const messages = 400;
    const program = new Program(t, 'stuck.js', [String(connections), String(messages)]);
    const url = await program.next();
    const peers = Array.from({ length: connections }, () => new WebSocket(url));
    t.after(() => {
      for (const peer of peers) peer.terminate();
    });
    for (const peer of peers) peer.on('open', () => peer.send('here'));
    assert.strictEqual(await program.next(), 'stuck');
    const sent = peers.map((peer) => sendNumbered(peer, messages));
    assert.deepStrictEqual(await program.next(), { inOrder: connections * messages });
    await Promise.all(sent);
  });
});

/** Sends small binary messages as fast as TCP takes them. */
async function flood(t, port) {
  const socket = net.connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  socket.on('error', () => {});
  socket.write(HANDSHAKE);
  await once(socket, 'data');
  const thousand = Buffer.concat(new Array(1000).fill(binary(Buffer.alloc(58))));
  const more = () => {
    while (socket.write(thousand));
  };
  socket.on('drain', more);
  more();
}

/** Sends a text, and another one after each answer. */
function ask(t, port) {
  const socket = net.connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  socket.on('error', () => {});
  const question = text('?');
  onTexts(socket, () => socket.write(question));
  socket.write(HANDSHAKE);
  socket.write(question);
  return socket;
}

/** Sends numbered messages. Resolves when the kernel has all of them. */
async function sendNumbered(peer, messages) {
  for (let i = 0; i < messages; i++) {
    const data = Buffer.alloc(4000);
    data.writeUInt32BE(i);
    await new Promise((resolve, reject) => {
      peer.send(data, (error) => (error ? reject(error) : resolve()));
    });
  }
}
