'use strict';

/**
 * The last of ASCII, some of Latin-1 and its last, the first beyond Latin-1, a surrogate pair, and
 * half of one.
 */
const CHARACTERS = ['\x7f', 'é', '\xff', '\u0100', '𝄞', '\ud800'];

const ASCII = 'the quick brown fox '.repeat(450);

/**
 * Texts with lengths around the one from which V8's strings are read in another way. The special
 * character stands first, second, in the middle, and last.
 */
const LONG_TEXTS = CHARACTERS.flatMap((character) =>
  [2047, 2048, 2100, 9000].flatMap((length) => {
    const ascii = ASCII.slice(0, length - character.length);
    return [0, 1, length >> 1, length].map(
      (at) => `${ascii.slice(0, at)}${character}${ascii.slice(at)}`,
    );
  }),
);

// One-byte characters in a string that V8 stores with two bytes each.
LONG_TEXTS.push(`\u0100${ASCII}`.slice(1), `\u0100${ASCII}é`.slice(1));

module.exports = { LONG_TEXTS };
