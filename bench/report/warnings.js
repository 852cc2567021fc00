const { mediansOf } = require('../figures');
const { percent } = require('./format');

/** Of one core. A load that uses more has no time left to see answers when they come. */
const LOAD_LIMIT = 0.9;
/** Of one core, used by what is no part of the run. */
const ELSEWHERE_LIMIT = 0.1;

/** What makes a run less than it seems. */
function warningsOf(report) {
  const warnings = [];
  for (const cell of report.cells) {
    for (const peer of report.peers) {
      const medians = mediansOf(report.runs, cell.name, peer.name);
      const where = `${cell.name}, ${peer.title}`;
      if (medians?.loadBusy > LOAD_LIMIT) {
        warnings.push(
          `${where}: the load was ${percent(medians.loadBusy)} busy and may be the limit`,
        );
      }
      if (medians?.elsewhereBusy > ELSEWHERE_LIMIT) {
        const share = percent(medians.elsewhereBusy);
        warnings.push(`${where}: something else on the machine used ${share} of a core`);
      }
      for (const { error, round } of failures(report.runs, cell, peer)) {
        warnings.push(`${where}, round ${round + 1}: FAILED: ${error}`);
      }
    }
  }
  const disarmed = report.runs.find(
    (run) => run.peer === 'ws-bufferutil' && run.bufferutil === false,
  );
  if (disarmed) warnings.push('ws + bufferutil ran without bufferutil: its binary did not load');
  return warnings;
}

function failures(runs, cell, peer) {
  return runs.filter((run) => run.cell === cell.name && run.peer === peer.name && run.error);
}

function printWarnings(report) {
  const warnings = warningsOf(report);
  if (warnings.length > 0) console.log(`\n${warnings.join('\n')}`);
}

module.exports = { printWarnings, warningsOf };
