'use strict';

// Handlers that throw: the exception is uncaught, and a process that survives it misses no event.

const assert = require('node:assert');
const { describe, it } = require('node:test');

const Program = require('./program');

const EXPECTED = [0, 1].map((index) => Array.from({ length: 100 }, (_, i) => `${index}: ${i}`));

/**
 * How often the handler of each event throws. There are two connections with 100 messages each, and
 * every tenth call throws.
 */
const THROWN = { message: 20, callback: 20, pong: 20, close: 2, connect: 2 };

for (const transport of ['auto', 'stream']) {
  describe(`A handler that throws, transport '${transport}'`, () => {
    for (const [event, times] of Object.entries(THROWN)) {
      it(`loses no event if it handles '${event}'`, async (t) => {
        const program = new Program(t, 'throwing.js', [transport, event]);
        const { caught, answers, seen } = await program.next();
        assert.deepStrictEqual(caught, new Array(times).fill(`thrown in ${event}`));
        assert.deepStrictEqual(answers, EXPECTED);
        assert.strictEqual(seen, 200);
        assert.strictEqual(await program.ending(), 'status 0');
      });
    }

    it('ends the process with the stack if nothing handles uncaught exceptions', async (t) => {
      const program = new Program(t, 'throwing.js', [transport, 'message', 'fatal']);
      const ending = await program.ending();
      assert.match(ending, /^status 1 /);
      assert.match(ending, /Error: thrown in message\n {4}at fail /);
    });
  });
}
