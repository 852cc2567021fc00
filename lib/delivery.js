'use strict';

const { performance } = require('node:perf_hooks');

const { Engine } = require('./native');

/** What the engine reports; the numbers are those of `Kind` in src/engine/inbox.rs. */
const Kind = Object.freeze({
  ASCII_TEXT: 0,
  TEXT: 1,
  BINARY: 2,
  FRAME: 3,
  PING: 4,
  PONG: 5,
  CLOSE_REQUESTED: 6,
  CLOSE_REPLIED: 7,
  VIOLATION: 8,
  UNRESPONSIVE: 9,
  CLOSE_TIMED_OUT: 10,
  FLUSHED: 11,
  END: 12,
  FAILED: 13,
  RELEASED: 14,
});

/** Bits in what the engine's sends return. */
const BELOW_MARK = 1;
const FLUSH = 2;

/** A bit in what the engine's drain returns: nothing follows. */
const LAST = 1 << 31;

/** Events in one batch. */
const BATCH = 512;

/** Milliseconds after which the event loop gets a turn before more is delivered. */
const TURN = 10;

/** Events between two looks at the clock. */
const CLOCK_EVERY = 32;

const engine = new Engine(deliver);
/** Those of the engine's functions that are called for every message, turn or connection. */
const calls = engine.calls();

/** slot → connection, or a WeakRef to one that nothing but its own socket should keep alive. */
const connections = [];

const batch = new Uint32Array(BATCH * 3);
const payloads = new Array(BATCH).fill(undefined);
const counts = new Float64Array(2);

// The batch that is being delivered. A handler may deliver the rest of it from inside (a socket that closes
// hands out what came before), so the position is shared by all turns of `deliver`.
let position = 0;
let count = 0;
let depth = 0;
let deliveryIsScheduled = false;
let flushIsWanted = false;
let references = 0;
let turnNumber = 0;
/** Connections whose sockets are not read until everything is delivered. */
let throttled = [];
/** Connections with output that waits for the end of the turn in Node's stream. */
const corked = new Set();

// Tests replace these with clocks of their own, which must not stop what other connections have to send.
const { nextTick } = process;
const { setImmediate } = globalThis;
let turnEndIsScheduled = false;

/**
 * Hands everything that has arrived to the connections, in order. A handler that throws takes nothing from
 * the others: its exception surfaces, and the next turn goes on behind it.
 */
function deliver() {
  deliverFor(TURN);
}

/**
 * Delivers everything that has arrived before a socket's own event is passed on. Exceptions of handlers
 * surface in the next tick, and keep neither the rest nor that event.
 */
function deliverAll() {
  for (;;) {
    try {
      deliverFor(Number.POSITIVE_INFINITY);
      return;
    } catch (error) {
      nextTick(() => {
        throw error;
      });
    }
  }
}

/** @param {number} patience in milliseconds */
function deliverFor(patience) {
  deliveryIsScheduled = false;
  let complete = false;
  depth++;
  try {
    complete = deliverUntil(performance.now() + patience);
  } finally {
    depth--;
    if (!complete) setImmediate(deliver);
    if (depth === 0) {
      turnNumber++;
      flush();
      if (complete && throttled.length > 0) unthrottle();
    }
  }
}

/** Whether all that the engine has handed over is delivered, and no handler is at work. */
function isIdle() {
  return depth === 0 && position === count;
}

/**
 * Delivers a message that the engine has handed over by itself, when `isIdle()`.
 *
 * @param {any} connection
 * @param {string | Buffer} payload
 */
function deliverMessage(connection, payload) {
  const kind = typeof payload === 'string' ? Kind.TEXT : Kind.BINARY;
  depth = 1;
  try {
    connection._scope.runInAsyncScope(connection._deliver, connection, kind, 0, payload);
  } finally {
    depth = 0;
    turnNumber++;
    flush();
  }
}

function unthrottle() {
  const connections = throttled;
  throttled = [];
  for (const connection of connections) connection._unthrottle();
}

/**
 * @param {number} deadline
 * @returns {boolean} whether everything is delivered
 */
