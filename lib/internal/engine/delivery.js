'use strict';

const { performance } = require('node:perf_hooks');
const timers = require('node:timers');

const {
  BATCH_LAST,
  EVENT_BINARY,
  EVENT_RELEASED,
  EVENT_TEXT,
  RECORD_EXTRA,
  RECORD_KIND,
  RECORD_LENGTH,
  RECORD_SLOT,
  SENT_BELOW_MARK,
  SENT_FIRST,
  SENT_FLUSH,
} = require('./abi');
const { Engine } = require('./native');
const weakly = require('./weakly');

/** Events in one batch. */
const BATCH = 512;

/** Milliseconds after which the event loop gets a turn before more is delivered. */
const TURN = 10;

/** Milliseconds for which a turn of the event loop may deliver, wait, and deliver again. */
const WAITING = 1;

/** Milliseconds that what was sent in a turn waits at most, but for one handler's own time. */
const FLUSH_AFTER = 1;

/**
 * Most sends that are written at once in what the last handlers of a turn have queued. To wake an
 * I/O thread takes longer than to write an answer or two, and is quicker where many are sent.
 */
const MOST_WRITES = 2;

/** Most events between two looks at the clock, while they are quick. */
const MOST_UNTIMED = 32;

/** Events of one connection before the others that this thread reads have their turn. */
const SHARE = 32;

// Tests replace these with clocks of their own, which must not stop what other connections have to
// send.
const { nextTick } = process;
const { setImmediate } = timers;
const now = performance.now.bind(performance);

/**
 * Runs what process.nextTick() and microtasks have queued, as Node itself does between two timers
 * or immediates: Node has no public name for it. Where it is missing, each event has a turn of the
 * event loop.
 *
 * @type {(() => void) | undefined}
 */
const runTicks = undeprecated(/** @type {any} */ (process)._tickCallback);

const engine = new Engine();
/** Those of the engine's functions that are called for every message, turn or connection. */
const calls = engine.calls();

/** slot → connection, of those whose descriptors the engine has. */
const connections = [];

/** Connections whose own queues have something to deliver, in the order of their turns. */
const ready = [];
let readyIsScheduled = false;

const batch = new Uint32Array(BATCH * RECORD_LENGTH);
const payloads = new Array(BATCH).fill(undefined);
const counts = new Float64Array(2);
const ownBatch = new Uint32Array(BATCH * RECORD_LENGTH);
const ownPayloads = new Array(BATCH).fill(undefined);

/**
 * The batch that is being delivered, of which a handler that throws leaves the rest to the next
 * turn.
 */
let position = 0;
let count = 0;
let deliveryIsScheduled = false;

/** A turn of delivery is under way, perhaps in what its handlers have queued. */
let isDelivering = false;
/** How many sends may be written at once, instead of asking an I/O thread for that. */
let writesLeft = 0;
/** The engine has something that the turn may have missed. */
let looksAgain = false;
/**
 * How many events the turn has delivered, after how many it looks at the clock, and what the clock
 * has said.
 */
let delivered = 0;
let lookAt = 1;
let untimed = 1;
let turnEnds = 0;
let flushedAt = 0;

let flushIsWanted = false;
let flushIsScheduled = false;
/** Connections with output that waits for the end of the turn in Node's stream. */
const corked = new Set();
/** Nothing but listeners of the process's 'exit' will run any more. */
let isExiting = false;
/** The engine wakes this thread. */
let isAwakened = false;
let references = 0;
let turnNumber = 0;
let turnEndIsScheduled = false;

/**
 * With --pending-deprecation Node has a wrapper that warns in the function's place, which has the
 * function itself for its prototype.
 *
 * @param {any} callback
 */
function undeprecated(callback) {
  const wrapped = callback && Object.getPrototypeOf(callback);
  return typeof wrapped === 'function' && wrapped !== Function.prototype ? wrapped : callback;
}

/**
 * Woken by an I/O thread: hands over what these have brought, and waits a few microseconds for more
 * if the engine thinks that it pays. What handlers have queued does not wait for that; the event
 * loop does for a millisecond at most.
 */
function deliverAwoken() {
  let mayWait = deliver();
  if (runTicks === undefined) return;
  const ends = flushedAt + WAITING;
  try {
    runLastTicks();
    while (mayWait && ready.length === 0 && calls.wait()) {
      mayWait = deliver() && now() < ends;
      runLastTicks();
    }
  } finally {
    calls.handBack();
  }
}

/** Runs what the last handlers of a turn have queued, as `async` ones have their answers. */
function runLastTicks() {
  writesLeft = MOST_WRITES;
  try {
    /** @type {() => void} */ (runTicks)();
  } finally {
    writesLeft = 0;
  }
}

/**
 * Hands what the I/O threads have brought to the connections, in order.
 *
 * @returns {boolean} whether everything is delivered
 */
