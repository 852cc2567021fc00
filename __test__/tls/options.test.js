'use strict';

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const crypto = require('node:crypto');
const { once } = require('node:events');
const path = require('node:path');
const { describe, it } = require('node:test');
const tls = require('node:tls');

const { credentialsOf } = require('../../lib/internal/tls/credentials');
const options = require('../../lib/internal/tls/options');
const { trustOf } = require('../../lib/internal/tls/trusted');
const { certify, kit, revoke } = require('../support/certificates');

/** Values of options that only Node can carry out. */
const FOREIGN = {
  certificateCompression: ['zlib'],
  ciphers: 'ECDHE-RSA-AES128-GCM-SHA256',
  clientCertEngine: 'engine',
  crl: revoke(kit.root, []),
  dhparam: 'auto',
  ecdhCurve: 'P-256',
  enableTrace: true,
  pfx: Buffer.alloc(1),
  privateKeyEngine: 'engine',
  privateKeyIdentifier: 'id',
  pskCallback: () => null,
  secureContext: tls.createSecureContext(),
  secureOptions: crypto.constants.SSL_OP_NO_TICKET,
  secureProtocol: 'TLS_method',
  sigalgs: 'ed25519',
};

/** Values that the engine can carry out, or that mean the default. */
const OURS = {
  ciphers: tls.DEFAULT_CIPHERS,
  ecdhCurve: 'auto',
  honorCipherOrder: true,
  minDHSize: 2048,
  pfx: undefined,
  crl: null,
  rejectUnauthorized: false,
  sessionIdContext: 'id',
  ALPNProtocols: ['http/1.1'],
  handshakeTimeout: 100,
};

describe('Options of TLS', () => {
  for (const [name, value] of Object.entries(FOREIGN)) {
    it(`${name} is for Node`, () => {
      assert.equal(options.reasonOfServer({ [name]: value }), name);
      assert.equal(options.reasonOfClient({ [name]: value }), name);
    });
  }

  for (const name of ['ALPNCallback', 'SNICallback', 'pskIdentityHint', 'pauseOnConnect']) {
    it(`${name} of a server is for Node`, () => {
      assert.equal(options.reasonOfServer({ [name]: () => 'x' }), name);
    });
  }

  for (const name of ['onread', 'requestOCSP', 'session', 'socket']) {
    it(`${name} of a client is for Node`, () => {
      assert.equal(options.reasonOfClient({ [name]: {} }), name);
    });
  }

  for (const [name, value] of Object.entries(OURS)) {
    it(`${name}: ${JSON.stringify(value)} is for the engine`, () => {
      assert.equal(options.reasonOfServer({ [name]: value }), undefined);
      assert.equal(options.reasonOfClient({ [name]: value }), undefined);
    });
  }

  for (const event of ['keylog', 'newSession', 'resumeSession', 'OCSPRequest']) {
    it(`a listener of '${event}' is for Node`, () => {
      const server = tls.createServer();
      assert.equal(options.reasonOfListeners(server), undefined);
      server.on(event, () => {});
      assert.equal(options.reasonOfListeners(server), `a listener of '${event}'`);
    });
  }

  it('versions are those between the limits', () => {
    assert.deepEqual(options.versionsOf({}), { minVersion: 2, maxVersion: 3 });
    assert.deepEqual(options.versionsOf({ minVersion: 'TLSv1.3' }), {
      minVersion: 3,
      maxVersion: 3,
    });
    assert.deepEqual(options.versionsOf({ maxVersion: 'TLSv1.2' }), {
      minVersion: 2,
      maxVersion: 2,
    });
    assert.throws(() => options.versionsOf({ minVersion: 'TLSv1' }));
    assert.throws(() => options.versionsOf({ minVersion: 'TLSv1.3', maxVersion: 'TLSv1.2' }));
  });

  it('ALPNProtocols are read in each of their forms', () => {
    const names = ['h2', 'http/1.1'];
    const wire = Buffer.from('\x02h2\x08http/1.1');
    assert.deepEqual(options.alpnOf(names), names);
    assert.deepEqual(options.alpnOf(wire), names);
    assert.deepEqual(options.alpnOf(new Uint8Array(wire)), names);
    assert.deepEqual(options.alpnOf(undefined), []);
  });
});

