'use strict';

// Node's own TLS is asked about each chain, and has to say the same as lib/internal/tls.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { describe, it } = require('node:test');
const tls = require('node:tls');

const { trustOf } = require('../../lib/internal/tls/trusted');
const { errorOf, judge } = require('../../lib/internal/tls/verdict');
const { certify, kit } = require('../support/certificates');

const LOCAL = { names: ['localhost', '127.0.0.1'] };
const byRoot = (claims) => certify({ name: 'localhost', issuer: kit.root, ...LOCAL, ...claims });
const authority = (claims) => certify({ isAuthority: true, ...claims });
const leafOf = (issuer, claims) => certify({ name: 'localhost', issuer, ...LOCAL, ...claims });

const twin = authority({ name: 'Test Root' });
const oldRoot = authority({ name: 'Old Root', from: -9, until: -2 });
const oldIssuer = authority({ name: 'Old Issuer', issuer: kit.root, from: -9, until: -2 });
const noAuthority = certify({ name: 'No Authority', issuer: kit.root });
const noAuthorityRoot = certify({ name: 'No Root' });
const signsNothing = authority({ name: 'Signs Nothing', issuer: kit.root, signsNothing: true });
const signsNothingRoot = authority({ name: 'Signs Nothing Root', signsNothing: true });
const tooDeep = authority({ name: 'Too Deep', issuer: kit.intermediate });
const shortRoot = authority({ name: 'Short Root', pathLength: 0 });
const belowShort = authority({ name: 'Below Short', issuer: shortRoot });
const constrained = authority({ name: 'Constrained', issuer: kit.root, permitted: ['x.example'] });
const forClients = authority({ name: 'For Clients', issuer: kit.root, purposes: ['clientAuth'] });
const forged = certify({ name: 'localhost', issuer: { ...twin, publicKey: kit.root.publicKey } });
const selfSignedAuthority = authority({ name: 'localhost', ...LOCAL });

/** Each: a name, what the server sends, what is trusted. */
const CASES = [
  ['a good certificate', [kit.server], [kit.root]],
  ['RSA', [kit.serverRsa], [kit.root]],
  ['Ed25519', [kit.serverEd25519], [kit.root]],
  ['nothing is trusted', [kit.server], []],
  ['an untrusted root is sent', [kit.server, kit.root], []],
  ['a trusted root is sent', [kit.server, kit.root], [kit.root]],
  ['expired', [kit.expired], [kit.root]],
  ['expired and untrusted', [kit.expired], []],
  ['not yet valid', [kit.early], [kit.root]],
  ['self-signed', [kit.selfSigned], []],
  ['self-signed, another root', [kit.selfSigned], [kit.root]],
  ['self-signed and trusted', [kit.selfSigned], [kit.selfSigned]],
  ['self-signed, trusted, expired', [kit.selfSignedExpired], [kit.selfSignedExpired]],
  ['self-signed and expired', [kit.selfSignedExpired], []],
  ['an incomplete chain', [kit.deepServer], [kit.root]],
  ['a complete chain', [kit.deepServer, kit.intermediate], [kit.root]],
  ['a complete chain with its root', [kit.deepServer, kit.intermediate, kit.root], [kit.root]],
  ['a chain in disorder', [kit.deepServer, kit.root, kit.intermediate], [kit.root]],
  ['a complete chain that nobody trusts', [kit.deepServer, kit.intermediate], []],
  ['the intermediate is in `ca`', [kit.deepServer], [kit.root, kit.intermediate]],
  ['only the intermediate is in `ca`', [kit.deepServer], [kit.intermediate]],
  ['that, and it is sent', [kit.deepServer, kit.intermediate], [kit.intermediate]],
  ['an issued leaf is in `ca`', [kit.server], [kit.server]],
  ['a root of the same name', [kit.server], [twin]],
  ['a root of the same name, and the right one', [kit.server], [twin, kit.root]],
  ['a wrong signature', [forged], [kit.root]],
  ['an expired root', [leafOf(oldRoot)], [oldRoot]],
  ['an expired intermediate', [leafOf(oldIssuer), oldIssuer], [kit.root]],
  ['an issuer that is no authority', [leafOf(noAuthority), noAuthority], [kit.root]],
  ['a root that is no authority', [leafOf(noAuthorityRoot)], [noAuthorityRoot]],
  ['an issuer that may not sign', [leafOf(signsNothing), signsNothing], [kit.root]],
  ['a root that may not sign', [leafOf(signsNothingRoot)], [signsNothingRoot]],
  ['too long a path', [leafOf(tooDeep), tooDeep, kit.intermediate], [kit.root]],
  ['too long a path below a root', [leafOf(belowShort), belowShort], [shortRoot]],
  ['a path as long as a root allows', [leafOf(shortRoot)], [shortRoot]],
  ['a certificate of a client', [byRoot({ purposes: ['clientAuth'] })], [kit.root]],
  [
    'one of a server and a client',
    [byRoot({ purposes: ['clientAuth', 'serverAuth'] })],
    [kit.root],
  ],
  ['one that signs code', [byRoot({ purposes: ['codeSigning'] })], [kit.root]],
  ['an issuer for clients', [leafOf(forClients), forClients], [kit.root]],
  ['an authority as server', [byRoot({ isAuthority: true })], [kit.root]],
  [
    'an authority that may also serve',
    [byRoot({ isAuthority: true, signsNothing: true })],
    [kit.root],
  ],
  ['a self-signed authority', [selfSignedAuthority], []],
  ['a self-signed authority that is trusted', [selfSignedAuthority], [selfSignedAuthority]],
  ['an unknown critical extension', [byRoot({ unknown: '1.2.3.4' })], [kit.root]],
  ['a name that the issuer may not certify', [leafOf(constrained), constrained], [kit.root]],
];

