'use strict';

const http = require('node:http');

const defineServer = require('../internal/listener/defineServer');

/** As http.Server of Node. See docs/http.md. */
const Server = defineServer(http.Server, ['connection']);

/**
 * As http.createServer() of Node.
 *
 * @param {any} [options] those of Node's function
 * @param {any} [requestListener] a listener for 'request'
 * @returns {http.Server}
 */
function createServer(options, requestListener) {
  return new Server(options, requestListener);
}

module.exports = { createServer, Server };
