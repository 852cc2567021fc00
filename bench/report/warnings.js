'use strict';

const { mediansOf } = require('../figures');
const { percent } = require('./format');

/** Share of one core. A busier load may notice answers late. */
const LOAD_LIMIT = 0.9;
/** Share of one core that programs outside the run may use. */
const ELSEWHERE_LIMIT = 0.1;

/** With fewer resumed handshakes, the server does not give each client a ticket each time. */
const MOSTLY = 0.95;

/** Reasons to doubt the figures of a run. */
function warningsOf(report) {
  const { cells, peers, runs } = report;
  const limited = cells.flatMap((cell) => peers.flatMap((peer) => limitedBy(runs, cell, peer)));
  return [...limited, ...flawsOf(report)];
}

/** The warnings without those of a busy load, which the table of figures marks instead. */
function flawsOf({ cells, peers, runs }) {
  return [
    ...cells.flatMap((cell) => peers.flatMap((peer) => seldomResumed(runs, cell, peer))),
    ...runs.filter(({ unanswered }) => unanswered > 0).map(describeUnanswered),
    ...disturbance(runs),
    ...runs.filter(({ error }) => error).map(describeFailure),
    ...(runs.some(isDisarmed) ? [NO_BUFFERUTIL] : []),
  ];
}

function limitedBy(runs, cell, peer) {
  const loadBusy = mediansOf(runs, cell.name, peer.name)?.loadBusy;
  if (!(loadBusy > LOAD_LIMIT)) return [];
  return [
    `${cell.name}, ${peer.title}: the load was ${percent(loadBusy)} busy and may be the limit`,
  ];
}

/** A server of Node gives no ticket when it resumes, so clients soon have none left. */
function seldomResumed(runs, cell, peer) {
  const resumed = mediansOf(runs, cell.name, peer.name)?.resumed;
  if (!(resumed < MOSTLY)) return [];
  const share = percent(resumed);
  return [`${cell.name}, ${peer.title}: clients had a ticket for ${share} of their handshakes`];
}

function disturbance(runs) {
  const watched = runs.filter((run) => run.elsewhereBusy !== undefined);
  const disturbed = watched.filter((run) => run.elsewhereBusy > ELSEWHERE_LIMIT);
  if (disturbed.length === 0) return [];
  const most = Math.max(...disturbed.map((run) => run.elsewhereBusy));
  return [
    `Something else on the machine used over ${percent(ELSEWHERE_LIMIT)} of a core, at most ` +
      `${percent(most)}, in ${disturbed.length} of ${watched.length} turns: measure again when it is quiet`,
  ];
}

function describeUnanswered({ cell, peer, round, unanswered }) {
  return `${cell}, ${peer}, round ${round + 1}: ${unanswered} connections got no answer at all`;
}

function describeFailure({ cell, peer, round, error }) {
  return `${cell}, ${peer}, round ${round + 1}: FAILED: ${error}`;
}

const NO_BUFFERUTIL = 'ws + bufferutil ran without bufferutil: its binary did not load';

function isDisarmed({ peer, bufferutil }) {
  return peer === 'ws-bufferutil' && bufferutil === false;
}

function printWarnings(report) {
  const warnings = warningsOf(report);
  if (warnings.length > 0) console.log(`\n${warnings.join('\n')}`);
}

module.exports = { LOAD_LIMIT, flawsOf, printWarnings, warningsOf };
