'use strict';

// Which options of node:tls the engine can't carry out. Node's own TLS then serves the connection.

const util = require('node:util');
const tls = require('node:tls');

const { reasonOfProcess } = require('./flags');

/** `NODE_DEBUG=websocket-native` shows why TLS is Node's. */
const debug = util.debuglog('websocket-native');

/** Options that only OpenSSL can carry out, of servers and clients. */
const FOREIGN = [
  'certificateCompression',
  'clientCertEngine',
  'crl',
  'dhparam',
  'enableTrace',
  'pfx',
  'privateKeyEngine',
  'privateKeyIdentifier',
  'pskCallback',
  'secureContext',
  'secureOptions',
  'secureProtocol',
  'sigalgs',
];

const FOREIGN_TO_SERVERS = [
  ...FOREIGN,
  'ALPNCallback',
  'SNICallback',
  'pauseOnConnect',
  'pskIdentityHint',
];

/** The others are those of a connection that Node has not made, or reads in its own way. */
const FOREIGN_TO_CLIENTS = [
  ...FOREIGN,
  'ALPNCallback',
  'SNICallback',
  'credentials',
  'fd',
  'handle',
  'onread',
  'requestOCSP',
  'session',
  'socket',
];

/** Events of a tls.Server about things that only OpenSSL does. */
const FOREIGN_EVENTS = ['OCSPRequest', 'keylog', 'newSession', 'resumeSession'];

/**
 * @param {any} options of https.createServer()
 * @returns {string | undefined} why Node has to serve them
 */
function reasonOfServer(options) {
  return reasonOfProcess() ?? reasonOf(options, FOREIGN_TO_SERVERS);
}

/**
 * @param {import('node:tls').Server} server
 * @returns {string | undefined} why Node has to serve its connections
 */
function reasonOfListeners(server) {
  const event = FOREIGN_EVENTS.find((name) => server.listenerCount(name) > 0);
  return event && `a listener of '${event}'`;
}

/**
 * @param {any} options of tls.connect()
 * @returns {string | undefined} why Node has to connect
 */
function reasonOfClient(options) {
  return reasonOfProcess() ?? reasonOf(options, FOREIGN_TO_CLIENTS);
}

/** @param {any} options @param {string[]} foreign */
function reasonOf(options, foreign) {
  const name = foreign.find((option) => options[option] !== undefined && options[option] !== null);
  if (name) return name;
  const { ciphers, ecdhCurve } = options;
  if (ciphers && ciphers !== tls.DEFAULT_CIPHERS) return 'ciphers';
  if (ecdhCurve !== undefined && ecdhCurve !== 'auto') return 'ecdhCurve';
  return undefined;
}

/**
 * The range of versions.
 *
 * @param {any} options
 * @returns {{ minVersion: 2 | 3, maxVersion: 2 | 3 }} TLS 1.2 or 1.3
 * @throws {Error} if the range has older ones, or none
 */
function versionsOf(options) {
  const minVersion = versionOf(options.minVersion ?? tls.DEFAULT_MIN_VERSION);
  const maxVersion = versionOf(options.maxVersion ?? tls.DEFAULT_MAX_VERSION);
  if (minVersion > maxVersion) throw new Error('minVersion is above maxVersion');
  return { minVersion, maxVersion };
}

/** @param {any} version @returns {2 | 3} */
function versionOf(version) {
  if (version === 'TLSv1.2') return 2;
  if (version === 'TLSv1.3') return 3;
  throw new Error(`version ${version}`);
}

/**
 * The protocols that are offered by ALPN.
 *
 * @param {any} protocols the option, in one of Node's forms
 * @returns {string[]} Latin-1, the preferred one first
 */
function alpnOf(protocols) {
  if (!protocols) return [];
  /** @type {{ ALPNProtocols?: Buffer }} */
  const out = {};
  /** @type {any} */ (tls).convertALPNProtocols(protocols, out);
  const bytes = out.ALPNProtocols ?? Buffer.alloc(0);
  const names = [];
  for (let at = 0; at < bytes.length; at += 1 + bytes[at]) {
    const end = at + 1 + bytes[at];
    if (bytes[at] === 0 || end > bytes.length) throw new Error('ALPNProtocols');
    names.push(bytes.toString('latin1', at + 1, end));
  }
  return names;
}

module.exports = {
  alpnOf,
  debug,
  reasonOfClient,
  reasonOfListeners,
  reasonOfServer,
  versionsOf,
};
