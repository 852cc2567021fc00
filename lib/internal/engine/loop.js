'use strict';

// Turns of delivery: events go to their connections one by one. Ticks and microtasks of their
// handlers run in between.

const {
  BATCH_LAST,
  EVENT_BYTES,
  EVENT_CLOSE_REQUESTED,
  EVENT_FRAGMENTS,
  EVENT_RELEASED,
  EVENT_TEXT,
  NO_START,
  RECORD_EXTRA,
  RECORD_KIND,
  RECORD_LENGTH,
  RECORD_SLOT,
  RECORD_START,
} = require('./abi');
const { BATCH, calls, connections, newPayloads, newRecords, receivedKind } = require('./engine');
const { flush, writeAtOnce } = require('./flush');
const { beginPace, mayDeliverNext, waitingEnds } = require('./pace');
const PayloadMemory = require('./PayloadMemory');
const { now, ownTick, runTicks, setImmediate, surface } = require('./ticks');
const {
  beginDelivery,
  endDelivery,
  isIdle,
  onDelivery,
  scheduleDelivery,
  setHandling,
} = require('./turn');
const wake = require('./wake');

/** Most events of one connection before the next one has its turn, where this thread reads. */
const SHARE = 32;

/**
 * The batch that is being delivered. If a handler throws, the next turn delivers the rest of it.
 */
const records = newRecords();
const payloads = newPayloads();
const memory = new PayloadMemory();
let position = 0;
let count = 0;
/** The engine may have events that the current turn has missed. */
let needsDelivery = false;

/**
 * The slot of the last event of this batch, if the next one of the same connection may follow
 * without ticks in between, otherwise −1.
 */
let joinedSlot = -1;

/** Connections with events in their own queues, in the order of their turns. */
const ready = [];
let readyIsScheduled = false;

/**
 * Runs when an I/O thread has woken this thread. Delivers the events, and waits a few microseconds
 * for more if the engine expects them soon. Ticks of handlers run before each wait. The event loop
 * waits a millisecond at most.
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
 * Delivers the events of the I/O threads to their connections, in order.
 *
 * @returns {boolean} whether everything is delivered
 */
function deliver() {
  if (isIdle()) return takeTurn(deliverBatches);
  needsDelivery = true;
  return false;
}

/** Delivers the events in the connections' own queues. */
function deliverReady() {
  readyIsScheduled = false;
  // Otherwise the end of the current turn schedules this again.
  if (isIdle()) takeTurn(deliverShares);
}

/**
 * Runs one turn of delivery. If a handler throws, its exception surfaces, and the next turn
 * continues with the following event.
 *
 * @param {() => boolean} work returns whether everything is delivered
 * @returns {boolean} the result of `work`
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
    if (needsDelivery) scheduleDelivery();
    needsDelivery = false;
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
      const record = position * RECORD_LENGTH;
      const isJoined =
        records[record + RECORD_SLOT] === joinedSlot && isReceived(records[record + RECORD_KIND]);
      if (!mayDeliverNext(isJoined)) return false;
      deliverNext();
    }
    joinedSlot = -1;
    // After so many events, more are likely to follow. The answers so far do not wait for them.
    unflushed += count;
    if (unflushed >= BATCH) {
      unflushed = 0;
      flush();
    }
    position = 0;
    count = 0;
    if (last) return true;
    memory.prepare();
    const drained = calls.drain(records, payloads, memory.bytes, memory.used);
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
  const extra = records[record + RECORD_EXTRA];
  const start = records[record + RECORD_START];
  const payload = start === NO_START ? payloads[at] : memory.view(start, extra);
  payloads[at] = undefined;
  const peer = connections[slot];
  joinedSlot = peer !== undefined && joinsEvents(peer) ? slot : -1;
  if (kind === EVENT_RELEASED) {
    connections[slot] = undefined;
    if (calls.free(slot)) setImmediate(wake.closeWake).unref?.();
  }
  if (peer === undefined) return;
  setHandling(peer);
  peer.scope.runInAsyncScope(peer.deliver, peer, kind, extra, payload);
  setHandling(undefined);
}

/**
 * Whether the events of a connection that arrive together are delivered together. npm `ws` emits
 * all messages of a chunk, and then runs the ticks of their handlers.
 *
 * @param {any} peer
 */
function joinsEvents(peer) {
  return peer.config?.joinsEvents === true;
}

/**
 * Whether an event is a frame or a message that the peer has sent, or their bytes.
 *
 * @param {number} kind
 */
function isReceived(kind) {
  if (kind >= 0 && kind <= EVENT_CLOSE_REQUESTED) return true;
  return kind === EVENT_FRAGMENTS || kind === EVENT_BYTES;
}

/** @returns {boolean} whether everything is delivered */
function deliverShares() {
  while (ready.length > 0) {
    const peer = ready[0];
    const joins = joinsEvents(peer);
    let isJoined = false;
    for (let share = SHARE; (share > 0 || isJoined) && peer.mayDeliver(); share--) {
      if (!mayDeliverNext(isJoined)) return false;
      // The ticks that have just run may have paused it.
      if (!peer.mayDeliver()) break;
      setHandling(peer);
      peer.scope.runInAsyncScope(peer.deliverNext, peer);
      setHandling(undefined);
      isJoined = joins && peer.mayDeliver() && isReceived(peer.nextKind());
    }
    ready.shift();
    if (peer.mayDeliver()) ready.push(peer);
    else peer.queueDrained();
  }
  return true;
}

/**
 * Schedules delivery of a connection's own queue, from the next tick on. Calls its `queueDrained()`
 * when the queue is empty or delivery is paused.
 *
 * @param {any} peer one that is not scheduled already
 */
function makeReady(peer) {
  ready.push(peer);
  if (readyIsScheduled) return;
  readyIsScheduled = true;
  ownTick(deliverReady);
}

/**
 * Delivers a message that the engine's receive has returned. Called when `isIdle()`, within Node's
 * own callback for the socket, so Node runs the handlers' ticks right after it. Or the socket's own
 * bytes are being delivered: then the delivery goes on after it.
 *
 * @param {any} peer
 * @param {string | Buffer} payload
 */
function deliverMessage(peer, payload) {
  const kind = typeof payload === 'string' ? EVENT_TEXT : receivedKind[0];
  const isOwnTurn = isIdle();
  if (isOwnTurn) beginDelivery();
  try {
    peer.scope.runInAsyncScope(peer.deliver, peer, kind, 0, payload);
  } catch (error) {
    surface(error);
  } finally {
    if (isOwnTurn) {
      endDelivery();
      flush();
    }
  }
}

/** Lets the engine wake this thread. Called when I/O threads begin to work for a connection. */
function openWake() {
  wake.openWake(deliverAwoken);
}

onDelivery(deliver);

module.exports = { deliverMessage, makeReady, openWake };
