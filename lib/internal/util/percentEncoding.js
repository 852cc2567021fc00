'use strict';

const CONTINUATION = '%[89ab][\\da-f]';
const ASCII = '%[0-7][\\da-f]';
const TWO_BYTES = `%(?:c[2-9a-f]|d[\\da-f])${CONTINUATION}`;
// No overlong forms, no surrogates, nothing beyond U+10FFFF: decodeURIComponent() refuses these,
// too.
const THREE_OR_FOUR = `%(?:e[1-9a-cef]|e0(?=%[ab])|ed(?=%[89])|(?:f[1-3]|f0(?=%[9ab])|f4(?=%8))${CONTINUATION})`;
const SEQUENCES = `${ASCII}|${TWO_BYTES}|${THREE_OR_FOUR}${CONTINUATION}${CONTINUATION}`;

// No two alternatives begin alike, so there is only one way to match, in linear time.
const WELL_FORMED = new RegExp(`^(?:[^%]|${SEQUENCES})*$`, 'i');

/**
 * Whether `decodeURIComponent()` accepts the text. This check costs a hundredth of its exception,
 * and a client can send thousands of malformed values in one header.
 *
 * @param {string} text
 */
function isPercentEncoded(text) {
  return WELL_FORMED.test(text);
}

module.exports = { isPercentEncoded };
