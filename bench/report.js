'use strict';

const FIGURES = ['rate', 'js', 'all', 'loadBusy'];

/**
 * Prints the medians of every cell and peer, then each of `ours` against each of the others, and
 * returns the former. A ratio is taken within a round, where both peers met the same machine.
 */
function printTable({ runs, cells, peers, ours }) {
  const medians = [];
  row('cell', 'peer', 'messages/s', 'JS µs/msg', 'all µs/msg', 'load busy');
  for (const cell of cells) {
    for (const peer of peers) {
      const own = of(runs, cell, peer);
      const figures = FIGURES.map((figure) => [figure, median(own.map((run) => run[figure]))]);
      const { rate, js, all, loadBusy } = Object.fromEntries(figures);
      medians.push({ cell, peer, rate, js, all, loadBusy });
      row(cell, peer, rate.toFixed(0), js.toFixed(2), all.toFixed(2), percent(loadBusy));
    }
  }
  console.log();
  row('cell', 'ours ÷ peer', 'messages/s', 'JS µs/msg', 'all µs/msg');
  for (const cell of cells) {
    for (const mine of peers.filter((peer) => ours.includes(peer))) {
      for (const theirs of peers.filter((peer) => !ours.includes(peer))) {
        const ratios = FIGURES.slice(0, 3).map((figure) => ratio(runs, cell, mine, theirs, figure));
        row(cell, `${mine} ÷ ${theirs}`, ...ratios.map((value) => value.toFixed(3)));
      }
    }
  }
  return medians;
}

function ratio(runs, cell, mine, theirs, figure) {
  const divisors = of(runs, cell, theirs);
  return median(of(runs, cell, mine).map((run, i) => run[figure] / divisors[i][figure]));
}

function of(runs, cell, peer) {
  return runs.filter((run) => run.cell === cell && run.peer === peer);
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function percent(share) {
  return `${(share * 100).toFixed(0)} %`;
}

function row(cell, peer, ...figures) {
  console.log(
    cell.padEnd(10) + peer.padEnd(28) + figures.map((text) => text.padStart(12)).join(''),
  );
}

module.exports = { printTable };
