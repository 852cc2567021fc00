'use strict';

/**
 * Makes the globals like a browser's, as some test environments do: there is no setImmediate, and
 * timers are numbers.
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
