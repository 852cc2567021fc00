'use strict';

/**
 * Runs the cases of an Autobahn fuzzing server, one after another, through the ws API.
 *
 *   node ws-echo-client.js TRANSPORT URL AGENT
 */

const { WS_OPTIONS, WebSocket } = require('./ws');

const [, url, agent] = process.argv.slice(2);

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});

async function main() {
  let count = 0;
  await visit('/getCaseCount', (_ws, data) => {
    count = Number(data.toString());
  });
  for (let number = 1; number <= count; number++) {
    await visit(`/runCase?case=${number}&agent=${agent}`, (ws, data, binary) =>
      ws.send(data, { binary }),
    );
  }
  await visit(`/updateReports?agent=${agent}`, () => {});
}

/** Connects and calls back with each message. Resolves when the connection has closed. */
function visit(path, onMessage) {
  return new Promise((resolve, reject) => {
    const ws = new WebSocket(url + path, WS_OPTIONS);
    let failure = new Error(`${path}: no connection`);
    ws.on('open', () => {
      failure = undefined;
    });
    // Violations are errors, too. Only a failed handshake ends the run.
    ws.on('error', (error) => {
      if (failure) failure = error;
    });
    ws.on('message', (data, binary) => onMessage(ws, data, binary));
    ws.on('close', () => (failure ? reject(failure) : resolve()));
  });
}
