'use strict';

// Hands messages to the engine.

const { SEND_LATIN1 } = require('./abi');
const { calls } = require('./engine');
const isLatin1 = require('./isLatin1');
const { bytesOf } = require('../util/arguments');

/**
 * @param {number} slot
 * @param {any} text
 * @param {number} flags
 * @returns {number} the result of the engine's send
 */
function sendText(slot, text, flags) {
  return calls.sendText(slot, text, isLatin1(text) ? flags | SEND_LATIN1 : flags);
}

/**
 * @param {number} slot
 * @param {any} data
 * @param {number} flags
 * @returns {number} the result of the engine's send
 */
function sendBinary(slot, data, flags) {
  try {
    return calls.sendBinary(slot, data, flags);
  } catch (error) {
    bytesOf(data, 'data');
    throw error;
  }
}

module.exports = { sendBinary, sendText };
