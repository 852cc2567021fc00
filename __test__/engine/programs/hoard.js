'use strict';

// A worker thread whose JavaScript blocks once every connection has sent something. It posts its
// URL, then that it is stuck, and then that the engine has accepted almost its maximum.
//
//   new Worker('hoard.js', { argv: [CONNECTIONS] })

const { parentPort } = require('node:worker_threads');

const { listen } = require('./common');

// An entry counts as 1 KiB plus its payload of 4000 bytes. That leaves 51 of 64 MiB for payloads.
const ENOUGH = 50 * 1024 * 1024;

const count = Number(process.argv[2]);
const connections = new Set();

listen({}, (connection) => {
  connection.on('message', () => {
    if (connections.add(connection).size === count) beStuck();
  });
}).then(({ url }) => parentPort.postMessage(url));

function beStuck() {
  parentPort.postMessage('stuck');
  while (received() < ENOUGH);
  parentPort.postMessage('full');
  for (;;);
}

function received() {
  let sum = 0;
  for (const connection of connections) sum += connection.bytesReceived;
  return sum;
}
