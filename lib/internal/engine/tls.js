'use strict';

const { TlsContext, TlsContexts } = /** @type {any} */ (require('./native'));

/**
 * The engine's side of what createSecureContext() makes in Node: certificates, keys, versions; and
 * the contexts of a server by the names that clients ask for. They are undefined if the addon was
 * built without TLS.
 */
module.exports = { TlsContext, TlsContexts };
