'use strict';

const util = require('node:util');

const { errorOfFailure } = require('../tls/failures');

/** The engine's words for a failure of TLS begin with it, and are no system call. */
const OF_TLS = 'tls:';

/**
 * The error that Node makes when a system call on a socket fails, or its TLS.
 *
 * @param {string} syscall or the words of `EVENT_FAILED` for TLS
 * @param {number} errno as the system has it, positive
 * @param {boolean} [isWriting] see `errorOfFailure()`
 */
function linkError(syscall, errno, isWriting = false) {
  if (syscall.startsWith(OF_TLS))
    return errorOfFailure(syscall.slice(OF_TLS.length), { isWriting });
  const code = errno === 0 ? 'EIO' : util.getSystemErrorName(-errno);
  return Object.assign(new Error(`${syscall} ${code}`), { errno: -errno, code, syscall });
}

module.exports = linkError;
