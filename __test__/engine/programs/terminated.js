'use strict';

// A worker whose server answers the first message on all connections, and then does not return.

const { parentPort, workerData } = require('node:worker_threads');

const { WebSocketServer } = require('../../../lib/ws');

const port = /** @type {import('node:worker_threads').MessagePort} */ (parentPort);
const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
server.on('listening', () => port.postMessage(/** @type {any} */ (server.address()).port));
server.on('connection', (ws) => {
  ws.on('message', () => {
    if (server.clients.size !== workerData) throw new Error('A connection is missing.');
    for (const text of ['first', 'second', 'third']) {
      for (const client of server.clients) client.send(text);
    }
    port.postMessage('sent');
    for (;;);
  });
});
