'use strict';

// Node's ticks and immediates, and the time, as they were when this file was loaded: tests replace
// them by clocks of their own, which must not stop what other connections have to send.

const { performance } = require('node:perf_hooks');
const timers = require('node:timers');

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

/**
 * Throws an exception of an application's handler in a tick, where it breaks off nothing else.
 *
 * @param {unknown} error
 */
function surface(error) {
  nextTick(() => {
    throw error;
  });
}

module.exports = { now, ownTick, runTicks, setImmediate, surface };