/**
 * What webpki says where OpenSSL has another opinion, or says it differently. Elsewhere the words of
 * webpki do not matter.
 */
const WORDS = { 'a name that the issuer may not certify': 'NameConstraintViolation' };

/** @returns {Promise<Error | null>} what Node finds */
async function askNode(t, sent, ca, more = {}) {
  const cert = sent.map((one) => one.cert).join('');
  const server = tls.createServer({ cert, key: sent[0].key, ca: [] });
  t.after(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {any} */ (server.address());
  const socket = tls.connect({ port, host: '127.0.0.1', ca, ...more, checkServerIdentity });
  t.after(() => socket.destroy());
  const [outcome] = await Promise.race([
    once(socket, 'secureConnect'),
    once(socket, 'close'),
  ]).catch((error) => [error]);
  return outcome ?? null;
}

const checkServerIdentity = () => undefined;

function askOurs(sent, ca, { allowPartialTrustChain = false, word = 'UnknownIssuer' } = {}) {
  const trust = trustOf(ca, allowPartialTrustChain);
  const fault = judge(
    sent.map(({ raw }) => raw),
    trust,
    word,
    'server',
  );
  return fault ? errorOf(fault) : null;
}

/** Node 20.18, 22.9 and later know the option. */
function takesPartialChains() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  return major > 22 || (major === 22 && minor >= 9) || (major === 20 && minor >= 18);
}

const words = (error) => error && { code: error.code, message: error.message };

describe('The verdict about a chain is that of Node', () => {
  for (const [name, sent, trusted] of CASES) {
    it(name, async (t) => {
      const ca = trusted.map(({ cert }) => cert);
      const expected = await askNode(t, sent, ca);
      const ours = askOurs(sent, ca, { word: WORDS[name] });
      assert.deepEqual(words(ours), words(expected));
    });
  }

  const takesPartial = takesPartialChains();
  for (const [name, sent, trusted] of takesPartial ? CASES : []) {
    it(`${name}, with allowPartialTrustChain`, async (t) => {
      const ca = trusted.map(({ cert }) => cert);
      const more = { allowPartialTrustChain: true };
      const expected = await askNode(t, sent, ca, more);
      const ours = askOurs(sent, ca, { word: WORDS[name], ...more });
      assert.deepEqual(words(ours), words(expected));
    });
  }
});
