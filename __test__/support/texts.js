'use strict';

/**
 * The last of ASCII, some of Latin-1 and its last, the first behind it, one of two units, and half
 * of one.
 */
const CHARACTERS = ['\x7f', 'é', '\xff', '\u0100', '𝄞', '\ud800'];

const ASCII = 'the quick brown fox '.repeat(450);

/**
 * Texts about as long as those are from which on V8's strings are read in another way, with a
 * character that matters at the beginning, next to it, in the middle, and at the end.
 */
const LONG_TEXTS = CHARACTERS.flatMap((character) =>
  [2047, 2048, 2100, 9000].flatMap((length) => {
    const ascii = ASCII.slice(0, length - character.length);
    return [0, 1, length >> 1, length].map(
      (at) => `${ascii.slice(0, at)}${character}${ascii.slice(at)}`,
    );
  }),
);

// Characters of one byte, for each of which V8 has two.
LONG_TEXTS.push(`\u0100${ASCII}`.slice(1), `\u0100${ASCII}é`.slice(1));

module.exports = { LONG_TEXTS };
