'use strict';

const https = require('node:https');

const defineServer = require('../internal/listener/defineServer');

/** As https.Server of Node. See docs/http.md. */
const Server = defineServer(https.Server, ['connection', 'secureConnection']);

/**
 * As https.createServer() of Node.
 *
 * @param {any} [options] those of Node's function
 * @param {any} [requestListener] a listener for 'request'
 * @returns {https.Server}
 */
function createServer(options, requestListener) {
  return new Server(options, requestListener);
}

module.exports = { createServer, Server };
