'use strict';

// Every worker thread has its own engine. All engines share the I/O threads.

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');
const { WebSocketServer } = require('ws');

const Program = require('./program');

const WITHOUT_PROC = process.platform === 'linux' ? false : 'needs /proc';
const MIB = 1024 * 1024;

describe('Worker threads', () => {
  for (const transport of ['auto', 'stream']) {
    for (const how of ['shutDown', 'client destroys']) {
      it(`exchange messages and end by themselves, 16 at once: ${how}, '${transport}'`, async (t) => {
        const program = new Program(t, 'crew.js', ['16', 'settle.js', transport, how]);
        const counts = { opened: 0, echoed: 0, closed: 0 };
        for (let i = 0; i < 32; i++) {
          for (const [name, count] of Object.entries(await program.next())) counts[name] += count;
        }
        assert.deepStrictEqual(counts, { opened: 160, echoed: 800, closed: 160 });
        assert.strictEqual(await program.ending(), 'status 0');
      });
    }

    it(`survive a handler's exception, '${transport}'`, async (t) => {
      const program = new Program(t, 'crew.js', ['2', 'throwing.js', transport, 'message']);
      for (let i = 0; i < 2; i++) {
        const { caught, seen } = await program.next();
        assert.strictEqual(caught.length, 20);
        assert.strictEqual(seen, 200);
      }
      assert.strictEqual(await program.ending(), 'status 0');
    });

    it(`may send and call process.exit() at once, '${transport}'`, async (t) => {
      const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
      t.after(() => server.close());
      await once(server, 'listening');
      const url = `ws://127.0.0.1:${server.address().port}/`;
      const texts = [];
      server.on('connection', (peer) => {
        peer.on('error', () => {});
        peer.on('message', (data) => texts.push(data.toString()));
        peer.send('go');
      });
      const farewell = ['farewell.js', url, transport, '1', '10', 'a handler'];
      const program = new Program(t, 'crew.js', ['1', ...farewell]);
      assert.strictEqual(await program.ending(), 'status 7');
      while (server.clients.size > 0) await once([...server.clients][0], 'close');
      assert.deepStrictEqual(
        texts,
        Array.from({ length: 10 }, (_, i) => `farewell ${i}`),
      );
    });

    it(`may be terminated amid traffic, without leaks, '${transport}'`, {
      skip: WITHOUT_PROC,
    }, async (t) => {
      const program = new Program(t, 'terminate.js', [transport, '20']);
      const gone = new Array(5).fill(1006);
      for (let i = 0; i < 20; i++) {
        assert.deepStrictEqual(await program.next(), { status: 1, peers: gone, clients: gone });
      }
      assert.deepStrictEqual(await program.next(), { outOfOrder: 0 });
      assert.strictEqual(await program.ending(), 'status 0');
    });
  }

  it('release their memory when they are terminated with the largest backlog', async (t) => {
    const program = new Program(t, 'backlog.js', ['4'], { flags: ['--expose-gc'] });
    const first = await program.next();
    let last = first;
    for (let i = 1; i < 4; i++) last = await program.next();
    const growth = (last - first) / MIB;
    // 64 MiB may wait. Three leaked backlogs would be 192 MiB.
    assert.ok(growth < 64, `grew by ${growth} MiB in three rounds`);
    assert.strictEqual(await program.ending(), 'status 0');
  });
});
