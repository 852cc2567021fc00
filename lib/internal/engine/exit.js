'use strict';

// What runs when the process exits. Nothing else may be in scope here: the process keeps the
// listener, and that keeps its scope.

const KEY = Symbol.for('websocket-native.exit');

/**
 * Adds a hook to those that run when the process exits. All copies of this package that a process
 * may load have one listener in common. It does not keep their hooks, and forgets those of copies
 * that are gone.
 *
 * @param {() => void} hook that the copy itself refers to
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
