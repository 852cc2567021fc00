'use strict';

/**
 * Runs the project's tests: the protocol core's with cargo, then every `*.test.js` below this
 * folder with `node --test`.
 *
 *   node __test__/run.js [--rust | --js] [TEST_FILE...]
 *
 * `node --test` itself finds files differently from version to version (and by glob only since 21),
 * so the files are listed here and handed over by name. The exit status is 0 only if everything
 * that was asked for ran and passed.
 */

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const ROOT = path.dirname(__dirname);
const TEST_FILE = /\.test\.[cm]?js$/;
const WATCHDOG = path.join(__dirname, 'support', 'watchdog.js');
/** For what no watchdog sees: left alone, Node waits for ever. */
const RUN_TIMEOUT_MS = 1800000;

const flags = process.argv.slice(2).filter((arg) => arg.startsWith('--'));
const names = process.argv
  .slice(2)
  .filter((arg) => !arg.startsWith('--'))
  .map((arg) => path.resolve(arg));
const unknown = flags.filter((flag) => flag !== '--rust' && flag !== '--js');

if (unknown.length > 0) {
  console.error(`usage: node __test__/run.js [--rust | --js] [TEST_FILE...]; not ${unknown[0]}`);
  process.exit(64);
}

const failed = [];
if (!flags.includes('--js') && names.length === 0 && !runRust()) failed.push('cargo test');
if (!flags.includes('--rust') && !runJavaScript()) failed.push('node --test');

if (failed.length > 0) {
  console.error(`Failed: ${failed.join(', ')}`);
  process.exitCode = 1;
}

/**
 * The feature-less build needs neither Node's symbols nor tokio, so its tests link on every
 * platform.
 */
function runRust() {
  return run('cargo', ['test', '--quiet', '--no-default-features']);
}

function runJavaScript() {
  const files = names.length > 0 ? names : testFilesBelow(__dirname);
  if (files.length === 0) {
    console.error(`No test file below ${__dirname}`);
    return false;
  }
  return run(process.execPath, ['--test', '--require', WATCHDOG, ...files]);
}

function testFilesBelow(folder) {
  const found = [];
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const full = path.join(folder, entry.name);
    if (entry.isDirectory() && entry.name !== 'node_modules') found.push(...testFilesBelow(full));
    else if (entry.isFile() && TEST_FILE.test(entry.name)) found.push(full);
  }
  return found.sort();
}

function run(command, args) {
  const result = spawnSync(command, args, {
    cwd: ROOT,
    stdio: 'inherit',
    timeout: RUN_TIMEOUT_MS,
  });
  if (result.error) console.error(`${command} could not be run: ${result.error.message}`);
  return result.status === 0;
}
