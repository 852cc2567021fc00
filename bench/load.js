'use strict';

const { execFile, execFileSync } = require('node:child_process');
const path = require('node:path');
const { promisify } = require('node:util');

const { withAllDescriptors } = require('./command');

const TARGET = path.join(__dirname, '..', 'target', 'bench-load');
const PROGRAMS = path.join(TARGET, 'release');
/** Time that a turn may take beyond its warm-up and window. */
const SLACK_MS = 60000;

/** Compiles the load. It is written in Rust so that it is faster than the servers. */
function buildLoad() {
  const manifest = path.join(__dirname, 'load', 'Cargo.toml');
  const args = ['build', '--quiet', '--release', '--locked', '--manifest-path', manifest];
  execFileSync('cargo', [...args, '--target-dir', TARGET], { stdio: 'inherit' });
}

function programPath(name) {
  return path.join(PROGRAMS, name);
}

/**
 * The command line of the load in one of its modes.
 *   flags     passed as `--name value`, without those that are `undefined`
 *   command   behind `--`, a program that the load starts
 */
function loadCommand(mode, flags, { core, command } = {}) {
  const given = Object.entries(flags).filter(([, value]) => value !== undefined);
  const args = given.flatMap(([name, value]) => [`--${name}`, String(value)]);
  const tail = command ? ['--', ...command] : [];
  return withAllDescriptors([programPath('load'), mode, ...args, ...tail], core);
}

/** Runs the load to its end and returns its measurement. */
async function runLoad(mode, flags, options = {}) {
  const [file, ...args] = loadCommand(mode, flags, options);
  const timeout = flags['warm-up-ms'] + flags['window-ms'] + SLACK_MS;
  try {
    const { stdout } = await promisify(execFile)(file, args, { timeout, env: options.env });
    return JSON.parse(stdout);
  } catch (error) {
    throw new Error(
      error.killed ? 'the load did not come to an end' : error.stderr || error.message,
    );
  }
}

module.exports = { buildLoad, loadCommand, programPath, runLoad };
