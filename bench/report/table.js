'use strict';

const { mediansOf } = require('../figures');
const { layOut, number, percent } = require('./format');

const HEAD = [
  ...['cell', 'peer', 'per second', 'JS µs', 'all µs', 'p50 µs', 'p99 µs', 'p99.9 µs'],
  ...['wire B', 'KiB/conn', 'peak MiB', 'load', 'others'],
];

/**
 * All figures of a run, per message, delivery or connection. The last two are shares of one core:
 * the load's, and that of programs outside the run.
 */
function printTable(report) {
  const rows = [HEAD];
  for (const cell of report.cells) {
    for (const peer of report.peers) {
      const medians = mediansOf(report.runs, cell.name, peer.name);
      if (medians) rows.push([cell.name, peer.title, ...figures(medians)]);
    }
  }
  console.log();
  for (const line of layOut(rows, 2)) console.log(line);
}

function figures({ rate, js, all, p50, p99, p999, wire, resident, peak, ...busy }) {
  return [
    ...[rate, js, all, p50, p99, p999, wire, resident, peak].map(number),
    ...[busy.loadBusy, busy.elsewhereBusy].map(percent),
  ];
}

module.exports = { printTable };
