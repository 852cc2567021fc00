'use strict';

/**
 * Leaves of the globals what a browser has, as some test environments do: no setImmediate, and
 * numbers for timers.
 */

const { clearTimeout, setTimeout } = globalThis;
const timers = new Map();
let last = 0;

globalThis.setTimeout = /** @type {any} */ (
  (callback, delay, ...args) => {
    timers.set(++last, setTimeout(callback, delay, ...args));
    return last;
  }
);
globalThis.clearTimeout = (number) => clearTimeout(timers.get(number));
delete globalThis.setImmediate;
delete globalThis.clearImmediate;
