'use strict';

const { LONGEST_TIMEOUT } = require('./abi');
const { engine } = require('./engine');
const noop = require('../util/noop');

/** The `setTimeout()` that was checked last, and the timer that it returned. */
let known;
let timer;

/**
 * Whether `setTimeout()` is not Node's own. The clock behind such timers is unknown, but a timer
 * that fires is due. Tests may replace `setTimeout()` at any time, so each call checks again.
 */
function timersAreForeign() {
  if (setTimeout !== known) {
    known = setTimeout;
    // No test advances its clock that far.
    timer = setTimeout(noop, LONGEST_TIMEOUT);
    clearTimer(timer);
    engine.setTimeStands(isForeign(timer));
  }
  return isForeign(timer);
}

/**
 * Whether a test controls the time. Some test environments have a browser's timers, which are
 * numbers and run in real time.
 */
function isFakeClock() {
  return timersAreForeign() && typeof timer === 'object';
}

/** @param {any} timer */
function isForeign(timer) {
  return typeof timer?._idleStart !== 'number';
}

/**
 * Clears a timer. The `setTimeout()` that made it may have been replaced since.
 *
 * @param {any} timer
 */
function clearTimer(timer) {
  if (isForeign(timer)) clearTimeout(timer);
  else timer.close();
}

module.exports = { clearTimer, isForeign, isFakeClock, timersAreForeign };
