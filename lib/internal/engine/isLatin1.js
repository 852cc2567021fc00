'use strict';

/** Shorter text is encoded as quickly as anybody could tell what it consists of. */
const LONG = 2048;

/**
 * V8 knows without a look that none of these is in a string that has one byte for each character.
 */
const BEYOND = /[\u0100-\uffff]/;

/** Most texts that are not looked at after one that was looked at in vain. */
const MOST_SKIPS = 15;

// What is sent must not depend on what an application makes of its own regular expressions.
const { apply } = Reflect;
const { exec } = RegExp.prototype;

let penalty = 0;
let skips = 0;

/**
 * What V8 does not tell the engine: whether text has one byte for each character, so that it can be
 * copied. Where the look itself takes long, since the first of the others comes late, it is taken
 * less often.
 *
 * @param {any} text
 * @returns {boolean} whether it is a long string in which no character is beyond U+00FF
 */
module.exports = function isLatin1(text) {
  if (typeof text !== 'string' || text.length < LONG) return false;
  if (skips > 0) {
    skips--;
    return false;
  }
  const found = apply(exec, BEYOND, [text]);
  penalty = found === null || found.index < LONG ? 0 : Math.min(2 * penalty + 1, MOST_SKIPS);
  skips = penalty;
  if (found === null) return true;
  // V8 keeps the text of the last match.
  apply(exec, BEYOND, ['\u0100']);
  return false;
};
