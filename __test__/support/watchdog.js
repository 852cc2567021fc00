'use strict';

/**
 * Preloaded into the process of each test file. Ends the process when it takes too long, so that a
 * file that cannot end fails instead of hanging the run. A failed test may leave a server behind,
 * for example. Node's own `--test-timeout` came with 20.11, and since 24 it applies to single tests
 * only.
 */

const { isMainThread } = require('node:worker_threads');

/** The slowest file takes half a minute on an idle machine. */
const LIMIT_MS = 900000;

const file = process.argv[1] ?? '';
const runsAll = process.execArgv.includes('--test');
// The threads and child processes of a test preload this file, too.
const isTest = isMainThread && !runsAll && /\.test\.[cm]?js$/.test(file);
if (isTest) setTimeout(giveUp, LIMIT_MS).unref();

function giveUp() {
  const alive = process.getActiveResourcesInfo().join(', ');
  console.error(`${file} has not ended in ${LIMIT_MS / 1000} s; what it waits for: ${alive}`);
  process.exit(1);
}