function deliver() {
  deliveryIsScheduled = false;
  if (!isDelivering) return takeTurn(deliverBatches);
  looksAgain = true;
  return false;
}

/**
 * Hands what this thread has received by itself to the connections, each of which has a queue of
 * its own.
 */
function deliverReady() {
  readyIsScheduled = false;
  // The turn that is under way sees to it, or its end does.
  if (!isDelivering) takeTurn(deliverShares);
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
  isDelivering = true;
  delivered = 0;
  lookAt = 1;
  untimed = 1;
  flushedAt = now();
  turnEnds = flushedAt + TURN;
  try {
    complete = work();
  } finally {
    isDelivering = false;
    turnNumber++;
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

/**
 * To be called before each event.
 *
 * @returns {boolean} whether it may be delivered now: there is time, and what the handlers of the
 *   one before have queued is done
 */
function mayGoOn() {
  if (delivered > 0) {
    if (runTicks === undefined) return false;
    if (delivered >= lookAt && !isInTime()) return false;
    runTicks();
  }
  delivered++;
  return true;
}

/**
 * Looks at the clock: the longer ago, the quicker the handlers are. What they have sent does not
 * wait for slow ones.
 */
function isInTime() {
  const time = now();
  if (time > turnEnds) return false;
  if (time - flushedAt > FLUSH_AFTER) {
    flushedAt = time;
    untimed = 1;
    flush();
  }
  lookAt = delivered + untimed;
  untimed = Math.min(untimed * 2, MOST_UNTIMED);
  return true;
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
    const drained = calls.drain(batch, payloads);
    last = (drained & BATCH_LAST) !== 0;
    count = drained & ~BATCH_LAST;
  }
}

/** Delivers the next event of the batch, in the async context of its connection. */
function deliverNext() {
  const at = position++;
  const record = at * RECORD_LENGTH;
  const kind = batch[record + RECORD_KIND];
  const slot = batch[record + RECORD_SLOT];
  const payload = payloads[at];
  payloads[at] = undefined;
  const connection = connections[slot];
  if (kind === EVENT_RELEASED) {
    connections[slot] = undefined;
    if (calls.free(slot)) setImmediate(closeWake).unref?.();
  }
  if (connection === undefined) return;
  const extra = batch[record + RECORD_EXTRA];
  connection._scope.runInAsyncScope(connection._deliver, connection, kind, extra, payload);
}

/** @returns {boolean} whether everything is delivered */
function deliverShares() {
  while (ready.length > 0) {
    const connection = ready[0];
    for (let share = SHARE; share > 0 && connection._mayDeliver(); share--) {
      if (!mayGoOn()) return false;
      // What was queued may have paused it.
      if (!connection._mayDeliver()) break;
      connection._scope.runInAsyncScope(connection._deliverHeld, connection);
    }
    ready.shift();
    if (connection._mayDeliver()) ready.push(connection);
    else connection._rest();
  }
  return true;
}

/**
 * Sees to the delivery of what a connection has in its own queue, in the next tick. It is told by
 * `_rest()` when that is done, or can't go on.
 *
 * @param {any} connection that is not waiting for it already
 */
function makeReady(connection) {
  ready.push(connection);
  if (readyIsScheduled) return;
  readyIsScheduled = true;
  ownTick(deliverReady);
}

/** Whether a message that comes now may be delivered where it comes. */
function isIdle() {
  return !isDelivering;
}

/**
 * Delivers a message that the engine has handed over by itself, when `isIdle()` and Node's own
 * callback for its socket is at work, so that what the handlers queue runs right after it.
 *
 * @param {any} connection
 * @param {string | Buffer} payload
 */
function deliverMessage(connection, payload) {
  const kind = typeof payload === 'string' ? EVENT_TEXT : EVENT_BINARY;
  isDelivering = true;
  try {
    connection._scope.runInAsyncScope(connection._deliver, connection, kind, 0, payload);
  } catch (error) {
    surface(error);
  } finally {
    isDelivering = false;
    turnNumber++;
    flush();
  }
}

/**
 * Has an exception of an application's handler surface where it can't break off what goes on around
 * it.
 *
 * @param {unknown} error
 */
function surface(error) {
  nextTick(() => {
    throw error;
  });
}

/**
 * Has the engine hand over what it has for a connection that this thread drives.
 *
 * @param {(kind: number, extra: number, payload: any) => void} add
 */
function takeEvents(add) {
  for (let last = false; !last; ) {
    const taken = calls.take(ownBatch, ownPayloads);
    last = (taken & BATCH_LAST) !== 0;
    for (let at = 0; at < (taken & ~BATCH_LAST); at++) {
      const record = at * RECORD_LENGTH;
      add(ownBatch[record + RECORD_KIND], ownBatch[record + RECORD_EXTRA], ownPayloads[at]);
      ownPayloads[at] = undefined;
    }
  }
}

/**
 * As process.nextTick(), for work on many connections. The current domain does not apply: each
 * connection and each callback has its own.
 *
 * @param {() => void} work
 */
function ownTick(work) {
  /** @type {any} */
  const owner = process;
  const { domain } = owner;
  if (!domain) {
    nextTick(work);
    return;
  }
  owner.domain = null;
  nextTick(work);
  owner.domain = domain;
}

/** Sees to a delivery in the next tick, for events that arose on this thread. */
function scheduleDelivery() {
  if (deliveryIsScheduled) return;
  deliveryIsScheduled = true;
  ownTick(deliver);
}

/**
 * Sees to it that what was sent in this turn leaves at its end, in one write a connection. Outside
 * of a delivery, whose end is near, the first of it does not wait for what the application has to
 * do besides.
 *
 * @param {number} status what a send of the engine returned
 * @param {number} slot
 * @returns {boolean} whether the output is below the high-water mark
 */
function sent(status, slot) {
  if ((status & SENT_FLUSH) !== 0) {
    wantFlush();
    if ((status & SENT_FIRST) !== 0 && !isDelivering) {
      if (writesLeft > 0) {
        writesLeft--;
        flushEngine();
      } else {
        calls.kick(slot);
      }
    }
  }
  return (status & SENT_BELOW_MARK) !== 0;
}

/** As `sent`, for one message on many connections. */
function broadcasted() {
  wantFlush();
  if (!isDelivering) flush();
}

/**
 * Corks a connection's stream until the end of this turn.
 *
 * @param {any} connection
 */
function corkForTurn(connection) {
  if (isExiting) return;
  connection.socket.cork();
  connection._corked = true;
  corked.add(connection);
  wantFlush();
}

function wantFlush() {
  flushIsWanted = true;
  if (isExiting) flushForExit();
  if (isDelivering || flushIsScheduled) return;
  flushIsScheduled = true;
  ownTick(flushScheduled);
}

function flushScheduled() {
  flushIsScheduled = false;
  flush();
}

function flush() {
  if (!flushIsWanted) return;
  flushIsWanted = false;
  for (const connection of corked) {
    try {
      connection._uncork();
    } catch (error) {
      surface(error);
    }
  }
  flushEngine();
}

function flushEngine() {
  if (calls.flush()) scheduleDelivery();
}

/** @returns {number} the same for all that one turn of the event loop does, another one afterwards */
function turn() {
  if (!isDelivering && !turnEndIsScheduled) {
    turnEndIsScheduled = true;
    ownTick(endTurn);
  }
  return turnNumber;
}

function endTurn() {
  turnEndIsScheduled = false;
  turnNumber++;
}

/**
 * @param {number} slot
 * @returns {[received: number, sent: number]} bytes of a link, 0 if it is gone
 */
function transferred(slot) {
  calls.transferred(slot, counts);
  return [counts[0], counts[1]];
}

/** Whether nothing but listeners of the process's 'exit' will run any more. */
function hasExited() {
  return isExiting;
}

/**
 * I/O threads are at work for a connection: the engine wakes this thread when they have brought
 * something.
 */
function openWake() {
  if (isAwakened) return;
  // The function is there until the engine is gone, which it would never be if that kept it.
  engine.openWake(weakly(deliverAwoken));
  isAwakened = true;
}

/** Nothing is open while there are no connections, unless the next one has come already. */
function closeWake() {
  if (isAwakened && engine.closeWake()) isAwakened = false;
}

/** One adopted connection more keeps the process alive. */
function reference() {
  if (references++ === 0) engine.setRef(true);
}

function unreference() {
  if (--references === 0) engine.setRef(false);
}

/** What was sent right before process.exit(), or is by its listeners, still reaches the kernel. */
function flushForExit() {
  isExiting = true;
  engine.flushNow();
  for (const connection of connections) {
    try {
      connection?._writeDeflated();
    } catch (error) {
      surface(error);
    }
  }
  for (const connection of corked) connection._uncork();
}

atExit(flushForExit);

/**
 * Has one listener of the process call the hooks of all copies of this module that it may load, and
 * forget those of copies that are gone.
 *
 * @param {() => void} hook that the copy itself refers to
 */
function atExit(hook) {
  /** @type {any} */
  const owner = process;
  const key = Symbol.for('websocket-native.exit');
  if (owner[key] === undefined) {
    owner[key] = new Set();
    process.on('exit', () => {
      for (const known of owner[key]) known.deref()?.();
    });
  }
  for (const known of owner[key]) {
    if (known.deref() === undefined) owner[key].delete(known);
  }
  owner[key].add(new WeakRef(hook));
}

module.exports = {
  broadcasted,
  calls,
  connections,
  corkForTurn,
  corked,
  // Nobody calls it but the engine, which does not keep it.
  deliverAwoken,
  deliverMessage,
  engine,
  hasExited,
  isIdle,
  makeReady,
  now,
  openWake,
  reference,
  scheduleDelivery,
  sent,
  transferred,
  surface,
  takeEvents,
  turn,
  unreference,
};