function deliverUntil(deadline) {
  let last = false;
  for (;;) {
    while (position < count) {
      const slot = batch[position * 3 + 1];
      const connection = connectionOf(slot);
      const inTime = connection
        ? connection._scope.runInAsyncScope(deliverRun, undefined, connection, slot, deadline)
        : deliverRun(connection, slot, deadline);
      if (!inTime) return false;
    }
    // After a full batch more is likely to follow: answers to this one need not wait for it.
    if (count === BATCH) flush();
    position = 0;
    count = 0;
    if (last) return true;
    if (performance.now() > deadline) return false;
    const drained = calls.drain(batch, payloads);
    last = (drained & LAST) !== 0;
    count = drained & ~LAST;
  }
}

/** @param {number} slot */
function connectionOf(slot) {
  const connection = connections[slot];
  return connection instanceof WeakRef ? connection.deref() : connection;
}

/**
 * Delivers the next event, and those behind it that are of the same connection.
 *
 * @param {any} connection undefined if it is forgotten
 * @param {number} slot
 * @param {number} deadline
 * @returns {boolean} whether there is time for more
 */
function deliverRun(connection, slot, deadline) {
  do {
    const at = position++;
    const kind = batch[at * 3];
    const payload = payloads[at];
    payloads[at] = undefined;
    if (kind === Kind.RELEASED) {
      connections[slot] = undefined;
      calls.free(slot);
    }
    if (connection !== undefined) connection._deliver(kind, batch[at * 3 + 2], payload);
    if (at % CLOCK_EVERY === CLOCK_EVERY - 1 && performance.now() > deadline) return false;
    if (kind === Kind.RELEASED) break;
  } while (position < count && batch[position * 3 + 1] === slot);
  return true;
}

/** Sees to a delivery in the next tick, for events that arose on this thread. */
function scheduleDelivery() {
  if (deliveryIsScheduled) return;
  deliveryIsScheduled = true;
  nextTick(deliver);
}

/**
 * Sees to it that what was sent in this turn leaves at its end, in one write a connection.
 *
 * @param {number} status what a send of the engine returned
 * @returns {boolean} whether the output is below the high-water mark
 */
function sent(status) {
  if ((status & FLUSH) !== 0 && !flushIsWanted) {
    flushIsWanted = true;
    if (depth === 0) nextTick(flush);
  }
  return (status & BELOW_MARK) !== 0;
}

/**
 * What was received is more than is delivered at the moment: the connection hears when that has changed.
 *
 * @param {any} connection
 */
function throttle(connection) {
  throttled.push(connection);
}

/** @returns {number} the same for all that one turn of the event loop does, another one afterwards */
function turn() {
  if (depth === 0 && !turnEndIsScheduled) {
    turnEndIsScheduled = true;
    nextTick(endTurn);
  }
  return turnNumber;
}

function endTurn() {
  turnEndIsScheduled = false;
  turnNumber++;
}

function flush() {
  if (!flushIsWanted) return;
  flushIsWanted = false;
  if (calls.flush()) scheduleDelivery();
}

/**
 * @param {number} slot
 * @returns {[received: number, sent: number]} bytes of a link, 0 if it is gone
 */
function transferred(slot) {
  calls.transferred(slot, counts);
  return [counts[0], counts[1]];
}

/** One adopted connection more keeps the process alive. */
function reference() {
  if (references++ === 0) engine.setRef(true);
}

function unreference() {
  if (--references === 0) engine.setRef(false);
}

// What was sent right before process.exit() still reaches the kernel.
exitHooks().add(() => {
  for (const connection of corked) connection._uncork();
  engine.flushNow();
});

/** One listener serves all copies of this module that a process may load. */
function exitHooks() {
  /** @type {any} */
  const owner = process;
  const key = Symbol.for('websocket-native.exit');
  if (owner[key] === undefined) {
    owner[key] = new Set();
    process.on('exit', () => {
      for (const hook of owner[key]) hook();
    });
  }
  return owner[key];
}

module.exports = {
  BELOW_MARK,
  FLUSH,
  Kind,
  calls,
  connections,
  corked,
  deliverAll,
  deliverMessage,
  engine,
  isIdle,
  reference,
  scheduleDelivery,
  sent,
  throttle,
  transferred,
  turn,
  unreference,
};
