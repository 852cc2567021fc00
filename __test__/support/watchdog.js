'use strict';

/**
 * Preloaded into the process of each test file, which it ends when that has taken too long: a file
 * that is kept from ending, as by a server that a failed test has left behind, must fail rather
 * than hang the run. Node's own `--test-timeout` came with 20.11, and since 24 it is for single
 * tests only.
 */

const { isMainThread } = require('node:worker_threads');

/** The slowest file takes half a minute where nothing else runs. */
const LIMIT_MS = 900000;

const file = process.argv[1] ?? '';
const runsAll = process.execArgv.includes('--test');
// The threads and child processes of a test are preloaded in the same way.
const isTest = isMainThread && !runsAll && /\.test\.[cm]?js$/.test(file);
if (isTest) setTimeout(giveUp, LIMIT_MS).unref();

function giveUp() {
  const alive = process.getActiveResourcesInfo().join(', ');
  console.error(`${file} has not ended in ${LIMIT_MS / 1000} s; what it waits for: ${alive}`);
  process.exit(1);
}
