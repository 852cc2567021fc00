'use strict';

// Node's ticks, immediates and clock, as they were when this file was loaded. Tests replace them
// with fake ones, which must not hold back output.

const { performance } = require('node:perf_hooks');
const timers = require('node:timers');

const { nextTick } = process;
const { setImmediate } = timers;
const now = performance.now.bind(performance);

/**
 * Runs the queued ticks and microtasks, as Node does between two timers or immediates. Node has no
 * public name for it. Where it is missing, each event gets a turn of the event loop.
 *
 * @type {(() => void) | undefined}
 */
const runTicks = undeprecated(/** @type {any} */ (process)._tickCallback);

/**
 * With --pending-deprecation Node replaces the function by a wrapper that warns. The prototype of
 * the wrapper is the function itself.
 *
 * @param {any} callback
 */
function undeprecated(callback) {
  const wrapped = callback && Object.getPrototypeOf(callback);
  return typeof wrapped === 'function' && wrapped !== Function.prototype ? wrapped : callback;
}

/**
 * As process.nextTick(), for work on many connections. It runs without the current domain, because
 * each connection and each callback has its own.
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
 * Throws an exception of an application's handler in a tick of its own, where it interrupts nothing
 * else.
 *
 * @param {unknown} error
 */
function surface(error) {
  nextTick(() => {
    throw error;
  });
}

module.exports = { now, ownTick, runTicks, setImmediate, surface };
