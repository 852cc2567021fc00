'use strict';

/**
 * An echo server of the ws API for Autobahn's fuzzing client. Prints its port.
 *
 *   node ws-echo-server.js
 */

const { WS_OPTIONS, WebSocket } = require('./ws');

const server = new WebSocket.Server({ host: '127.0.0.1', port: 0, ...WS_OPTIONS });

server.on('connection', (ws) => {
  // A violation is an 'error', which would end the process without a listener.
  ws.on('error', () => {});
  ws.on('message', (data, binary) => ws.send(data, { binary }));
});
server.on('listening', () => console.log(server.address().port));
