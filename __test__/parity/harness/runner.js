'use strict';

const { fork } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const WATCHDOG = 30_000;
/** For a process in an endless loop, whose own watchdog never runs. */
const STUCK = 300_000;
const PARALLEL = 2;

function check(scenario, seen, file, rows) {
  const where = `${path.basename(file)}: ${scenario.name}`;
  if (seen.has(scenario.name)) throw new Error(`${where}: this name is taken`);
  for (const { row, lane, upstream, ours } of scenario.differs ?? []) {
    if (!(row in rows)) throw new Error(`${where}: no row of the tables is named ${row}`);
    if (!lane || !Array.isArray(upstream) || !Array.isArray(ours)) {
      throw new Error(`${where}: a declared difference names its lane and both sides`);
    }
  }
  seen.add(scenario.name);
}

/** Every scenario file of an API with its scenarios, in the order of their names. */
function loadGroups({ scenarios: directory, rows }) {
  const seen = new Set();
  const files = fs.readdirSync(directory).filter((name) => name.endsWith('.js'));
  return files.sort().map((name) => {
    const file = path.join(directory, name);
    const scenarios = require(file);
    for (const scenario of scenarios) check(scenario, seen, file, rows);
    return { name: path.basename(name, '.js'), file, scenarios };
  });
}

let running = 0;
const queue = [];

async function withSlot(task) {
  if (running >= PARALLEL) await new Promise((resolve) => queue.push(resolve));
  running += 1;
  try {
    return await task();
  } finally {
    running -= 1;
    queue.shift()?.();
  }
}

function environment() {
  const env = { ...process.env };
  // node --test uses this variable for its own children.
  delete env.NODE_TEST_CONTEXT;
  return env;
}

/** Runs one child process. Resolves with its reported outcomes and how it ended. */
function runChild(job) {
  return new Promise((resolve) => {
    const outcomes = new Map();
    let started;
    let stderr = '';
    const child = fork(path.join(__dirname, 'child.js'), [JSON.stringify(job)], {
      execArgv: [],
      env: environment(),
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    const deadline = () => setTimeout(() => child.kill('SIGKILL'), STUCK);
    let timer = deadline();
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.on('message', (message) => {
      clearTimeout(timer);
      timer = deadline();
      if (message.starts) started = message.starts;
      else outcomes.set(message.name, message);
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ outcomes, started, end: signal ?? `exit code ${code}`, stderr });
    });
  });
}

/**
 * Runs the named scenarios of a file and returns their outcomes by name. A scenario that ends its
 * process fails, and the next ones get a new process. `adoption` demands that a connection of each
 * scenario ran on the native transport.
 */
async function runGroup({ names, watchdog = WATCHDOG, ...rest }) {
  const all = new Map();
  let left = names;
  while (left.length > 0) {
    const job = { ...rest, names: left, watchdog };
    const { outcomes, started, end, stderr } = await withSlot(() => runChild(job));
    for (const [name, outcome] of outcomes) all.set(name, outcome);
    const dead = outcomes.has(started) ? undefined : (started ?? left[0]);
    if (dead) {
      const failure = { kind: 'crash', message: `the process ended: ${end}\n${stderr}` };
      all.set(dead, { name: dead, lanes: {}, failure });
    }
    left = left.filter((name) => !all.has(name));
  }
  return all;
}

/** The run of a group's scenarios on upstream, for the comparison on one transport. */
function upstreamJob(api, group, transport) {
  return jobFor(api, group, api.upstream, api.transports[transport].upstream);
}

/** The run on this package, or on another module that is to be compared. */
function ownJob(api, group, transport, module = api.ours) {
  const job = jobFor(api, group, module, api.transports[transport].ours);
  return { ...job, adoption: transport === 'native' && module === api.ours };
}

function jobFor(api, { file, scenarios }, module, transport) {
  const names = scenarios.map(({ name }) => name);
  return { file, names, module, transport, scene: api.scene };
}

/** The declared differences that apply on one transport. */
function differencesOn(scenario, transport) {
  return (scenario.differs ?? []).filter(
    ({ on }) => on === undefined || [on].flat().includes(transport),
  );
}

module.exports = { differencesOn, loadGroups, ownJob, runGroup, upstreamJob };