describe('Settings of the process', () => {
  const FLAGS = path.join(__dirname, '../../lib/internal/tls/flags.js');

  /** @returns {string} the reason why Node has to do it in such a process */
  function reasonWith(args, { env = {}, before = '' } = {}) {
    const program = `${before}; console.log(require(${JSON.stringify(FLAGS)}).reasonOfProcess())`;
    const output = execFileSync(process.execPath, [...args, '-e', program], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return String(output).trim();
  }

  const CASES = [
    ['nothing special', 'undefined', []],
    ['--use-openssl-ca', '--use-openssl-ca', ['--use-openssl-ca']],
    ['--tls-keylog', '--tls-keylog', ['--tls-keylog=/dev/null']],
    ['NODE_OPTIONS', '--use-openssl-ca', [], { env: { NODE_OPTIONS: '--use-openssl-ca' } }],
    ['a configuration of OpenSSL', 'OPENSSL_CONF', [], { env: { OPENSSL_CONF: '/dev/null' } }],
    ['--tls-cipher-list', 'tls.DEFAULT_CIPHERS', ['--tls-cipher-list=AES128-SHA']],
    [
      'a replaced tls.connect()',
      'a replaced tls.connect()',
      [],
      {
        before: "const tls = require('tls'), old = tls.connect; tls.connect = (...a) => old(...a)",
      },
    ],
    [
      'a replaced tls.createSecureContext()',
      'a replaced tls.createSecureContext()',
      [],
      {
        before: `require(${JSON.stringify(FLAGS)}); require('tls').createSecureContext = () => {}`,
      },
    ],
  ];
  for (const [name, reason, args, more] of CASES) {
    it(`${name}: ${reason}`, () => {
      assert.equal(reasonWith(args, more), reason);
    });
  }
});

describe('Certificates and keys', () => {
  const PASSPHRASE = 'correct horse';
  const { server, serverRsa, deepServer, intermediate, root } = kit;
  const encrypted = (identity) =>
    identity.privateKey.export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: PASSPHRASE,
    });
  const legacy = (identity, type) => identity.privateKey.export({ type, format: 'pem' });
  const derOf = (identity) => identity.privateKey.export({ type: 'pkcs8', format: 'der' });

  const FORMS = {
    PEM: { key: server.key, cert: server.cert },
    'Buffers of PEM': { key: Buffer.from(server.key), cert: Buffer.from(server.cert) },
    'lists of one': { key: [server.key], cert: [server.cert] },
    'SEC 1': { key: legacy(server, 'sec1'), cert: server.cert },
    'an encrypted key': { key: encrypted(server), passphrase: PASSPHRASE, cert: server.cert },
    'a key with its own passphrase': {
      key: [{ pem: encrypted(server), passphrase: PASSPHRASE }],
      passphrase: 'another',
      cert: server.cert,
    },
    'a key object without a passphrase': {
      key: [{ pem: encrypted(server) }],
      passphrase: PASSPHRASE,
      cert: server.cert,
    },
    'text around the PEM': { key: `x\n${server.key}\ny`, cert: `x\n${server.cert}\ny` },
  };
  for (const [name, given] of Object.entries(FORMS)) {
    it(`come as ${name}`, () => {
      const { chains, keys } = credentialsOf({ ca: [], ...given });
      assert.deepEqual(chains, [[server.raw]]);
      assert.deepEqual(keys, [derOf(server)]);
      tls.createSecureContext({ ca: [], ...given });
    });
  }

  it('are paired, whatever their order', () => {
    const given = { key: [serverRsa.key, server.key], cert: [server.cert, serverRsa.cert], ca: [] };
    const { chains, keys } = credentialsOf(given);
    assert.deepEqual(chains, [[server.raw], [serverRsa.raw]]);
    assert.deepEqual(keys, [derOf(server), derOf(serverRsa)]);
  });

  it('of PKCS #1 are taken', () => {
    const { keys } = credentialsOf({
      key: legacy(serverRsa, 'pkcs1'),
      cert: serverRsa.cert,
      ca: [],
    });
    assert.deepEqual(keys, [derOf(serverRsa)]);
  });

  const CHAINS = {
    'an issuer in `cert`': { cert: deepServer.cert + intermediate.cert, ca: root.cert },
    'an issuer in `ca`': { cert: deepServer.cert, ca: intermediate.cert },
    'issuers in `ca`': { cert: deepServer.cert, ca: [root.cert, intermediate.cert] },
    'no issuer': { cert: deepServer.cert, ca: root.cert },
  };
  for (const [name, given] of Object.entries(CHAINS)) {
    it(`are the chain that Node sends, with ${name}`, async (t) => {
      const all = { key: deepServer.key, ...given };
      assert.deepEqual(credentialsOf(all).chains, [await chainOfNode(t, all)]);
    });
  }

  const WRONG = {
    'no PEM': { key: server.key, cert: 'x' },
    'a key of another certificate': { key: serverRsa.key, cert: server.cert },
    'a wrong passphrase': { key: encrypted(server), passphrase: 'x', cert: server.cert },
    'a key that is too short': weakRsa(),
    'a curve that the engine does not have': otherCurve(),
  };
  for (const [name, given] of Object.entries(WRONG)) {
    it(`are for Node: ${name}`, () => {
      assert.throws(() => credentialsOf(given));
    });
  }
});

