'use strict';

// How long a turn of delivery goes on: it looks at the clock more seldom while handlers are quick,
// and lets what they have sent leave meanwhile.

const { flush } = require('./flush');
const { now, runTicks } = require('./ticks');

/** Milliseconds after which the event loop gets a turn before more is delivered. */
const TURN = 10;

/** Milliseconds for which a turn of the event loop may deliver, wait, and deliver again. */
const WAITING_TURN = 1;

/** Milliseconds that what was sent in a turn waits at most, but for one handler's own time. */
const FLUSH_AFTER = 1;

/** Most events between two looks at the clock, while they are quick. */
const MOST_UNTIMED = 32;

/** How many events the turn has delivered, and after how many it looks at the clock. */
let delivered = 0;
let lookAt = 1;
let untimed = 1;
/** Times by the clock. */
let turnEnds = 0;
let flushedAt = 0;

function beginPace() {
  delivered = 0;
  lookAt = 1;
  untimed = 1;
  flushedAt = now();
  turnEnds = flushedAt + TURN;
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

/** @returns {number} until when the event loop may wait for more to deliver */
function waitingEnds() {
  return flushedAt + WAITING_TURN;
}

module.exports = { beginPace, mayGoOn, waitingEnds };
