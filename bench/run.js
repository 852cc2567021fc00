'use strict';

/**
 * Measures this package next to others.
 *
 *   npm run bench -- [--cell 50x16x64,...] [--peers ws,native,...] [--rounds 3] [--seconds 2]
 *                    [--warm-up 1] [--json FILE]
 *
 * Peers take turns within a round, and every turn has a new process, so that a disturbance of the
 * machine affects all of them. Figures are medians over the rounds. It needs Linux, because the CPU
 * time and the memory of processes come from /proc.
 */

const fs = require('node:fs');
const os = require('node:os');

const { KINDS } = require('./cells');
const { buildLoad } = require('./load');
const { parseOptions } = require('./options');
const { installPackages, problemWith, versionsOf } = require('./packages');
const { describePeer } = require('./peers');
const { printTable } = require('./report/table');
const { printVerdicts } = require('./report/verdicts');
const { printWarnings } = require('./report/warnings');

/** Seconds to start and end a process in each turn. */
const TURN = 0.5;

main().catch((error) => {
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
});

async function main() {
  const options = parseOptions(process.argv.slice(2));
  buildLoad();
  installPackages(options.peers, options.cells);
  const peers = availablePeers(options.peers);
  const cells = possibleCells(options.cells).map((cell) => withPeers(cell, peers));
  const { rounds, seconds, warmUp } = options;
  const turns = turnsOf(cells, rounds);
  console.log(
    `${cells.length} cells, ${rounds} rounds of ${seconds} s: about ${estimate(turns, options)}`,
  );

  const runs = [];
  for (const { round, cell, peer } of turns) {
    progress(
      `${runs.length + 1} of ${turns.length}: ${cell.name} ${peer.name}, round ${round + 1}`,
    );
    runs.push({ round, cell: cell.name, peer: peer.name, ...(await measure(peer, cell, options)) });
  }
  progress('');

  const report = {
    machine: describeMachine(),
    settings: { rounds, seconds, warmUp },
    peers: peers.map(describePeer),
    cells: cells.map(describeCell),
    runs,
  };
  if (options.json) save(options.json, report);
  printTable(report);
  printVerdicts(report);
  printWarnings(report);
  if (runs.some((run) => run.error)) process.exitCode = 1;
}

function availablePeers(wanted) {
  return wanted.filter((peer) => {
    const problem = problemWith(peer);
    if (problem) console.log(`${peer.title} is left out: ${problem}`);
    return !problem;
  });
}

function possibleCells(wanted) {
  return wanted.filter((cell) => {
    if (cell.note) console.log(cell.note);
    const alone = cell.oneCore && cores() === 1;
    const problem = alone ? 'the load needs a second core' : problemWith(cell);
    if (problem) console.log(`${cell.name} is left out: ${problem}`);
    return !problem;
  });
}

function withPeers(cell, peers) {
  const measurable = KINDS[cell.kind].peers(cell);
  return { ...cell, peers: peers.filter((peer) => measurable.includes(peer.name)) };
}

/** A cell in the report: its parameters, and the packages that it needs from all peers. */
function describeCell(cell) {
  const { peers, note, package: needed, ...parameters } = cell;
  return needed ? { ...parameters, packages: versionsOf(cell) } : parameters;
}

/** Every round has every cell, and begins it with another peer than the round before. */
function turnsOf(cells, rounds) {
  const turns = [];
  for (let round = 0; round < rounds; round++) {
    for (const cell of cells) {
      for (const peer of rotate(cell.peers, round)) turns.push({ round, cell, peer });
    }
  }
  return turns;
}

function rotate(list, by) {
  const start = by % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}

function estimate(turns, { seconds, warmUp }) {
  const total = turns.reduce((sum, { cell }) => {
    const kind = KINDS[cell.kind];
    const measuring = kind.seconds?.(cell) ?? warmUp + seconds;
    return sum + TURN + kind.setUpSeconds(cell) + measuring;
  }, 0);
  return total < 100 ? `${Math.ceil(total)} s` : `${Math.ceil(total / 60)} min`;
}

/** A failure of one peer is a part of the result, and does not end the run. */
async function measure(peer, cell, options) {
  try {
    return await KINDS[cell.kind].measure(peer, cell, options);
  } catch (error) {
    return { error: error.message.trim() };
  }
}

function describeMachine() {
  return {
    processor: os.cpus()[0].model.trim(),
    cores: cores(),
    kernel: os.release().match(/^\d+\.\d+/)[0],
    node: process.version,
  };
}

function cores() {
  return os.availableParallelism?.() ?? os.cpus().length;
}

/** No figure is exact to more than five digits. */
function shortened(_key, value) {
  return typeof value === 'number' ? Number(value.toPrecision(5)) : value;
}

/** Writes one run a line, so that two files can be compared. */
function save(file, { runs, ...head }) {
  const lines = runs.map((run) => `    ${JSON.stringify(run, shortened)}`).join(',\n');
  const start = JSON.stringify(head, null, 2).replace(/\n}$/, '');
  fs.writeFileSync(file, `${start},\n  "runs": [\n${lines}\n  ]\n}\n`);
}

function progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}
