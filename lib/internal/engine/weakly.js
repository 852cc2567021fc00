'use strict';

/**
 * A function that calls another one as long as anybody else refers to that. It stands in a file of
 * its own since a function keeps all that is in scope where it is made.
 *
 * @param {() => void} callback
 */
function weakly(callback) {
  const reference = new WeakRef(callback);
  return () => reference.deref()?.();
}

module.exports = weakly;
