'use strict';

// The TLS versions, cipher suites and groups that a server of websocket-native/https takes are those
// that docs/http.md lists. A client of node:tls asks for each by itself.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const tls = require('node:tls');

const https = require('../../lib/http/https');
const { TlsContext } = require('../../lib/internal/engine/tls');
const { kit } = require('../support/certificates');
const PATIENCE = require('../support/patience');

const PAGE = fs.readFileSync(path.join(__dirname, '../../docs/http.md'), 'utf8');
const hasTls = TlsContext !== undefined && process.platform !== 'win32';
const IDENTITIES = { ECDSA: kit.server, RSA: kit.serverRsa };
/** OpenSSL offers what it does not trust itself, too: RSA key exchange, SHA-1, TLS 1.0. */
const EVERYTHING = 'ALL:COMPLEMENTOFALL:@SECLEVEL=0';

/** @typedef {{ version: string, suite: string, group: string | undefined }} Choice */

/**
 * Asks a server for a connection with these options alone.
 *
 * @param {number} port
 * @param {import('node:tls').ConnectionOptions} options
 * @returns {Promise<Choice | undefined>} undefined if the server refuses
 */
async function ask(port, options) {
  const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  try {
    await once(socket, 'secureConnect');
    const { standardName } = socket.getCipher();
    const { name } = /** @type {any} */ (socket.getEphemeralKeyInfo());
    return { version: `${socket.getProtocol()}`, suite: standardName, group: name };
  } catch (error) {
    // What this OpenSSL can't even offer says nothing about the server.
    if (error.code === 'ERR_SSL_NO_CIPHERS_AVAILABLE') throw error;
    return undefined;
  } finally {
    socket.destroy();
  }
}

/** The rows of the table whose first column has this title: its cells. */
function tableOf(title) {
  const lines = PAGE.split('\n');
  const first = lines.findIndex((line) => line.startsWith(`| ${title} |`));
  assert.notEqual(first, -1, `docs/http.md has no table of ${title}`);
  const rows = lines.slice(first + 2);
  return rows
    .slice(
      0,
      rows.findIndex((line) => !line.startsWith('|')),
    )
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

describe('A server of websocket-native/https takes', {
  skip: hasTls ? false : 'the addon has no TLS',
  timeout: PATIENCE,
}, () => {
  const servers = new Map();
  let accepts;

  before(async () => {
    for (const [name, { cert, key }] of Object.entries(IDENTITIES)) {
      const server = https.createServer({ cert, key });
      server.on('tlsClientError', () => {});
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      servers.set(name, server);
    }
    accepts = async (options) => {
      const names = [];
      for (const [name, server] of servers) {
        const choice = await ask(server.address().port, options);
        if (choice) names.push([name, choice]);
      }
      return names;
    };
  });

  after(() => {
    for (const server of servers.values()) server.close();
  });

  for (const version of /** @type {const} */ (['TLSv1', 'TLSv1.1'])) {
    it(`no connection over ${version}`, async () => {
      const limits = { minVersion: version, maxVersion: version };
      assert.deepEqual(await accepts({ ciphers: EVERYTHING, ...limits }), []);
    });
  }

  it('the cipher suites in the documentation, and no others', async () => {
    /** Key: version and suite; value: the certificates with which it was accepted. */
    const seen = new Map();
    for (const cipher of tls.getCiphers()) {
      const isNew = cipher.startsWith('tls_');
      const version = isNew ? 'TLSv1.3' : 'TLSv1.2';
      const ciphers = isNew ? cipher.toUpperCase() : `${cipher.toUpperCase()}:@SECLEVEL=0`;
      const limits = /** @type {const} */ ({ minVersion: version, maxVersion: version });
      let found;
      try {
        found = await accepts({ ciphers, ...limits });
      } catch (error) {
        // It needs a key that both have agreed on before, or OpenSSL is built without it.
        if (/NO_CIPHER_MATCH|NO_CIPHERS_AVAILABLE/.test(error.code)) continue;
        throw error;
      }
      for (const [name, { version, suite }] of found) {
        const key = `${version} ${suite}`;
        seen.set(key, [...(seen.get(key) ?? []), name]);
      }
    }
    const rows = tableOf('version');
    const documented = rows.map(([version, suite, certificates]) => [
      `${version} ${suite.replaceAll('`', '')}`,
      certificates.split(', '),
    ]);
    assert.deepEqual([...seen].sort(), documented.sort());
  });

  it('the groups in the documentation, and no others', async () => {
    const groups = ['X25519', 'X448', 'P-256', 'P-384', 'P-521', 'ffdhe2048', 'ffdhe3072'];
    const seen = [];
    for (const ecdhCurve of groups) {
      let found;
      try {
        found = await accepts({ ecdhCurve, minVersion: 'TLSv1.3' });
      } catch (error) {
        // Not every OpenSSL can offer it.
        if (error.code === 'ERR_CRYPTO_OPERATION_FAILED') continue;
        throw error;
      }
      if (found.length > 0) seen.push(ecdhCurve);
    }
    const [, listed] = /groups (.*?)\. /.exec(PAGE.replaceAll('\n', ' ')) ?? [];
    assert.equal(seen.join(', '), listed);
  });
});
