'use strict';

// The words and close codes of npm `websocket` for each way to break the protocol. Applications
// match on the words.

const abi = require('../engine/abi');
const { CLOSE_REASONS } = require('./closeCodes');

const {
  CLOSE_REASON_INVALID_DATA,
  CLOSE_REASON_MESSAGE_TOO_BIG,
  CLOSE_REASON_POLICY_VIOLATION,
  CLOSE_REASON_PROTOCOL_ERROR,
} = CLOSE_REASONS;

const RESERVED_BITS = 'Unsupported usage of rsv bits without negotiated extension.';
const UNSUPPORTED_LENGTH = 'Unsupported 64-bit length frame received';

/** @type {Record<number, string | ((argument: any) => string)>} */
const WORDS = {
  [abi.VIOLATION_CONTROL_LENGTH]: 'Illegal control frame longer than 125 bytes.',
  [abi.VIOLATION_CONTROL_FRAGMENTED]: 'Control frames must not be fragmented.',
  [abi.VIOLATION_RSV_1]: RESERVED_BITS,
  [abi.VIOLATION_RSV_2_OR_3]: RESERVED_BITS,
  [abi.VIOLATION_RESERVED_OPCODE]: (opcode) => `Unrecognized Opcode: 0x${opcode.toString(16)}`,
  [abi.VIOLATION_LENGTH_FORBIDDEN]: UNSUPPORTED_LENGTH,
  [abi.VIOLATION_LENGTH_UNSUPPORTED]: UNSUPPORTED_LENGTH,
  [abi.VIOLATION_LENGTH_NOT_MINIMAL]: 'Frame length is not minimally encoded.',
  [abi.VIOLATION_NOT_MASKED]: 'Frames from clients must be masked.',
  [abi.VIOLATION_MASKED]: 'Frames from servers must not be masked.',
  [abi.VIOLATION_UNEXPECTED_CONTINUATION]: 'Unexpected Continuation Frame',
  [abi.VIOLATION_INTERLEAVED_MESSAGE]: (opcode) =>
    `Illegal frame opcode 0x${opcode.toString(16)} received in middle of fragmented message.`,
  [abi.VIOLATION_INVALID_UTF8]: 'Invalid UTF-8 Data Received',
  [abi.VIOLATION_INVALID_COMPRESSION]: 'Invalid compressed data received.',
  [abi.VIOLATION_FRAME_TOO_LARGE]: (length) =>
    `Frame size of ${length} bytes exceeds maximum accepted frame size`,
  [abi.VIOLATION_MESSAGE_TOO_LARGE]: 'Maximum message size exceeded.',
  [abi.VIOLATION_TOO_MANY_FRAGMENTS]: 'Too many fragments in one message.',
};

/**
 * Close codes other than that of a protocol error.
 *
 * @type {Record<number, number>}
 */
const CODES = {
  [abi.VIOLATION_INVALID_UTF8]: CLOSE_REASON_INVALID_DATA,
  [abi.VIOLATION_INVALID_COMPRESSION]: CLOSE_REASON_INVALID_DATA,
  [abi.VIOLATION_TOO_MANY_FRAGMENTS]: CLOSE_REASON_POLICY_VIOLATION,
  [abi.VIOLATION_LENGTH_UNSUPPORTED]: CLOSE_REASON_MESSAGE_TOO_BIG,
  [abi.VIOLATION_FRAME_TOO_LARGE]: CLOSE_REASON_MESSAGE_TOO_BIG,
  [abi.VIOLATION_MESSAGE_TOO_LARGE]: CLOSE_REASON_MESSAGE_TOO_BIG,
};

/**
 * @param {number} violation one of `VIOLATION_…`
 * @returns {number} the close code for the peer
 */
function closeCode(violation) {
  return CODES[violation] ?? CLOSE_REASON_PROTOCOL_ERROR;
}

/**
 * @param {number} violation one of `VIOLATION_…`
 * @param {any} argument the engine's detail of it, if there is one
 * @returns {string}
 */
function describe(violation, argument) {
  const words = WORDS[violation];
  return typeof words === 'string' ? words : words(argument);
}

module.exports = { closeCode, describe };
