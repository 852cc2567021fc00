'use strict';

// The I/O threads: when they start, how many there are, and their names in a debugger.

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const os = require('node:os');
const { describe, it } = require('node:test');

const Program = require('./program');

const WITHOUT_PROC = process.platform === 'linux' ? false : 'needs /proc';
const WITHOUT_TASKSET =
  WITHOUT_PROC ||
  (spawnSync('taskset', ['-c', '0', 'true']).status === 0 ? false : 'needs taskset');

describe('I/O threads', { skip: WITHOUT_PROC }, () => {
  it('start with the first adopted socket, and no more start later', async (t) => {
    const [loaded, listening, streaming, ...adopted] = await threads(t, 3, {
      WEBSOCKET_NATIVE_THREADS: '3',
    });
    assert.deepStrictEqual(loaded, []);
    assert.deepStrictEqual(listening, []);
    assert.deepStrictEqual(streaming, []);
    const names = ['websocket-io-0', 'websocket-io-1', 'websocket-io-2'];
    assert.deepStrictEqual(adopted, [names, names]);
  });

  // JavaScript's thread writes the answer itself, because that is quicker than a wake-up.
  for (const handler of ['sync', 'async', 'async, twice', 'nextTick']) {
    it(`are not kicked for each answer of a handler that answers this way: ${handler}`, async (t) => {
      const program = new Program(t, 'kicks.js', [handler, '200']);
      const kicks = await program.next();
      assert.ok(kicks < 20, `asked ${kicks} times for 400 messages`);
    });
  }

  for (const [value, count] of [
    ['1', 1],
    ['8', 8],
    ['0', 1],
  ]) {
    it(`are ${count} if WEBSOCKET_NATIVE_THREADS is ${value}`, async (t) => {
      const reports = await threads(t, count, { WEBSOCKET_NATIVE_THREADS: value });
      assert.strictEqual(reports.at(-1).length, count);
    });
  }

  for (const value of [undefined, '', 'many', '-1', '1.5']) {
    it(`leave JavaScript a core if WEBSOCKET_NATIVE_THREADS is ${value}`, async (t) => {
      const reports = await threads(t, 1, { WEBSOCKET_NATIVE_THREADS: value });
      const most = Math.min(4, Math.max(1, os.cpus().length - 1));
      const { length } = reports.at(-1);
      assert.ok(length >= 1 && length <= most, `${length} threads on ${os.cpus().length} cores`);
    });
  }

  it('are one if the process may use only one core', { skip: WITHOUT_TASKSET }, async (t) => {
    const reports = await threads(t, 1, {}, ['taskset', '-c', '0']);
    assert.deepStrictEqual(reports.at(-1), ['websocket-io-0']);
  });
});

/** Everything that the program reports, with adopted connections once there are `count` threads. */
async function threads(t, count, env, launcher) {
  const program = new Program(t, 'threads.js', [String(count)], {
    env: { WEBSOCKET_NATIVE_THREADS: undefined, ...env },
    launcher,
  });
  const reports = [];
  for (let i = 0; i < 5; i++) reports.push(await program.next());
  assert.strictEqual(await program.ending(), 'status 0');
  return reports;
}
