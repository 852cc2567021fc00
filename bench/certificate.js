'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { selfSigned } = require('../__test__/parity/harness/certificate');

/** The paths that exist already, by algorithm. */
const made = new Map();

/**
 * The paths of a certificate and its key, which exist for this run only. The key is ECDSA P-256 or,
 * with 'rsa', RSA of 2048 bits.
 */
function certificate(algorithm = 'ecdsa') {
  if (!made.has(algorithm)) made.set(algorithm, make(algorithm));
  return made.get(algorithm);
}

function make(algorithm) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'websocket-native-bench-'));
  process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
  const paths = { cert: path.join(folder, 'cert.pem'), key: path.join(folder, 'key.pem') };
  const texts = selfSigned(algorithm);
  for (const name of ['cert', 'key']) fs.writeFileSync(paths[name], texts[name], { mode: 0o600 });
  return paths;
}

module.exports = { certificate };
