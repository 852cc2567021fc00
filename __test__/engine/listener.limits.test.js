'use strict';

// Listeners of the engine, each in a process of its own, where something is scarce or ends.

const assert = require('node:assert');
const { once } = require('node:events');
const net = require('node:net');
const os = require('node:os');
const { describe, it } = require('node:test');

const Program = require('./program');
const { HANDSHAKE } = require('./raw');

const WITHOUT_PROC = process.platform === 'linux' ? false : 'needs /proc';
/** Peers with half a head. Each needs a descriptor in this process and in the other one. */
const HALF_OPEN = 10000;
const OTHERS = 200;
const ENOUGH_DESCRIPTORS = `ulimit -n ${HALF_OPEN + 1000} && exec "$@"`;

/** A client that has connected and sent this. */
async function connected(t, target, bytes) {
  const socket = net.connect(target);
  socket.on('error', () => {});
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  socket.write(bytes);
  return socket;
}

describe('A listener of the engine', { skip: WITHOUT_PROC }, () => {
  it('says once that it has no descriptors left, tries without haste, and goes on', async (t) => {
    const launcher = ['sh', '-c', 'ulimit -n 256 && exec "$@"', 'sh'];
    const program = new Program(t, 'listening.js', [], { launcher });
    const target = await program.next();
    await connected(t, target, HANDSHAKE);
    for (let round = 0; round < 2; round++) {
      assert.strictEqual(await program.next(), 'full');
      const peer = await connected(t, target, HANDSHAKE);
      const { errno, told, cost } = await program.next();
      assert.deepStrictEqual({ errno, told }, { errno: os.constants.errno.EMFILE, told: 0 });
      assert.ok(cost < 300, `a second cost ${cost} ms`);
      assert.strictEqual(`${await once(peer, 'data')}`, 'welcome');
      peer.end();
    }
    assert.strictEqual(await program.ending(), 'status 0');
  });

  it(`serves others beside ${HALF_OPEN} peers with half a head, which cost little`, async (t) => {
    const launcher = ['sh', '-c', ENOUGH_DESCRIPTORS, 'sh'];
    const flags = ['--expose-gc'];
    const program = new Program(t, 'halfOpen.js', [HALF_OPEN, OTHERS], { launcher, flags });
    const target = await program.next();
    await visit();
    assert.strictEqual(await program.next(), 'ready');
    program.proceed();
    const half = HANDSHAKE.slice(0, HANDSHAKE.length / 2);
    const peers = [];
    while (peers.length < HALF_OPEN) {
      peers.push(
        ...(await Promise.all(Array.from({ length: 100 }, () => connected(t, target, half)))),
      );
    }
    const { bytes } = await program.next();
    t.diagnostic(`${Math.round(bytes)} bytes for each`);
    assert.ok(bytes < 2048, `${bytes} bytes for each`);
    await visit();
    const { costs } = await program.next();
    t.diagnostic(`${OTHERS} others cost ${costs.map(Math.round)} ms before and meanwhile`);
    assert.ok(costs[1] < 3 * costs[0] + 100, `${costs}`);
    assert.deepStrictEqual(await program.next(), { over: HALF_OPEN });
    assert.strictEqual(await program.ending(), 'status 0');

    /** The handshakes of others, one after another. */
    async function visit() {
      for (let count = 0; count < OTHERS; count++) {
        const socket = await connected(t, target, HANDSHAKE);
        assert.strictEqual(`${await once(socket, 'data')}`, 'welcome');
        socket.destroy();
      }
    }
  });

  it('ends with its worker thread, and all of its connections', async (t) => {
    const program = new Program(t, 'listeningWorkers.js', ['10']);
    for (let round = 0; round < 10; round++) {
      assert.deepStrictEqual(await program.next(), { ended: 40 });
    }
    assert.strictEqual(await program.ending(), 'status 0');
  });
});
