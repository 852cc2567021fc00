'use strict';

const { mediansOf } = require('../figures');
const { layOut, quotient } = require('./format');
const { METRICS, TARGETS } = require('./targets');

const OURS = 'native';

/** Every target that the run can judge: cell, metric, and the ratio to each peer. */
function verdictsOf({ cells, runs }) {
  return TARGETS.flatMap(({ cells: names, metric, atMost, atLeast }) => {
    const measured = names.filter((name) => cells.some((cell) => cell.name === name));
    return measured.map((cell) => {
      const ours = mediansOf(runs, cell, OURS)?.[metric];
      const judge = ([peer, limit]) => {
        const ratio = ours / mediansOf(runs, cell, peer)?.[metric];
        const reached = atMost ? ratio <= limit : ratio >= limit;
        return [peer, { ratio, limit, sign: atMost ? '≤' : '≥', reached }];
      };
      const judged = Object.entries(atMost ?? atLeast).map(judge);
      return { cell, metric: METRICS[metric], verdicts: Object.fromEntries(judged) };
    });
  }).filter(({ verdicts }) => Object.values(verdicts).some(({ ratio }) => Number.isFinite(ratio)));
}

function printVerdicts(report) {
  const judged = verdictsOf(report);
  if (judged.length === 0) return;
  const peers = report.peers.filter(({ name }) => judged.some(({ verdicts }) => verdicts[name]));
  const rows = judged.map(({ cell, metric, verdicts }) => [
    ...[cell, metric],
    ...peers.map(({ name }) => describe(verdicts[name])),
  ]);
  console.log('\nwebsocket-native ÷ peer, and its target');
  const head = ['cell', 'metric', ...peers.map((peer) => peer.title)];
  for (const line of layOut([head, ...rows], 2)) console.log(line);
}

function describe(verdict) {
  if (!verdict || !Number.isFinite(verdict.ratio)) return '–';
  const { ratio, limit, sign, reached } = verdict;
  return `${quotient(ratio)} ${sign} ${limit} ${reached ? 'yes' : 'NO'}`;
}

module.exports = { describe, printVerdicts, verdictsOf };
