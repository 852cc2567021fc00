'use strict';

const https = require('node:https');

const defineServer = require('../internal/listener/defineServer');

/** Events of a connection before its first request, and those of things that only OpenSSL does. */
const EVENTS = [
  'connection',
  'secureConnection',
  'OCSPRequest',
  'keylog',
  'newSession',
  'resumeSession',
];

/** As https.Server of Node. See docs/http.md. */
const Server = defineServer(https.Server, EVENTS);

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
