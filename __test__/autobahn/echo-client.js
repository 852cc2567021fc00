'use strict';

/**
 * Runs the cases of an Autobahn fuzzing server, one after another.
 *
 *   node echo-client.js native|stream URL AGENT [CA_FILE]
 */

const fs = require('node:fs');

const WebSocketClient = require('../..').client;
const { LIMITS, expectTransport } = require('./limits');

const [transport, url, agent, caFile] = process.argv.slice(2);
const isNative = transport === 'native';
const config = {
  ...LIMITS,
  transport: isNative ? 'auto' : 'stream',
  ...(caFile && { tlsOptions: { ca: fs.readFileSync(caFile) } }),
};

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});

async function main() {
  let count = 0;
  await visit('/getCaseCount', (_connection, message) => {
    count = Number(message.utf8Data);
  });
  for (let number = 1; number <= count; number++) {
    await visit(`/runCase?case=${number}&agent=${agent}`, (connection, message) => {
      if (message.type === 'utf8') connection.sendUTF(message.utf8Data);
      else connection.sendBytes(message.binaryData);
    });
  }
  await visit(`/updateReports?agent=${agent}`, () => {});
}

/** Connects and calls back with each message. Resolves when the connection has closed. */
function visit(path, onMessage) {
  return new Promise((resolve, reject) => {
    const client = new WebSocketClient(config);
    client.on('connectFailed', reject);
    client.on('connect', (connection) => {
      expectTransport(connection, isNative);
      connection.on('message', (message) => onMessage(connection, message));
      connection.on('close', resolve);
    });
    client.connect(url + path);
  });
}
