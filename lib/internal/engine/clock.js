'use strict';

const { LONGEST_TIMEOUT } = require('./abi');
const { engine } = require('./engine');
const noop = require('../util/noop');

/** The `setTimeout()` that was looked at last, and what it returned. */
let known;
let timer;

/**
 * Whether timers are not Node's own. What their clock says is unknown; but when a timer fires, its
 * time has come. Tests replace timers at any time.
 */
function timersAreForeign() {
  if (setTimeout !== known) {
    known = setTimeout;
    // No test winds its clock so far.
    timer = setTimeout(noop, LONGEST_TIMEOUT);
    clearTimer(timer);
    engine.setTimeStands(isForeign(timer));
  }
  return isForeign(timer);
}

/**
 * Whether time is a test's to wind. Where timers are a browser's, as in some test environments,
 * they are numbers, but the time is real.
 */
function isWoundByHand() {
  return timersAreForeign() && typeof timer === 'object';
}

/** @param {any} timer */
function isForeign(timer) {
  return typeof timer?._idleStart !== 'number';
}

/**
 * Clears a timer that the clock of the time has made, which may not be the clock of today.
 *
 * @param {any} timer
 */
function clearTimer(timer) {
  if (isForeign(timer)) clearTimeout(timer);
  else timer.close();
}

module.exports = { clearTimer, isForeign, isWoundByHand, timersAreForeign };
