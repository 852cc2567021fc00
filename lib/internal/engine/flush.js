'use strict';

// How output leaves: that of a turn at its end, in one write a connection, and what is left when
// the process exits.

const { SENT_BELOW_MARK, SENT_FIRST, SENT_FLUSH } = require('./abi');
const { calls, connections, engine } = require('./engine');
const atExit = require('./exit');
const { ownTick, surface } = require('./ticks');
const { isIdle, scheduleDelivery } = require('./turn');

/**
 * Most sends that are written at once in what the last handlers of a turn have queued. To wake an
 * I/O thread takes longer than to write an answer or two, and is quicker where many are sent.
 */
const MOST_WRITES = 2;

/** Connections with output that waits for the end of the turn in Node's stream. */
const corked = new Set();

let isWanted = false;
let isScheduled = false;
/** How many sends may still be written at once, instead of waking an I/O thread. */
let writesLeft = 0;
/** Nothing but listeners of the process's 'exit' will run any more. */
let isExiting = false;

/**
 * Lets what was sent in this turn leave at its end. Outside of a delivery nobody knows how long the
 * turn will be, so the first output of a connection leaves at once.
 *
 * @param {number} status what a send of the engine returned
 * @param {number} slot
 * @returns {boolean} whether the output is below the high-water mark
 */
function sent(status, slot) {
  if ((status & SENT_FLUSH) !== 0) {
    wantFlush();
    if ((status & SENT_FIRST) !== 0 && isIdle()) {
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
  if (isIdle()) flush();
}

/**
 * Corks a connection's stream until the end of this turn.
 *
 * @param {any} peer
 */
function corkForTurn(peer) {
  if (isExiting) return;
  peer.socket.cork();
  peer.isCorked = true;
  corked.add(peer);
  wantFlush();
}

/**
 * Runs `work`, whose first sends are written at once.
 *
 * @param {() => void} work
 */
function writeAtOnce(work) {
  writesLeft = MOST_WRITES;
  try {
    work();
  } finally {
    writesLeft = 0;
  }
}

function wantFlush() {
  isWanted = true;
  if (isExiting) flushForExit();
  if (!isIdle() || isScheduled) return;
  isScheduled = true;
  ownTick(flushScheduled);
}

function flushScheduled() {
  isScheduled = false;
  flush();
}

/** Writes the output of this turn. */
function flush() {
  if (!isWanted) return;
  isWanted = false;
  for (const peer of corked) {
    try {
      peer.uncork();
    } catch (error) {
      surface(error);
    }
  }
  flushEngine();
}

function flushEngine() {
  if (calls.flush()) scheduleDelivery();
}

/** Whether nothing but listeners of the process's 'exit' will run any more. */
function hasExited() {
  return isExiting;
}

/** What was sent right before process.exit(), or is by its listeners, still reaches the kernel. */
function flushForExit() {
  isExiting = true;
  engine.flushNow();
  for (const peer of connections) {
    try {
      peer?.writeDeflated();
    } catch (error) {
      surface(error);
    }
  }
  for (const peer of corked) peer.uncork();
}

atExit(flushForExit);

module.exports = { broadcasted, corkForTurn, corked, flush, hasExited, sent, writeAtOnce };
