'use strict';

// Test runners report what keeps a process alive. Without a connection nothing is open.

const assert = require('node:assert');
const { describe, it } = require('node:test');

const Program = require('./program');

const WITHOUT_IO_THREADS = process.platform === 'win32' ? 'there are no I/O threads' : false;

describe('Open handles', () => {
  for (const [transport, connected] of [
    ['auto', ['WebSocketEngine']],
    ['stream', []],
  ]) {
    const skip = transport === 'auto' && WITHOUT_IO_THREADS;
    it(`do not exist before the first connection and after the last, '${transport}'`, {
      skip,
    }, async (t) => {
      const program = new Program(t, 'handles.js', [transport]);
      assert.deepStrictEqual(await program.next(), { before: [], active: [] });
      for (let i = 0; i < 3; i++) {
        assert.deepStrictEqual(await program.next(), { listening: [] });
        assert.deepStrictEqual(await program.next(), { connected });
      }
      assert.strictEqual(await program.next(), 'closed');
      assert.strictEqual(await program.ending(), 'status 0');
    });
  }
});
