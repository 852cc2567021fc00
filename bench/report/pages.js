'use strict';

const { mediansOf } = require('../figures');
const { answerTable } = require('./answer');
const { markdownTable } = require('./blocks');
const { CHARTS } = require('./charts');
const { number, percent, quotient } = require('./format');
const { verdictsOf } = require('./verdicts');
const { LOAD_LIMIT, flawsOf } = require('./warnings');

/** The generated blocks of the pages, by name. `folder` has the charts. */
function blocksOf(report, charts, folder) {
  const images = CHARTS.map(({ file }) => {
    const chart = charts.find((drawn) => drawn.file === file);
    return [`chart ${file.replace('.svg', '')}`, chart ? imageOf(chart, folder) : NOT_MEASURED];
  });
  return {
    answer: answerTable(report),
    machine: describeRun(report),
    warnings:
      flawsOf(report)
        .map((flaw) => `- ${flaw}.`)
        .join('\n') || '- None.',
    verdicts: verdictTable(report, 'native'),
    'verdicts ws': verdictTable(report, 'native-ws'),
    'verdicts listener': verdictTable(report, 'native-listener'),
    'verdicts ws listener': verdictTable(report, 'native-ws-listener'),
    figures: figureTable(report),
    ...Object.fromEntries(images),
  };
}

/** A page may describe cells that the run does not have. */
const NOT_MEASURED = '*Not measured in this run.*';

function imageOf({ file, title, description }, folder) {
  return `![${title}. ${description}](${folder}/${file})`;
}

function describeRun(report) {
  const { machine, settings, peers, cells } = report;
  const packages = Object.assign({}, ...[...peers, ...cells].map((it) => it.packages));
  const versions = Object.entries(packages).map((entry) => entry.join(' '));
  return (
    `Measured on ${machine.cores} cores of ${machine.processor} with Linux ${machine.kernel} and ` +
    `Node.js ${machine.node.slice(1)}: medians of ${settings.rounds} rounds of ${settings.seconds} s. ` +
    `Versions: ${versions.join(', ')}.`
  );
}

/** The targets of `ours`, one of our peers. */
function verdictTable(report, ours) {
  const judged = verdictsOf(report).filter((verdict) => verdict.ours === ours);
  if (judged.length === 0) return NOT_MEASURED;
  const peers = report.peers.filter(({ name }) => judged.some(({ verdicts }) => verdicts[name]));
  const head = ['cell', 'metric', ...peers.map(({ title }) => title)];
  const rows = judged.map(({ cell, metric, verdicts }) => [
    ...[`\`${cell}\``, metric],
    ...peers.map(({ name }) => describeVerdict(verdicts[name])),
  ]);
  return markdownTable([head, ...rows], 2);
}

function describeVerdict(verdict) {
  if (!verdict || !Number.isFinite(verdict.ratio)) return '–';
  const { ratio, limit, sign, reached } = verdict;
  return `${quotient(ratio)} (${sign} ${limit}) ${reached ? '✓' : '✗'}`;
}

const COLUMNS = {
  rate: 'per second',
  js: 'JS µs',
  all: 'all µs',
  p50: 'p50 µs',
  p99: 'p99 µs',
  p999: 'p99.9 µs',
  wire: 'wire B',
  resident: 'KiB each',
  peak: 'peak MiB',
  loadBusy: 'load',
};

/** Leaves out the column for compression if the run has none. */
function isMissing(name, runs) {
  return name === 'wire' && runs.every(({ wire }) => wire === undefined);
}

function figureTable({ cells, peers, runs }) {
  const columns = Object.keys(COLUMNS).filter((name) => !isMissing(name, runs));
  const rows = cells.flatMap((cell) =>
    peers.flatMap((peer) => {
      const medians = mediansOf(runs, cell.name, peer.name);
      if (!medians) return [];
      const figures = columns.map((name) =>
        name === 'loadBusy' ? describeLoad(medians[name]) : number(medians[name]),
      );
      return [[`\`${cell.name}\``, peer.title, ...figures]];
    }),
  );
  return markdownTable([['cell', 'peer', ...columns.map((name) => COLUMNS[name])], ...rows], 2);
}

/** Bold where the load may be the limit rather than the server. */
function describeLoad(share) {
  return share > LOAD_LIMIT ? `**${percent(share)}**` : percent(share);
}

module.exports = { blocksOf };
