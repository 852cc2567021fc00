'use strict';

/** As http.Server of Node. See docs/http.md. */
const Server = require('../internal/listener/HttpServer');

/**
 * As http.createServer() of Node.
 *
 * @param {any} [options] those of Node's function
 * @param {any} [requestListener] a listener for 'request'
 * @returns {import('node:http').Server}
 */
function createServer(options, requestListener) {
  return new Server(options, requestListener);
}

module.exports = { createServer, Server };
