'use strict';

/**
 * Milliseconds after which a test, or a program that it starts, counts as hanging. The slowest take
 * seconds, of which a busy machine makes minutes.
 */
module.exports = 240000;
