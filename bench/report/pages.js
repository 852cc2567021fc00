'use strict';

const { mediansOf } = require('../figures');
const { markdownTable } = require('./blocks');
const { number, percent, quotient } = require('./format');
const { verdictsOf } = require('./verdicts');
const { warningsOf } = require('./warnings');

/** What stands in the generated blocks of the pages, by name. `folder` is where the charts are. */
function blocksOf(report, charts, folder) {
  const images = charts.map(({ file, title, description }) => [
    `chart ${file.replace('.svg', '')}`,
    `![${title}. ${description}](${folder}/${file})`,
  ]);
  return {
    machine: describeRun(report),
    verdicts: verdictTable(report),
    figures: figureTable(report),
    ...Object.fromEntries(images),
  };
}

function describeRun(report) {
  const { machine, settings, peers } = report;
  const packages = Object.assign({}, ...peers.map((peer) => peer.packages));
  const versions = Object.entries(packages).map((entry) => entry.join(' '));
  const warnings = warningsOf(report);
  return [
    `Measured on ${machine.cores} cores of ${machine.processor} with Linux ${machine.kernel} and ` +
      `Node.js ${machine.node.slice(1)}: medians of ${settings.rounds} rounds of ${settings.seconds} s. ` +
      `Versions: ${versions.join(', ')}.`,
    ...(warnings.length > 0 ? ['', 'What the run itself says against its figures:', ''] : []),
    ...warnings.map((warning) => `- ${warning}`),
  ].join('\n');
}

function verdictTable(report) {
  const judged = verdictsOf(report);
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
  resident: 'KiB each',
  peak: 'peak MiB',
  loadBusy: 'load',
};

function figureTable({ cells, peers, runs }) {
  const rows = cells.flatMap((cell) =>
    peers.flatMap((peer) => {
      const medians = mediansOf(runs, cell.name, peer.name);
      if (!medians) return [];
      const figures = Object.keys(COLUMNS).map((name) =>
        name === 'loadBusy' ? percent(medians[name]) : number(medians[name]),
      );
      return [[`\`${cell.name}\``, peer.title, ...figures]];
    }),
  );
  return markdownTable([['cell', 'peer', ...Object.values(COLUMNS)], ...rows], 2);
}

module.exports = { blocksOf };
