'use strict';

// Terminates worker threads one after another amid traffic. Each round reports how the other ends
// closed, once none of its descriptors is left. The end reports the state of a connection of the
// main thread that was busy all the time.
//
//   node terminate.js TRANSPORT ROUNDS

const { once } = require('node:events');
const path = require('node:path');
const { Worker } = require('node:worker_threads');
const { WebSocket } = require('ws');

const { descriptors, dial, echo, listen, report, until } = require('./common');

const CONNECTIONS = 5;

const [transport, rounds] = process.argv.slice(2);
const flood = path.join(__dirname, 'flood.js');

main();

async function main() {
  const own = await converse();
  // Both ends already have their final transport.
  await own.answersAbove(100);
  const open = descriptors().size;
  for (let i = 0; i < Number(rounds); i++) {
    const before = own.answers;
    report(await round(i % 2 === 0 ? 'run' : 'hang'));
    await until(() => descriptors().size <= open);
    await own.answersAbove(before);
  }
  report({ outOfOrder: own.outOfOrder });
  own.stop();
}

/** Runs and terminates one worker. */
async function round(mode) {
  const left = [];
  const sink = await listen({ transport }, (connection) => {
    left.push(once(connection, 'close').then(([code]) => code));
    connection.on('message', () => {});
    connection.send('hear');
  });
  const worker = new Worker(flood, { argv: [transport, sink.url, String(CONNECTIONS), mode] });
  const [url] = await once(worker, 'message');
  const busy = once(worker, 'message');
  const peers = Array.from({ length: CONNECTIONS }, () => connect(url));
  await busy;
  const status = await worker.terminate();
  sink.close();
  return { status, peers: await Promise.all(peers), clients: await Promise.all(left) };
}

/** A peer that sends more than a blocked worker accepts. Resolves with its close code. */
async function connect(url) {
  const peer = new WebSocket(url);
  peer.on('error', () => {});
  peer.once('open', () => {
    for (let i = 0; i < 64; i++) peer.send(Buffer.alloc(64 * 1024));
  });
  const [code] = await once(peer, 'close');
  return code;
}

/** A connection within the main thread that sends one question after another. */
async function converse() {
  const listening = await listen({ transport }, echo);
  const own = { answers: 0, outOfOrder: 0, answersAbove, stop };
  dial(listening.url, { transport }, (connection) => {
    connection.on('message', ({ utf8Data }) => {
      if (Number(utf8Data) !== own.answers) own.outOfOrder++;
      connection.send(`${++own.answers}`);
    });
    connection.send('0');
  });
  return own;

  function answersAbove(count) {
    return until(() => own.answers > count);
  }

  function stop() {
    listening.server.shutDown();
    listening.close();
  }
}
