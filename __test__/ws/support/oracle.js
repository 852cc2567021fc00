'use strict';

// For comparisons with npm `ws`.

/**
 * What a call returns or throws, in a form that can be compared.
 *
 * @param {() => any} call
 */
function outcome(call) {
  try {
    return { value: call() };
  } catch (error) {
    return described(error);
  }
}

/** @param {any} error */
function described(error) {
  return { name: error.name, message: error.message, code: error.code, errno: error.errno };
}

/**
 * Returns a function that picks numbers below its argument, the same ones in each run.
 *
 * @param {number} seed
 */
function picker(seed) {
  let state = seed;
  return (below) => {
    // Knuth's generator for 32 bits; its upper bits are the random ones.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

module.exports = { described, outcome, picker };
