'use strict';

// A server whose handler always finds the next message waiting when it returns. Reports how many
// messages it got before the event loop had its next turn: 2,000 if there was none.
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

/** Sends the next message, and blocks for a millisecond and until the engine has it. */
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
