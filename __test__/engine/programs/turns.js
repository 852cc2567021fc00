'use strict';

// A server whose handler always finds the next message waiting when it is done with one. Reports
// how many it was given before the event loop had its next turn, and that is 2,000 if it had none.
//
//   node turns.js TRANSPORT

const net = require('node:net');

const { listen, report } = require('./common');
const { HANDSHAKE, text } = require('../raw');

const MOST = 2000;
const MESSAGE = text('next');

const [transport] = process.argv.slice(2);
const client = new net.Socket();
let given = 0;
let finished = false;

listen({ transport }, (connection) => {
  connection.on('message', () => {
    if (given++ === 0) setImmediate(finish);
    if (given < MOST && !finished) provideNext(connection);
  });
  connection.on('close', () => process.exit());
}).then(({ url }) => {
  client.connect(new URL(url).port, '127.0.0.1');
  client.write(HANDSHAKE);
  client.once('data', () => client.write(MESSAGE));
});

/** Sends the next message, and keeps JavaScript busy for a while and until the engine has it. */
function provideNext(connection) {
  const { bytesReceived } = connection;
  const start = performance.now();
  client.write(MESSAGE);
  while (performance.now() < start + 1);
  if (connection.transport !== 'native') return;
  while (connection.bytesReceived === bytesReceived);
}

function finish() {
  finished = true;
  report(given);
  client.destroy();
}
