'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { selfSigned } = require('../__test__/parity/harness/certificate');

let paths;

/** The paths of a certificate and its key, which exist for this run only. */
function certificate() {
  if (paths) return paths;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'websocket-native-bench-'));
  process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
  paths = { cert: path.join(folder, 'cert.pem'), key: path.join(folder, 'key.pem') };
  const made = selfSigned();
  for (const name of ['cert', 'key']) fs.writeFileSync(paths[name], made[name], { mode: 0o600 });
  return paths;
}

module.exports = { certificate };
