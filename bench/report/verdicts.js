'use strict';

const { mediansOf } = require('../figures');
const { layOut, quotient } = require('./format');
const { METRICS, TARGETS } = require('./targets');

/**
 * Every target that the run can judge: our peer, the cell, the metric, and the ratio to each other
 * peer.
 */
function verdictsOf({ cells, runs }) {
  return TARGETS.flatMap(({ ours: name, cells: names, metric, atMost, atLeast }) => {
    const measured = names.filter((name) => cells.some((cell) => cell.name === name));
    return measured.map((cell) => {
      const ours = mediansOf(runs, cell, name)?.[metric];
      const judge = ([peer, limit]) => {
        const ratio = ours / mediansOf(runs, cell, peer)?.[metric];
        const reached = atMost ? ratio <= limit : ratio >= limit;
        return [peer, { ratio, limit, sign: atMost ? '≤' : '≥', reached }];
      };
      const judged = Object.entries(atMost ?? atLeast).map(judge);
      return { ours: name, cell, metric: METRICS[metric], verdicts: Object.fromEntries(judged) };
    });
  }).filter(({ verdicts }) => Object.values(verdicts).some(({ ratio }) => Number.isFinite(ratio)));
}

function printVerdicts(report) {
  const verdicts = verdictsOf(report);
  for (const peer of report.peers) {
    const judged = verdicts.filter(({ ours }) => ours === peer.name);
    if (judged.length > 0) printVerdictsOf(report, peer, judged);
  }
}

function printVerdictsOf(report, ours, judged) {
  const peers = report.peers.filter(({ name }) => judged.some(({ verdicts }) => verdicts[name]));
  const rows = judged.map(({ cell, metric, verdicts }) => [
    ...[cell, metric],
    ...peers.map(({ name }) => describe(verdicts[name])),
  ]);
  console.log(`\n${ours.title} ÷ peer, and its target`);
  const head = ['cell', 'metric', ...peers.map((peer) => peer.title)];
  for (const line of layOut([head, ...rows], 2)) console.log(line);
}

function describe(verdict) {
  if (!verdict || !Number.isFinite(verdict.ratio)) return '–';
  const { ratio, limit, sign, reached } = verdict;
  return `${quotient(ratio)} ${sign} ${limit} ${reached ? 'yes' : 'NO'}`;
}

module.exports = { describe, printVerdicts, verdictsOf };
