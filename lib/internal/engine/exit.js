'use strict';

// Runs hooks when the process exits. This file holds nothing else, because the process keeps the
// listener, and the listener keeps everything in its scope.

const KEY = Symbol.for('websocket-native.exit');

/**
 * Adds a hook that runs when the process exits. All copies of this package in a process share one
 * listener. It holds their hooks weakly, and each call here removes those that are collected.
 *
 * @param {() => void} hook a function that its copy of the package keeps alive
 */
function atExit(hook) {
  /** @type {any} */
  const owner = process;
  if (owner[KEY] === undefined) {
    owner[KEY] = new Set();
    process.on('exit', runHooks);
  }
  const hooks = owner[KEY];
  for (const known of hooks) {
    if (known.deref() === undefined) hooks.delete(known);
  }
  hooks.add(new WeakRef(hook));
}

function runHooks() {
  for (const known of /** @type {any} */ (process)[KEY]) known.deref()?.();
}

module.exports = atExit;
