'use strict';

// The package may be loaded more than once into one environment.

const assert = require('node:assert');
const { describe, it } = require('node:test');

const Program = require('./program');

describe('The package loaded twelve times into a process', () => {
  for (const transport of ['auto', 'stream']) {
    it(`works each time, without output, transport '${transport}'`, async (t) => {
      const program = new Program(t, 'reload.js', [transport]);
      assert.deepStrictEqual(await program.next(), { classes: 12, answers: 13 });
      assert.strictEqual(await program.ending(), 'status 0');
    });
  }

  it('also works in several worker threads', async (t) => {
    const program = new Program(t, 'crew.js', ['3', 'reload.js', 'auto']);
    for (let i = 0; i < 3; i++) {
      assert.deepStrictEqual(await program.next(), { classes: 12, answers: 13 });
    }
    assert.strictEqual(await program.ending(), 'status 0');
  });

  for (const transport of ['auto', 'stream']) {
    it(`releases each copy, transport '${transport}'`, async (t) => {
      const program = new Program(t, 'unload.js', [transport], { flags: ['--expose-gc'] });
      assert.ok((await program.next()) <= 1);
      assert.strictEqual(await program.ending(), 'status 0');
    });
  }
});
