'use strict';

// Limits the time of a turn of delivery. The turn reads the clock less often while handlers are
// quick, and flushes their output meanwhile.

const { flush } = require('./flush');
const { now, runTicks } = require('./ticks');

/** Milliseconds of delivery, after which the event loop gets a turn. */
const TURN = 10;

/** Milliseconds for which a turn of the event loop may deliver, wait, and deliver again. */
const WAITING_TURN = 1;

/** Most milliseconds that output of a turn waits, besides the time of one handler. */
const FLUSH_AFTER = 1;

/** Most events between two readings of the clock. */
const LONGEST_STEP = 32;

/**
 * Events delivered in this turn, the count at which the turn reads the clock, and the step from
 * that reading to the next one.
 */
let delivered = 0;
let nextReading = 1;
let step = 1;
/** Times by the clock. */
let turnEnds = 0;
let flushedAt = 0;

function beginPace() {
  delivered = 0;
  nextReading = 1;
  step = 1;
  flushedAt = now();
  turnEnds = flushedAt + TURN;
}

/**
 * Called before each event.
 *
 * @param {boolean} isJoined whether it follows the last one without ticks in between
 * @returns {boolean} whether it may be delivered in this turn: there is time, and the ticks of
 *   earlier handlers have run
 */
function mayDeliverNext(isJoined) {
  if (delivered > 0 && !isJoined) {
    if (runTicks === undefined) return false;
    if (delivered >= nextReading && !isInTime()) return false;
    runTicks();
  }
  delivered++;
  return true;
}

/**
 * Reads the clock. Flushes output that has waited for slow handlers. The steps between two readings
 * grow while handlers are quick.
 */
function isInTime() {
  const time = now();
  if (time > turnEnds) return false;
  if (time - flushedAt > FLUSH_AFTER) {
    flushedAt = time;
    step = 1;
    flush();
  }
  nextReading = delivered + step;
  step = Math.min(step * 2, LONGEST_STEP);
  return true;
}

/** @returns {number} until when the event loop may wait for more to deliver */
function waitingEnds() {
  return flushedAt + WAITING_TURN;
}

module.exports = { beginPace, mayDeliverNext, waitingEnds };
