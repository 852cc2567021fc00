'use strict';

/** With fewer connections a process's growth is that of its heap rather than of the connections. */
const ENOUGH_CONNECTIONS = 1000;
const KIB_PER_MIB = 1024;

/**
 * The figures of one turn.
 *   rate        messages (or deliveries, or connections) per second
 *   megabytes   of payload per second, in one direction, in 10^6 bytes
 *   js, all     microseconds of CPU time per message: the thread that runs JavaScript, all threads
 *   p50 ...     microseconds from a message's write to its complete answer
 *   resident    growth of the process per connection, in KiB
 *   wire        bytes of an answer's payload, if it is compressed
 *   resumed     share of the connections that resumed a session of TLS, if any did
 *   peak        the most RAM that the process had, in MiB
 *   unanswered  connections without an answer in the whole time
 *   loadBusy, elsewhereBusy   cores that the load used, and that other programs used
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
    resumed: measured.resumed ? measured.resumed / count : undefined,
    peak: measured.peakKiB / KIB_PER_MIB,
    unanswered: measured.unanswered,
    loadBusy: measured.loadBusy,
    elsewhereBusy: measured.elsewhereBusy,
  };
}

/**
 * The median of each figure over a peer's turns at a cell. It has only the figures of that cell.
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
