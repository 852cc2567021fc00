'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { selfSigned } = require('../__test__/parity/harness/certificate');

/** The paths that exist already, by type of key. */
const made = new Map();

/**
 * The paths of a certificate and its key, which exist for this run only. The key is ECDSA P-256 or,
 * with 'rsa', RSA of 2048 bits.
 */
function certificate(type = 'ec') {
  if (!made.has(type)) made.set(type, make(type));
  return made.get(type);
}

function make(type) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'websocket-native-bench-'));
  process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
  const paths = { cert: path.join(folder, 'cert.pem'), key: path.join(folder, 'key.pem') };
  const texts = selfSigned(type);
  for (const name of ['cert', 'key']) fs.writeFileSync(paths[name], texts[name], { mode: 0o600 });
  return paths;
}

module.exports = { certificate };
