'use strict';

const { TlsContext } = /** @type {any} */ (require('./native'));

/**
 * The engine's side of what createSecureContext() makes in Node: certificates, keys, versions. It is
 * undefined if the addon was built without TLS.
 */
module.exports = { TlsContext };
