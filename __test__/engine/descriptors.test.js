'use strict';

// The engine uses the descriptors of Node's sockets while the sockets own them. It opens its own
// only to linger and in worker threads. It never uses a closed one, whose number may belong to
// another connection.

const assert = require('node:assert');
const { once } = require('node:events');
const net = require('node:net');
const { describe, it } = require('node:test');

const Program = require('./program');
const { CLOSE, HANDSHAKE, onTexts, text } = require('./raw');

const WITHOUT_PROC = process.platform === 'linux' ? false : 'needs /proc';

describe('Descriptors', { skip: WITHOUT_PROC }, () => {
  for (const transport of ['auto', 'stream']) {
    for (const how of ['close', 'drop', 'destroy']) {
      it(`are all released after 200 connections, by ${how}, transport '${transport}'`, async (t) => {
        const program = new Program(t, 'descriptors.js', [transport, how]);
        // Both ends of each connection are in that process.
        assert.deepStrictEqual(await program.next(), { during: 2 * 200 });
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

describe('A process that may have 256 descriptors', () => {
  const LIMITED = ['sh', '-c', 'ulimit -n 256 && exec "$@"', 'sh'];

  it('has 225 connections on the native transport', { skip: WITHOUT_PROC }, async (t) => {
    const env = { WEBSOCKET_NATIVE_THREADS: '1' };
    const program = new Program(t, 'crowd.js', [], { launcher: LIMITED, env });
    const { port } = new URL(await program.next());
    for (let i = 0; i < 225; i++) {
      const peer = new Peer(t, port);
      peer.socket.write(text('which'));
      assert.strictEqual(await peer.answer(), 'native', `the ${i + 1}th`);
    }
  });
});

describe('A descriptor whose number was given to another connection', () => {
  const ROUNDS = 40;
  const WAYS = 'cdDesruhR';

  it('is not used for the first connection, however that was closed', async (t) => {
    const program = new Program(t, 'reuse.js');
    const { port } = new URL(await program.next());
    const strangers = [];
    for (let round = 0; round < ROUNDS; round++) {
      const visits = [...WAYS].map((way) => visit(`${round}${way}`, way));
      await Promise.all(visits);
    }
    program.proceed();
    const connections = ROUNDS * WAYS.length;
    const transports = { native: connections };
    assert.deepStrictEqual(await program.next(), { transports, met: true, left: 0 });
    assert.deepStrictEqual(strangers, []);
    assert.strictEqual(await program.ending(), 'status 0');

    /** A peer that sends its name a few times, and then how the connection is to be closed. */
    async function visit(name, way) {
      const peer = new Peer(t, port, (answer) => {
        if (answer !== name) strangers.push(`${name} heard ${answer}`);
      });
      for (let i = 0; i < 3; i++) {
        peer.socket.write(text(name));
        await peer.answer();
      }
      peer.socket.write(Buffer.concat([text(name), text(`${name} ${way}`), text(name)]));
      peer.socket.end();
      await peer.closed;
    }
  });
});

/** A raw client. It ignores errors. */
class Peer {
  constructor(t, port, onText = () => {}) {
    this.answers = [];
    this.socket = net.connect(port, '127.0.0.1');
    this.closed = new Promise((resolve) => this.socket.once('close', resolve));
    t.after(() => this.socket.destroy());
    this.socket.on('error', () => {});
    onTexts(this.socket, (answer) => {
      onText(answer);
      this.answers.push(answer);
      this.socket.emit('answer');
    });
    this.socket.write(HANDSHAKE);
  }

  /**
   * @returns {Promise<string | undefined>} the next answer, or undefined if the connection has
   *   ended
   */
  async answer() {
    while (this.answers.length === 0 && !this.socket.destroyed) {
      await Promise.race([once(this.socket, 'answer'), this.closed]);
    }
    return this.answers.shift();
  }
}

describe('A connection that is accepted when the process has no descriptors left', () => {
  const LIMITED = ['sh', '-c', 'ulimit -n 64 && exec "$@"', 'sh'];
  const MESSAGES = 100;
  // One descriptor for the socket, and those that the first I/O thread needs.
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

  /** Sends everything at once, with the handshake, and returns the answers. */
  async function converse(port) {
    const socket = net.connect(port, '127.0.0.1');
    // Only the answers matter.
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
