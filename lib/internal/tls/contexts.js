'use strict';

// Contexts of the engine, made of the options of node:tls.

const { TlsContext } = require('../engine/tls');
const { credentialsOf } = require('./credentials');
const { alpnOf, reasonOfClient, reasonOfServer, versionsOf } = require('./options');
const { copyOf, sameParts } = require('./parts');
const { trustOf } = require('./trusted');

/** Clients with the same options share a context, up to this number. */
const KEPT = 16;

/**
 * A context of the engine, and what JavaScript decides about it.
 *
 * @typedef {object} Context
 * @property {any} native a TlsContext
 * @property {import('./Trust').Trust | undefined} trust undefined on a server that asks for no
 *   certificate
 * @property {number} until milliseconds since 1970: when one of the trusted certificates begins or
 *   ends to be valid, so that a new context has to be made
 */

/** @typedef {{ context: Context, reason?: undefined } | { context?: undefined, reason: string }} Result */

/**
 * The context of a server, or of one of its names.
 *
 * @param {any} options of https.createServer(), `setSecureContext()` or `addContext()`
 * @returns {Result} a context, or the reason why Node has to serve these options
 */
function serverContext(options) {
  const reason = reasonOfServer(options);
  if (reason) return { reason };
  return attempt(() => {
    const { requestCert, rejectUnauthorized, ticketKeys, sessionTimeout } = options;
    if (ticketKeys && ticketKeys.byteLength !== 48) throw new Error('ticketKeys');
    const asks = requestCert === true;
    const trust = asks ? trustOf(options.ca, options.allowPartialTrustChain === true) : undefined;
    return make(
      {
        isServer: true,
        ...credentialsOf(options),
        requestCert: asks,
        rejectUnauthorized: rejectUnauthorized !== false,
        ...versionsOf(options),
        alpn: alpnOf(options.ALPNProtocols),
        ticketKeys: ticketKeys ? Buffer.from(copyOf(ticketKeys)) : undefined,
        sessionTimeout: sessionTimeout ?? 0,
      },
      trust,
    );
  });
}

/** @type {{ parts: any[], context: Context }[]} */
const kept = [];

/**
 * The context of a client. The same options give the same one.
 *
 * @param {any} options of tls.connect()
 * @returns {Result} a context, or the reason why Node has to connect
 */
function clientContext(options) {
  const reason = reasonOfClient(options);
  if (reason) return { reason };
  return attempt(() => {
    const { cert, key, passphrase, ALPNProtocols } = options;
    const { minVersion, maxVersion } = versionsOf(options);
    const trust = trustOf(options.ca, options.allowPartialTrustChain === true);
    const parts = [trust, cert, key, passphrase, ALPNProtocols, minVersion, maxVersion];
    const at = kept.findIndex((one) => sameParts(one.parts, parts));
    if (at !== -1) {
      const [found] = kept.splice(at, 1);
      if (Date.now() < found.context.until) {
        kept.unshift(found);
        return found.context;
      }
    }
    const context = make(
      {
        isServer: false,
        ...credentialsOf(options),
        requestCert: true,
        rejectUnauthorized: false,
        minVersion,
        maxVersion,
        alpn: alpnOf(ALPNProtocols),
      },
      trust,
    );
    kept.unshift({ parts: copyOf(parts), context });
    kept.length = Math.min(kept.length, KEPT);
    return context;
  });
}

/**
 * @param {object} settings of a TlsContext
 * @param {import('./Trust').Trust | undefined} trust
 * @returns {Context}
 */
function make(settings, trust) {
  const { anchors, until } = trust?.anchors(Date.now()) ?? NOBODY;
  return { native: new TlsContext({ ...settings, ca: anchors }), trust, until };
}

const NOBODY = { anchors: [], until: Number.POSITIVE_INFINITY };

/** @param {() => Context} makeContext @returns {Result} */
function attempt(makeContext) {
  if (!TlsContext) return { reason: 'an addon without TLS' };
  try {
    return { context: makeContext() };
  } catch (error) {
    return { reason: error.message };
  }
}

module.exports = { clientContext, serverContext };
