'use strict';

/**
 * Milliseconds after which a test, or a program that it starts, counts as hanging. The slowest take
 * seconds, and on a busy machine minutes.
 */
module.exports = 240000;
