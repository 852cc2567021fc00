'use strict';

// Whether a socket keeps the process alive, which only a process of its own can tell.

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const path = require('node:path');
const { describe, it } = require('node:test');
const { promisify } = require('node:util');

const PROGRAM = path.join(__dirname, 'programs', 'lifetime.js');

/** What that program says. */
async function lifetimeOf(how, whose) {
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, how, whose]);
  return stdout;
}

describe('A NativeSocket keeps the process alive as a socket of Node', () => {
  for (const [how, expected] of [
    ['read', 'alive\n'],
    ['unref', ''],
    ['ref', 'alive\n'],
  ]) {
    it(`after ${how}()`, async () => {
      assert.equal(await lifetimeOf(how, 'node'), expected);
      assert.equal(await lifetimeOf(how, 'native'), expected);
    });
  }
});