describe('Trusted certificates', () => {
  it('are made once for the same option', () => {
    const trust = trustOf(kit.root.cert, false);
    assert.equal(trustOf([kit.root.cert], false), trust);
    assert.equal(trustOf(Buffer.from(kit.root.cert), false) === trust, false);
    assert.equal(trustOf(undefined, false), trustOf('', false));
    assert.notEqual(trustOf(kit.root.cert, true), trust);
  });

  it('are not those of a Buffer that has changed', () => {
    const ca = Buffer.from(kit.root.cert);
    const trust = trustOf(ca, false);
    assert.equal(trustOf(ca, false), trust);
    ca.fill(' ');
    assert.deepEqual(trustOf(ca, false).certificates, []);
  });

  it("are Node's own by default", () => {
    const { certificates } = trustOf(undefined, false);
    const known = new Set(certificates.map(({ raw }) => raw.toString('base64')));
    for (const pem of tls.rootCertificates) {
      assert.ok(known.has(new crypto.X509Certificate(pem).raw.toString('base64')));
    }
  });

  it('end a chain only while they are valid, and only if they are authorities', () => {
    const young = certify({ name: 'Young', isAuthority: true, from: 2, until: 5 });
    const all = [kit.root, young, kit.selfSigned, kit.intermediate].map(({ cert }) => cert);
    const trust = trustOf(all, false);
    const days = (number) => Date.now() + number * 24 * 3600 * 1000;
    assert.deepEqual(trust.anchors(days(0)).anchors, [kit.root.raw]);
    assert.deepEqual(trust.anchors(days(3)).anchors, [kit.root.raw, young.raw]);
    assert.deepEqual(trust.anchors(days(90)).anchors, []);
    assert.ok(Math.abs(trust.anchors(days(0)).until - days(2)) < 60_000);
  });
});

/** @returns {Promise<Buffer[]>} */
async function chainOfNode(t, given) {
  const server = tls.createServer(given);
  t.after(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {any} */ (server.address());
  const socket = tls.connect({ port, host: '127.0.0.1', ca: [], rejectUnauthorized: false });
  t.after(() => socket.destroy());
  await once(socket, 'secureConnect');
  const chain = [];
  let certificate = socket.getPeerCertificate(true);
  while (certificate?.raw && !chain.some((raw) => raw.equals(certificate.raw))) {
    chain.push(certificate.raw);
    certificate = certificate.issuerCertificate;
  }
  return chain;
}

function weakRsa() {
  const keysOf = /** @type {any} */ (crypto.generateKeyPairSync('rsa', { modulusLength: 1024 }));
  const { cert, key } = certify({ name: 'localhost', keysOf });
  return { cert, key };
}

function otherCurve() {
  const keysOf = /** @type {any} */ (crypto.generateKeyPairSync('ec', { namedCurve: 'secp521r1' }));
  const { cert, key } = certify({ name: 'localhost', keysOf });
  return { cert, key };
}
