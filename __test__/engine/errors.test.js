'use strict';

// A handler that throws: the exception surfaces as an uncaught one, and a process that survives it
// has missed nothing.

const assert = require('node:assert');
const { describe, it } = require('node:test');

const Program = require('./program');

const EXPECTED = [0, 1].map((index) => Array.from({ length: 100 }, (_, i) => `${index}: ${i}`));

/**
 * How often a handler of each event throws: of two connections with 100 messages each, every tenth.
 */
const THROWN = { message: 20, callback: 20, pong: 20, close: 2, connect: 2 };

for (const transport of ['auto', 'stream']) {
  describe(`A handler that throws, transport '${transport}'`, () => {
    for (const [event, times] of Object.entries(THROWN)) {
      it(`takes no event from the process if it is one of '${event}'`, async (t) => {
        const program = new Program(t, 'throwing.js', [transport, event]);
        const { caught, answers, seen } = await program.next();
        assert.deepStrictEqual(caught, new Array(times).fill(`thrown in ${event}`));
        assert.deepStrictEqual(answers, EXPECTED);
        assert.strictEqual(seen, 200);
        assert.strictEqual(await program.ending(), 'status 0');
      });
    }

    it('ends the process, with the stack, if nobody listens for uncaught exceptions', async (t) => {
      const program = new Program(t, 'throwing.js', [transport, 'message', 'fatal']);
      const ending = await program.ending();
      assert.match(ending, /^status 1 /);
      assert.match(ending, /Error: thrown in message\n {4}at fail /);
    });
  });
}
