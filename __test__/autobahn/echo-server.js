'use strict';

/**
 * An echo server for Autobahn's fuzzing client. Prints its port.
 *
 *   node echo-server.js native|stream|tls|listener|listener-tls
 */

const http = require('node:http');
const https = require('node:https');

const ourHttp = require('../../lib/http');
const ourHttps = require('../../lib/http/https');
const WebSocketServer = require('../..').server;
const { selfSigned } = require('../parity/harness/certificate');
const { LIMITS, expectTransport } = require('./limits');

const [transport] = process.argv.slice(2);

/** The HTTP server of each transport, and whether connections on it are to be native. */
const KINDS = {
  native: { create: () => http.createServer(), isNative: true },
  stream: { create: () => http.createServer(), isNative: false },
  tls: { create: () => https.createServer(selfSigned()), isNative: false },
  listener: { create: () => ourHttp.createServer(), isNative: true },
  'listener-tls': { create: () => ourHttps.createServer(selfSigned()), isNative: true },
};
const { create, isNative } = KINDS[transport];
const httpServer = create();

new WebSocketServer({
  ...LIMITS,
  httpServer,
  autoAcceptConnections: true,
  keepalive: false,
  transport: isNative ? 'auto' : 'stream',
}).on('connect', (connection) => {
  expectTransport(connection, isNative);
  connection.on('message', (message) => {
    if (message.type === 'utf8') connection.sendUTF(message.utf8Data);
    else connection.sendBytes(message.binaryData);
  });
});

httpServer.listen(0, '127.0.0.1', () => console.log(httpServer.address().port));
