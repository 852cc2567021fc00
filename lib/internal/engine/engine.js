'use strict';

// The engine of this environment: its functions, and which connection has which slot.

const {
  BATCH_LAST,
  NO_START,
  RECORD_EXTRA,
  RECORD_KIND,
  RECORD_LENGTH,
  RECORD_START,
} = require('./abi');
const { Engine } = require('./native');
const PayloadMemory = require('./PayloadMemory');

/** Events in one batch. */
const BATCH = 512;

const engine = new Engine();
/** The engine's functions that run for every message, turn or connection. */
const calls = engine.calls();

/** The Peer of each slot whose events arrive through the inbox. */
const connections = [];

const records = newRecords();
const payloads = newPayloads();
const memory = new PayloadMemory();
const counts = new Float64Array(2);
/** Where a direct `receive` writes the kind of a message that is a Buffer. */
const receivedKind = new Uint32Array(1);

/** An array that the engine fills with the numbers of a batch's events. */
function newRecords() {
  return new Uint32Array(BATCH * RECORD_LENGTH);
}

/** An array for the payloads of these events. */
function newPayloads() {
  return new Array(BATCH).fill(undefined);
}

/**
 * Takes the events of a connection that this thread drives.
 *
 * @param {(kind: number, extra: number, payload: any) => void} add
 */
function takeEvents(add) {
  for (let last = false; !last; ) {
    memory.prepare();
    const taken = calls.take(records, payloads, memory.bytes, memory.used);
    last = (taken & BATCH_LAST) !== 0;
    for (let at = 0; at < (taken & ~BATCH_LAST); at++) {
      const record = at * RECORD_LENGTH;
      const extra = records[record + RECORD_EXTRA];
      const start = records[record + RECORD_START];
      const payload = start === NO_START ? payloads[at] : memory.view(start, extra);
      add(records[record + RECORD_KIND], extra, payload);
      payloads[at] = undefined;
    }
  }
}

/**
 * @param {number} slot
 * @returns {[received: number, sent: number]} bytes of a link, 0 if it is gone
 */
function transferred(slot) {
  calls.transferred(slot, counts);
  return [counts[0], counts[1]];
}

module.exports = {
  BATCH,
  calls,
  connections,
  engine,
  newPayloads,
  newRecords,
  receivedKind,
  takeEvents,
  transferred,
};
