'use strict';

// The errors of npm `ws` for each way to break the protocol, and the close codes that answer them.
// Applications match on the words.

const abi = require('../internal/engine/abi');

/** On an error: the close code that answers what it is about. */
const kCloseCode = Symbol('closeCode');

const PROTOCOL_ERROR = 1002;
const INVALID_DATA = 1007;
const POLICY_VIOLATION = 1008;
const MESSAGE_TOO_BIG = 1009;

const TOO_MANY_PARTS = 'WS_ERR_TOO_MANY_BUFFERED_PARTS';

/** zlib's number for invalid data. */
const Z_DATA_ERROR = -3;

/**
 * Makes the error for a violation from the engine's detail of it.
 *
 * @type {Record<number, (detail?: any) => Error>}
 */
const MAKERS = {
  [abi.VIOLATION_RSV_1]: () => invalidFrame('WS_ERR_UNEXPECTED_RSV_1', 'RSV1 must be clear'),
  [abi.VIOLATION_RSV_2_OR_3]: () =>
    invalidFrame('WS_ERR_UNEXPECTED_RSV_2_3', 'RSV2 and RSV3 must be clear'),
  [abi.VIOLATION_RESERVED_OPCODE]: invalidOpcode,
  [abi.VIOLATION_INTERLEAVED_MESSAGE]: invalidOpcode,
  [abi.VIOLATION_UNEXPECTED_CONTINUATION]: () => invalidOpcode(0),
  [abi.VIOLATION_CONTROL_FRAGMENTED]: () => invalidFrame('WS_ERR_EXPECTED_FIN', 'FIN must be set'),
  [abi.VIOLATION_CONTROL_LENGTH]: (length) =>
    invalidFrame('WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH', `invalid payload length ${length}`),
  [abi.VIOLATION_NOT_MASKED]: () => invalidFrame('WS_ERR_EXPECTED_MASK', 'MASK must be set'),
  [abi.VIOLATION_MASKED]: () => invalidFrame('WS_ERR_UNEXPECTED_MASK', 'MASK must be clear'),
  [abi.VIOLATION_INVALID_CLOSE_CODE]: (code) =>
    invalidFrame('WS_ERR_INVALID_CLOSE_CODE', `invalid status code ${code}`),
  [abi.VIOLATION_INVALID_UTF8]: () => {
    const error = new Error('Invalid WebSocket frame: invalid UTF-8 sequence');
    return marked(error, INVALID_DATA, { code: 'WS_ERR_INVALID_UTF8' });
  },
  [abi.VIOLATION_LENGTH_FORBIDDEN]: frameTooLong,
  [abi.VIOLATION_LENGTH_UNSUPPORTED]: frameTooLong,
  [abi.VIOLATION_MESSAGE_TOO_LARGE]: messageTooLong,
  [abi.VIOLATION_TOO_MANY_FRAGMENTS]: () => tooManyParts('Too many message fragments'),
  [abi.VIOLATION_INVALID_COMPRESSION]: (words) =>
    marked(new Error(words), INVALID_DATA, { errno: Z_DATA_ERROR, code: 'Z_DATA_ERROR' }),
};

/**
 * @param {number} violation one of `VIOLATION_…`
 * @param {any} [detail] the engine's
 * @returns {any} the error, with its `code` and its close code
 */
function violationError(violation, detail) {
  return MAKERS[violation](detail);
}

/** @param {number} opcode */
function invalidOpcode(opcode) {
  return invalidFrame('WS_ERR_INVALID_OPCODE', `invalid opcode ${opcode}`);
}

function frameTooLong() {
  const error = new RangeError('Unsupported WebSocket frame: payload length > 2^53 - 1');
  return marked(error, MESSAGE_TOO_BIG, { code: 'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH' });
}

/** The error for a message that is longer than `maxPayload`. */
function messageTooLong() {
  const error = new RangeError('Max payload size exceeded');
  return marked(error, MESSAGE_TOO_BIG, { code: 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' });
}

/** The error for a frame in more chunks than `maxBufferedChunks`. */
function tooManyChunks() {
  return tooManyParts('Too many buffered chunks');
}

/** @param {string} message */
function tooManyParts(message) {
  return marked(new RangeError(message), POLICY_VIOLATION, { code: TOO_MANY_PARTS });
}

/**
 * @param {string} code
 * @param {string} words
 */
function invalidFrame(code, words) {
  const error = new RangeError(`Invalid WebSocket frame: ${words}`);
  return marked(error, PROTOCOL_ERROR, { code });
}

/**
 * Marks an error for the connection and the application.
 *
 * @param {Error} error
 * @param {number} closeCode
 * @param {object} fields for the application
 */
function marked(error, closeCode, fields) {
  return Object.assign(error, fields, { [kCloseCode]: closeCode });
}

/**
 * Marks an error of zlib's about invalid data.
 *
 * @param {Error} error
 */
function invalidData(error) {
  return marked(error, INVALID_DATA, {});
}

module.exports = { invalidData, kCloseCode, messageTooLong, tooManyChunks, violationError };
