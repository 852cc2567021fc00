'use strict';

// Connections that end in every possible way while messages of both sides are being deflated and
// inflated. Reports the process's memory after a collection, every EVERY connections.
//
//   node --expose-gc abandon-deflated.js TRANSPORT EVERY ROUNDS

const { once } = require('node:events');

const { collected, dial, listen, report } = require('./common');

const TEXT = Array.from({ length: 20000 }, (_, i) => `${i * 7919} `).join('');
const ENDS = [
  (connection) => connection.drop(1000, 'now'),
  (connection) => connection.socket.destroy(),
  (connection) => connection.close(),
];

const [transport, every, rounds] = process.argv.slice(2);
const perMessageDeflate = { threshold: 0, level: 1 };
const sizes = { maxReceivedFrameSize: 1 << 20, maxReceivedMessageSize: 1 << 20 };
const config = { transport, perMessageDeflate, ...sizes };

main();

async function main() {
  const { url, close } = await listen(config, sendAll);
  for (let round = 0; round < Number(rounds); round++) {
    for (let i = 0; i < Number(every); i++) await visit(url, i);
    await collected();
    report(process.memoryUsage.rss());
  }
  close();
}

function sendAll(connection) {
  connection.on('error', () => {});
  connection.on('message', () => {});
  for (let i = 0; i < 3; i++) connection.send(TEXT, () => {});
}

/** Ends at once, or when something has arrived. */
async function visit(url, number) {
  const connection = await new Promise((resolve) => dial(url, config, resolve));
  const closed = new Promise((resolve) => connection.once('close', resolve));
  sendAll(connection);
  if (number % 2 === 0) await Promise.race([once(connection, 'message'), closed]);
  ENDS[number % ENDS.length](connection);
  await closed;
}
