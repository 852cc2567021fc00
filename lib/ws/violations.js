'use strict';

/** On an error: the close code by which a connection answers its cause. */
const kCloseCode = Symbol('closeCode');

const PAYLOAD_TOO_LONG = 1009;

/** The error for a message that is longer than `maxPayload`. */
function messageTooLong() {
  return violation(
    RangeError,
    'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
    'Max payload size exceeded',
    PAYLOAD_TOO_LONG,
  );
}

/**
 * @param {ErrorConstructor | RangeErrorConstructor} Class
 * @param {string} code by which applications know it
 * @param {string} message
 * @param {number} closeCode
 */
function violation(Class, code, message, closeCode) {
  return Object.assign(new Class(message), { code, [kCloseCode]: closeCode });
}

module.exports = { kCloseCode, messageTooLong };
