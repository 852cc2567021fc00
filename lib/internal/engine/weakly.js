'use strict';

/**
 * Makes a function that calls `callback` without keeping it alive. Once that is collected, the
 * function does nothing. This has a file of its own, because a function keeps everything in its
 * scope.
 *
 * @param {() => void} callback
 */
function weakly(callback) {
  const reference = new WeakRef(callback);
  return () => reference.deref()?.();
}

module.exports = weakly;
