'use strict';

/**
 * Runs the project's tests: the protocol core's with cargo, then every `*.test.js` below this
 * folder with `node --test`, and some of them once more on our own servers.
 *
 *   node __test__/run.js [--rust | --js] [--name PATTERN] [TEST_FILE...]
 *
 * With --name, only tests whose name matches run: PATTERN is a regular expression for the names of
 * JavaScript's suites and tests, and a part of the path of Rust's (`protocol::tests::close`).
 *
 * `node --test` itself finds files differently from version to version (and by glob only since 21),
 * so the files are listed here and handed over by name. The exit status is 0 only if everything
 * that was asked for ran and passed.
 */

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');

const { NOTHING_MATCHED } = require('./support/matching');

const ROOT = path.dirname(__dirname);
const TEST_FILE = /\.test\.[cm]?js$/;
const WATCHDOG = path.join(__dirname, 'support', 'watchdog.js');
const MATCHING = path.join(__dirname, 'support', 'matching.js');
const USAGE = 'usage: node __test__/run.js [--rust | --js] [--name PATTERN] [TEST_FILE...]';
/** The files that run once more on our own servers: those that touch sockets and handshakes. */
const ON_LISTENER = [
  'conformance/handshake.server.test.js',
  'conformance/handshake.tcp.test.js',
  'connection/abrupt.test.js',
  'connection/socket.test.js',
  'server.test.js',
  'ws/server.answers.test.js',
  'ws/server.hooks.test.js',
  'ws/server.lifecycle.test.js',
  'ws/server.options.test.js',
  'ws/terminate.test.js',
];
/** A limit for hangs that no watchdog detects. By default, Node waits for ever. */
const RUN_TIMEOUT_MS = 1800000;

const { values: options, positionals } = parseOptions();
const names = positionals.map((name) => path.resolve(name));
const runs = [];
if (!options.js && names.length === 0) runs.push(runRust());
if (!options.rust) runs.push(runJavaScript());
if (!options.rust && names.length === 0 && options.name === undefined) runs.push(runOnListener());

const failed = runs.filter(({ passed }) => !passed).map(({ runner }) => runner);
if (failed.length > 0) {
  console.error(`Failed: ${failed.join(', ')}`);
  process.exitCode = 1;
} else if (runs.every(({ matched }) => !matched)) {
  const runners = runs.map(({ runner }) => runner).join(' nor ');
  console.error(`No test of ${runners} has a name that matches ${options.name}`);
  process.exitCode = 1;
}

function parseOptions() {
  try {
    const parsed = parseArgs({
      options: {
        rust: { type: 'boolean' },
        js: { type: 'boolean' },
        name: { type: 'string' },
      },
      allowPositionals: true,
    });
    if (parsed.values.name === '') throw new Error('--name takes a pattern');
    new RegExp(parsed.values.name ?? '');
    return parsed;
  } catch (error) {
    console.error(`${USAGE}\n${error.message}`);
    return process.exit(64);
  }
}

/**
 * The feature-less build needs neither Node's symbols nor tokio, so its tests link on every
 * platform.
 */
function runRust() {
  const runner = 'cargo test';
  const args = ['test', '--quiet', '--no-default-features'];
  if (options.name === undefined) {
    return { runner, passed: run('cargo', args).status === 0, matched: true };
  }
  const { status, stdout } = run('cargo', [...args, options.name], 'pipe');
  process.stdout.write(stdout ?? '');
  const counts = `${stdout}`.matchAll(/^test result: .* (\d+) passed; (\d+) failed/gm);
  const matched = [...counts].some(([, ...counts]) => counts.some(Number));
  return { runner, passed: status === 0, matched };
}

function runJavaScript() {
  const runner = 'node --test';
  const files = names.length > 0 ? names : testFilesBelow(__dirname);
  if (files.length === 0) {
    console.error(`No test file below ${__dirname}`);
    return { runner, passed: false, matched: false };
  }
  const filter =
    options.name === undefined
      ? []
      : [`--test-name-pattern=${options.name}`, `--test-reporter=${MATCHING}`];
  const { status } = run(process.execPath, ['--test', '--require', WATCHDOG, ...filter, ...files]);
  const matched = status !== NOTHING_MATCHED;
  return { runner, passed: status === 0 || !matched, matched };
}

/** Runs some files on the servers of websocket-native/http and /https. See support/carrier.js. */
function runOnListener() {
  const files = ON_LISTENER.map((name) => path.join(__dirname, name));
  const env = { ...process.env, WEBSOCKET_TEST_SERVER: 'listener' };
  const args = ['--test', '--require', WATCHDOG, ...files];
  const { status } = run(process.execPath, args, 'inherit', env);
  return { runner: 'node --test on our own servers', passed: status === 0, matched: true };
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

/**
 * @param {'inherit' | 'pipe'} [stdout] where the command's standard output goes
 * @param {NodeJS.ProcessEnv} [env]
 */
function run(command, args, stdout = 'inherit', env = process.env) {
  const result = spawnSync(command, args, {
    cwd: ROOT,
    env,
    stdio: ['inherit', stdout, 'inherit'],
    timeout: RUN_TIMEOUT_MS,
  });
  if (result.error) console.error(`${command} could not be run: ${result.error.message}`);
  return result;
}
