'use strict';

const util = require('node:util');

/**
 * The error that Node makes when a system call on a socket fails.
 *
 * @param {string} syscall
 * @param {number} errno as the system has it, positive
 */
function linkError(syscall, errno) {
  const code = errno === 0 ? 'EIO' : util.getSystemErrorName(-errno);
  return Object.assign(new Error(`${syscall} ${code}`), { errno: -errno, code, syscall });
}

module.exports = linkError;
