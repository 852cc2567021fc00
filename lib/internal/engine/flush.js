'use strict';

// Flushes output: that of a turn at its end, in one write for each connection, and the rest when
// the process exits.

const { SENT_BELOW_MARK, SENT_FIRST, SENT_FLUSH } = require('./abi');
const { calls, connections, engine } = require('./engine');
const atExit = require('./exit');
const { ownTick, surface } = require('./ticks');
const { isIdle, scheduleDelivery } = require('./turn');

/**
 * Most sends that are written at once while the ticks of a turn's last handlers run. Waking an I/O
 * thread takes longer than writing one or two answers, but less than writing many.
 */
const MOST_WRITES = 2;

/** Connections whose stream is corked until the end of the turn. */
const corked = new Set();

let isWanted = false;
let isScheduled = false;
/** How many sends may still be written at once, instead of waking an I/O thread. */
let writesLeft = 0;
/** The process exits: only its 'exit' listeners still run. */
let isExiting = false;

/**
 * Schedules a flush for the end of this turn. Outside of a delivery the turn may be long, so the
 * first output of a connection leaves at once.
 *
 * @param {number} status the result of a send of the engine
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

/** Schedules a flush for the end of this turn. */
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

/** Whether the process exits: only its 'exit' listeners still run. */
function hasExited() {
  return isExiting;
}

/**
 * Hands all output to the kernel: that from before process.exit(), and that of 'exit' listeners.
 */
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

module.exports = {
  broadcasted,
  corkForTurn,
  corked,
  flush,
  hasExited,
  sent,
  wantFlush,
  writeAtOnce,
};
