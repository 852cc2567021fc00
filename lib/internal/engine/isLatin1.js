'use strict';

/** Shorter text is encoded as quickly as it is checked. */
const LONG = 2048;

/**
 * A character beyond Latin-1. V8 skips the search in strings that it stores with one byte for each
 * character.
 */
const BEYOND = /[\u0100-\uffff]/;

/** Most texts that go unchecked after a slow check that found a character beyond Latin-1. */
const MOST_SKIPS = 15;

// Applications may replace methods of RegExp. That must not change what is sent.
const { apply } = Reflect;
const { exec } = RegExp.prototype;

let penalty = 0;
let skips = 0;

/**
 * Whether the engine may copy a text, because each character is one byte. Node-API can't ask V8 for
 * that. The check is slow where the first character beyond Latin-1 comes late, so it runs less
 * often after such texts.
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
  // V8 keeps the text of the last match, so a short one replaces it.
  apply(exec, BEYOND, ['\u0100']);
  return false;
};
