'use strict';

const { certify } = require('../../support/certificates');

/**
 * A self-signed certificate for localhost and 127.0.0.1. Each test run makes a new one.
 *
 * @param {'ec' | 'rsa'} [type] of the key
 * @returns {{ cert: string, key: string }} PEM
 */
function selfSigned(type = 'ec') {
  const { cert, key } = certify({ name: 'localhost', names: ['localhost', '127.0.0.1'], type });
  return { cert, key };
}

module.exports = { selfSigned };
