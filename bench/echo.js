'use strict';

/**
 * What an echoed message costs a server: messages per second, and microseconds of CPU per message of
 * the JavaScript thread alone and of all threads, for npm `websocket`, `ws` and this package.
 *
 *   node bench/echo.js [--peers websocket,ws,native] [--cells 50x1,50x16] [--size 64] [--rounds 5]
 *                      [--seconds 3] [--warm-up 1] [--json FILE]
 *
 * A cell is connections x messages in flight on each. Peers take turns within a round and every turn
 * has a new server process, so that a disturbance of the machine meets all of them; the figures are
 * medians over the rounds, the ratios medians of each round's ratio. Linux only: the CPU time of a
 * thread comes from /proc.
 */

const { execFileSync, execFile, spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { promisify } = require('node:util');

const { printTable } = require('./report');

const ROOT = path.dirname(__dirname);
const SERVERS = path.join(__dirname, 'servers');
const PEERS = ['websocket', 'ws', 'native', 'native-stream'];
const OURS = ['native', 'native-stream'];
/** What a turn may take beyond its warm-up and window before it counts as hanging. */
const SLACK_MS = 30000;

main().catch((error) => {
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
});

async function main() {
  const options = parseOptions(process.argv.slice(2));
  const load = buildLoad();
  const runs = [];
  for (let round = 0; round < options.rounds; round++) {
    for (const cell of options.cells) {
      for (const peer of rotate(options.peers, round)) {
        progress(`round ${round + 1} of ${options.rounds}: ${cell.name} ${peer}`);
        runs.push({ round, cell: cell.name, peer, ...(await measure(load, peer, cell, options)) });
      }
    }
  }
  progress('');

  const { size, rounds, seconds, peers } = options;
  const machine = { node: process.version, cores: os.availableParallelism?.() ?? os.cpus().length };
  const cells = options.cells.map((cell) => cell.name);
  console.log(
    `Echo of ${size} B text, ${rounds} rounds of ${seconds} s, Node ${machine.node}, ${machine.cores} cores`,
  );
  const medians = printTable({ runs, cells, peers, ours: OURS });
  if (options.json) {
    const report = { machine, size, rounds, seconds, medians, runs };
    fs.writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
  }
}

function parseOptions(args) {
  const given = { peers: 'websocket,ws,native', cells: '50x1,50x16', size: 64, rounds: 5 };
  Object.assign(given, { seconds: 3, 'warm-up': 1, json: '' });
  for (let i = 0; i < args.length; i += 2) {
    const name = args[i].replace(/^--/, '');
    if (!(name in given) || args[i + 1] === undefined) throw new Error(`what is ${args[i]}?`);
    given[name] = args[i + 1];
  }
  const peers = given.peers.split(',');
  for (const peer of peers) {
    if (!PEERS.includes(peer)) throw new Error(`no peer ${peer}: there are ${PEERS.join(', ')}`);
  }
  const cells = given.cells.split(',').map((name) => {
    const [connections, inFlight] = name.split('x').map(Number);
    if (!(connections > 0 && inFlight > 0)) throw new Error(`no cell ${name}: 50x16 is one`);
    return { name, connections, inFlight };
  });
  return {
    peers,
    cells,
    size: Number(given.size),
    rounds: Number(given.rounds),
    seconds: Number(given.seconds),
    warmUp: Number(given['warm-up']),
    json: given.json,
  };
}

/** The load comes from a program of its own, which is not to be what limits a server. */
function buildLoad() {
  const target = path.join(ROOT, 'target', 'bench-load');
  const manifest = path.join(__dirname, 'load', 'Cargo.toml');
  execFileSync(
    'cargo',
    [
      'build',
      '--quiet',
      '--release',
      '--locked',
      '--manifest-path',
      manifest,
      '--target-dir',
      target,
    ],
    { stdio: 'inherit' },
  );
  return path.join(target, 'release', 'websocket-native-bench-load');
}

/** One turn of one peer: a new server, warmed up, loaded for the window, ended. */
async function measure(load, peer, cell, { size, seconds, warmUp }) {
  const server = spawn(process.execPath, [path.join(SERVERS, `${peer}.js`)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(server, 'exit');
  try {
    const port = await Promise.race([
      once(server.stdout, 'data').then(([line]) => Number(line)),
      exited.then(() => Promise.reject(new Error(`the ${peer} server did not start`))),
    ]);
    const window = [warmUp * 1000, seconds * 1000];
    const args = [port, server.pid, cell.connections, cell.inFlight, size, ...window].map(String);
    const { stdout } = await promisify(execFile)(load, args, {
      timeout: window[0] + window[1] + SLACK_MS,
    });
    const { messages, seconds: elapsed, mainNs, allNs, loadBusy } = JSON.parse(stdout);
    if (messages === 0) throw new Error(`the ${peer} server echoed nothing`);
    return {
      rate: messages / elapsed,
      js: mainNs / 1000 / messages,
      all: allNs / 1000 / messages,
      loadBusy,
    };
  } finally {
    server.kill('SIGKILL');
    await exited;
  }
}

function progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

function rotate(list, by) {
  const start = by % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}
