'use strict';

const LAST_OF = { ASCII: '\x7f', 'two bytes of UTF-8': 'é', 'Latin-1': '\xff' };
const FIRST_AFTER = { 'Latin-1': '\u0100', 'the plane': '𝄞', 'what is text': '\ud800' };

/**
 * Texts about as long as V8's strings are read in different ways from, of one byte a character and of two, with
 * what is not ASCII at their beginning, in their middle, and at their end.
 */
const LONG_TEXTS = Object.values({ ...LAST_OF, ...FIRST_AFTER }).flatMap((character) =>
  [2047, 2048, 2100, 9000].flatMap((length) => {
    const ascii = 'the quick brown fox '
      .repeat(length / 20 + 1)
      .slice(0, length - character.length);
    return [0, 1, length >> 1, length].map(
      (at) => `${ascii.slice(0, at)}${character}${ascii.slice(at)}`,
    );
  }),
);

module.exports = { LONG_TEXTS };
