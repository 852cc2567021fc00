'use strict';

// The engine's duplicates of sockets' descriptors: given back, not inherited, and done without when there
// are none to be had.

const assert = require('node:assert');
const { once } = require('node:events');
const net = require('node:net');
const { describe, it } = require('node:test');

const Program = require('./program');
const { CLOSE, HANDSHAKE, onTexts, text } = require('./raw');

const WITHOUT_PROC = process.platform === 'linux' ? false : 'needs /proc';

describe('Descriptors', { skip: WITHOUT_PROC }, () => {
  for (const [transport, each] of [
    ['auto', 4],
    ['stream', 2],
  ]) {
    for (const how of ['close', 'drop', 'destroy']) {
      it(`are all given back after 200 connections, by ${how}, transport '${transport}'`, async (t) => {
        const program = new Program(t, 'descriptors.js', [transport, how]);
        // Both ends are in that process.
        assert.deepStrictEqual(await program.next(), { during: each * 200 });
        assert.deepStrictEqual(await program.next(), { after: 0 });
        assert.strictEqual(await program.ending(), 'status 0');
      });
    }
  }

  it('are not inherited by child processes', async (t) => {
    const program = new Program(t, 'inheritance.js');
    assert.deepStrictEqual(await program.next(), { adopted: 2, inherited: 0 });
    assert.strictEqual(await program.ending(), 'status 0');
  });
});

describe('A connection that is accepted when the process runs out of descriptors', () => {
  const LIMITED = ['sh', '-c', 'ulimit -n 64 && exec "$@"', 'sh'];
  const MESSAGES = 100;
  // A descriptor for the socket, and what the first I/O thread needs.
  const ENOUGH = 8;

  it('works on the stream transport and loses nothing', { skip: WITHOUT_PROC }, async (t) => {
    const env = { WEBSOCKET_NATIVE_THREADS: '1' };
    const program = new Program(t, 'shortage.js', [], { launcher: LIMITED, env });
    const { port } = new URL(await program.next());
    const transports = [];
    for (let left = 0; left <= ENOUGH; left++) {
      const answers = await converse(port);
      const texts = answers.map((answer) => answer.split(' ')[1]);
      assert.deepStrictEqual(texts, messages(), `with ${left} left`);
      transports.push(answers.at(-1).split(' ')[0]);
      assert.strictEqual(await program.next(), 1000);
    }
    assert.strictEqual(transports[0], 'stream');
    assert.strictEqual(transports[ENOUGH], 'native');
  });

  /** Sends everything at once, the handshake included, and gives the answers. */
  async function converse(port) {
    const socket = net.connect(port, '127.0.0.1');
    // What matters is which answers there were.
    socket.on('error', () => {});
    const answers = [];
    onTexts(socket, (answer) => {
      if (answers.push(answer) === MESSAGES) socket.write(CLOSE);
    });
    socket.write(HANDSHAKE);
    for (const message of messages()) socket.write(text(message));
    await once(socket, 'close');
    return answers;
  }

  function messages() {
    return Array.from({ length: MESSAGES }, (_, i) => (i === MESSAGES - 2 ? 'free' : `${i}`));
  }
});
