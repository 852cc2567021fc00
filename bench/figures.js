'use strict';

/** Below this many connections a process's growth tells of its heap, not of the connections. */
const ENOUGH_CONNECTIONS = 1000;
const KIB_PER_MIB = 1024;

/**
 * What one turn's measurement comes to.
 *   rate        messages (or what else the cell counts) per second
 *   megabytes   of payload per second, in one direction, in 10^6 bytes
 *   js, all     microseconds of CPU time per message: of the thread that runs JavaScript, of all threads
 *   p50 ...     microseconds from a message's write to its complete answer
 *   resident    KiB by which the process grew per connection
 *   wire        bytes of an answer's payload, where it is compressed
 *   peak        MiB of RAM that it had at most
 *   unanswered  connections that got no answer in the whole time
 *   loadBusy, elsewhereBusy   cores that the load, and everything that isn't part of the run, used
 */
function figuresOf(measured, { connections, size }) {
  const { count, seconds } = measured;
  if (count === 0) throw new Error('nothing came back');
  const grown = measured.residentKiB - measured.residentBeforeKiB;
  return {
    count,
    seconds,
    rate: count / seconds,
    megabytes: (count * size) / seconds / 1e6,
    js: measured.mainNs / 1000 / count,
    all: measured.allNs / 1000 / count,
    p50: measured.p50Ns / 1000,
    p99: measured.p99Ns / 1000,
    p999: measured.p999Ns / 1000,
    resident: connections >= ENOUGH_CONNECTIONS ? grown / connections : undefined,
    wire: measured.deflatedBytes ? measured.deflatedBytes / count : undefined,
    peak: measured.peakKiB / KIB_PER_MIB,
    unanswered: measured.unanswered,
    loadBusy: measured.loadBusy,
    elsewhereBusy: measured.elsewhereBusy,
  };
}

/**
 * The median of each figure over a peer's turns at a cell; a figure that a cell doesn't have stays
 * out.
 */
function mediansOf(runs, cell, peer) {
  const own = runs.filter((run) => run.cell === cell && run.peer === peer && !run.error);
  if (own.length === 0) return undefined;
  const numbers = Object.keys(own[0]).filter((name) => typeof own[0][name] === 'number');
  return Object.fromEntries(numbers.map((name) => [name, median(own.map((run) => run[name]))]));
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

module.exports = { figuresOf, median, mediansOf };
