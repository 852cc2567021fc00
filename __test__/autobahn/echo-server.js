'use strict';

/**
 * An echo server for Autobahn's fuzzing client. Prints its port.
 *
 *   node echo-server.js native|stream|tls
 */

const http = require('node:http');
const https = require('node:https');

const WebSocketServer = require('../..').server;
const { selfSigned } = require('../parity/harness/certificate');
const { LIMITS } = require('./limits');

const [transport] = process.argv.slice(2);
const httpServer = transport === 'tls' ? https.createServer(selfSigned()) : http.createServer();

new WebSocketServer({
  ...LIMITS,
  httpServer,
  autoAcceptConnections: true,
  keepalive: false,
  transport: transport === 'native' ? 'auto' : 'stream',
}).on('connect', (connection) => {
  connection.on('message', (message) => {
    if (message.type === 'utf8') connection.sendUTF(message.utf8Data);
    else connection.sendBytes(message.binaryData);
  });
});

httpServer.listen(0, '127.0.0.1', () => console.log(httpServer.address().port));
