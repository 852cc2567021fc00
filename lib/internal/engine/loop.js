'use strict';

// Turns of delivery: events go to their connections one by one, and what their handlers have queued
// runs in between.

const {
  BATCH_LAST,
  EVENT_BINARY,
  EVENT_RELEASED,
  EVENT_TEXT,
  RECORD_EXTRA,
  RECORD_KIND,
  RECORD_LENGTH,
  RECORD_SLOT,
} = require('./abi');
const { BATCH, calls, connections, newPayloads, newRecords } = require('./engine');
const { flush, writeAtOnce } = require('./flush');
const { beginPace, mayGoOn, waitingEnds } = require('./pace');
const { now, ownTick, runTicks, setImmediate, surface } = require('./ticks');
const { beginDelivery, endDelivery, isIdle, onDelivery, scheduleDelivery } = require('./turn');
const wake = require('./wake');

/** Events of one connection before the others that this thread reads have their turn. */
const SHARE = 32;

/**
 * The batch that is being delivered. If a handler throws, the next turn delivers the rest of it.
 */
const records = newRecords();
const payloads = newPayloads();
let position = 0;
let count = 0;
/** The engine has something that the turn may have missed. */
let looksAgain = false;

/** Connections whose own queues have something to deliver, in the order of their turns. */
const ready = [];
let readyIsScheduled = false;

/**
 * Woken by an I/O thread: delivers what these have brought, and waits a few microseconds for more
 * if the engine thinks that it pays. What handlers have queued does not wait for that; the event
 * loop does for a millisecond at most.
 */
function deliverAwoken() {
  let mayWait = deliver();
  if (runTicks === undefined) return;
  const ends = waitingEnds();
  try {
    writeAtOnce(runTicks);
    while (mayWait && ready.length === 0 && calls.wait()) {
      mayWait = deliver() && now() < ends;
      writeAtOnce(runTicks);
    }
  } finally {
    calls.handBack();
  }
}

/**
 * Hands what the I/O threads have brought to the connections, in order.
 *
 * @returns {boolean} whether everything is delivered
 */
function deliver() {
  if (isIdle()) return takeTurn(deliverBatches);
  looksAgain = true;
  return false;
}

/**
 * Hands what this thread has received by itself to the connections, each of which has a queue of
 * its own.
 */
function deliverReady() {
  readyIsScheduled = false;
  // The end of the turn that is under way looks at them again.
  if (isIdle()) takeTurn(deliverShares);
}

/**
 * One turn of delivery. A handler that throws takes nothing from the others: its exception
 * surfaces, and the next turn goes on behind it.
 *
 * @param {() => boolean} work says whether everything is delivered
 * @returns {boolean} what it says
 */
function takeTurn(work) {
  let complete = false;
  beginDelivery();
  beginPace();
  try {
    complete = work();
  } finally {
    endDelivery();
    flush();
    if (!complete && work === deliverBatches) setImmediate(deliver);
    if (looksAgain) scheduleDelivery();
    looksAgain = false;
    if (ready.length > 0 && !readyIsScheduled) {
      readyIsScheduled = true;
      setImmediate(deliverReady);
    }
  }
  return complete;
}

/** @returns {boolean} whether everything is delivered */
function deliverBatches() {
  let last = false;
  let unflushed = 0;
  for (;;) {
    while (position < count) {
      if (!mayGoOn()) return false;
      deliverNext();
    }
    // After so many, more are likely to follow: answers to these need not wait for them.
    unflushed += count;
    if (unflushed >= BATCH) {
      unflushed = 0;
      flush();
    }
    position = 0;
    count = 0;
    if (last) return true;
    const drained = calls.drain(records, payloads);
    last = (drained & BATCH_LAST) !== 0;
    count = drained & ~BATCH_LAST;
  }
}

/** Delivers the next event of the batch, in the async context of its connection. */
function deliverNext() {
  const at = position++;
  const record = at * RECORD_LENGTH;
  const kind = records[record + RECORD_KIND];
  const slot = records[record + RECORD_SLOT];
  const payload = payloads[at];
  payloads[at] = undefined;
  const peer = connections[slot];
  if (kind === EVENT_RELEASED) {
    connections[slot] = undefined;
    if (calls.free(slot)) setImmediate(wake.closeWake).unref?.();
  }
  if (peer === undefined) return;
  const extra = records[record + RECORD_EXTRA];
  peer.scope.runInAsyncScope(peer.deliver, peer, kind, extra, payload);
}

/** @returns {boolean} whether everything is delivered */
function deliverShares() {
  while (ready.length > 0) {
    const peer = ready[0];
    for (let share = SHARE; share > 0 && peer.mayDeliver(); share--) {
      if (!mayGoOn()) return false;
      // What was queued may have paused it.
      if (!peer.mayDeliver()) break;
      peer.scope.runInAsyncScope(peer.deliverNext, peer);
    }
    ready.shift();
    if (peer.mayDeliver()) ready.push(peer);
    else peer.queueDrained();
  }
  return true;
}

/**
 * Delivers what a connection has in its own queue, from the next tick on. Calls its `queueDrained()`
 * when that is done, or can't go on.
 *
 * @param {any} peer that is not waiting for it already
 */
function makeReady(peer) {
  ready.push(peer);
  if (readyIsScheduled) return;
  readyIsScheduled = true;
  ownTick(deliverReady);
}

/**
 * Delivers a message that the engine has handed over by itself, when `isIdle()` and Node's own
 * callback for its socket is at work, so that what the handlers queue runs right after it.
 *
 * @param {any} peer
 * @param {string | Buffer} payload
 */
function deliverMessage(peer, payload) {
  const kind = typeof payload === 'string' ? EVENT_TEXT : EVENT_BINARY;
  beginDelivery();
  try {
    peer.scope.runInAsyncScope(peer.deliver, peer, kind, 0, payload);
  } catch (error) {
    surface(error);
  } finally {
    endDelivery();
    flush();
  }
}

/** Lets the engine wake this thread: I/O threads are at work for a connection. */
function openWake() {
  wake.openWake(deliverAwoken);
}

onDelivery(deliver);

module.exports = { deliverMessage, makeReady, openWake };
