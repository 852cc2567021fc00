'use strict';

// Node's settings of TLS for the whole process. Node reads them once, when it starts.

const crypto = require('node:crypto');
const tls = require('node:tls');

const { NODE_OPTIONS = '', OPENSSL_CONF } = process.env;

const flags = [...process.execArgv, ...NODE_OPTIONS.split(/\s+/)].map((flag) =>
  flag.replace(/=.*/s, '').replaceAll('_', '-'),
);

/** Flags that change what OpenSSL does, and have no counterpart in the engine. */
const FOREIGN = [
  '--enable-fips',
  '--force-fips',
  '--openssl-config',
  '--openssl-legacy-provider',
  '--openssl-shared-config',
  '--tls-keylog',
  '--trace-tls',
  '--use-openssl-ca',
];

/**
 * Functions of node:tls that applications replace, to count connections or to add certificates. The
 * engine calls neither of them.
 */
const nodes = { connect: tls.connect, createSecureContext: tls.createSecureContext };
const isOriginal =
  /\bkConnectOptions\b/.test(String(tls.connect)) &&
  /\bconfigSecureContext\b/.test(String(tls.createSecureContext));

/** @returns {string | undefined} why TLS of this process has to be Node's own */
function reasonOfProcess() {
  const flag = FOREIGN.find((name) => flags.includes(name));
  if (flag) return flag;
  if (OPENSSL_CONF) return 'OPENSSL_CONF';
  const { defines = [] } = /** @type {any} */ (process.config).target_defaults;
  const usesOpensslStore = defines.includes('NODE_OPENSSL_CERT_STORE');
  if (usesOpensslStore && !flags.includes('--use-bundled-ca')) return "OpenSSL's own store";
  if (crypto.getFips() !== 0) return 'FIPS';
  if (tls.DEFAULT_CIPHERS !== crypto.constants.defaultCoreCipherList) return 'tls.DEFAULT_CIPHERS';
  if (tls.DEFAULT_ECDH_CURVE !== 'auto') return 'tls.DEFAULT_ECDH_CURVE';
  if (!isOriginal || tls.connect !== nodes.connect) return 'a replaced tls.connect()';
  if (tls.createSecureContext !== nodes.createSecureContext) {
    return 'a replaced tls.createSecureContext()';
  }
  return undefined;
}

/** Whether `--use-system-ca` is on. It shortens the words of some errors. */
const usesSystemStore = flags.includes('--use-system-ca') || process.env.NODE_USE_SYSTEM_CA === '1';

module.exports = { reasonOfProcess, usesSystemStore };
