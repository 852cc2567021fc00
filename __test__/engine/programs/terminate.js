'use strict';

// Worker threads are terminated, one after the other, in the middle of traffic. Each round reports
// how the other ends saw it, once no descriptor is left of it; at the end it reports how a
// connection of the main thread fared that was busy all the while.
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
  // Both ends of it have found their transport long before.
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

/** One worker's life. */
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

/** A peer that sends more than a worker takes which does nothing. Gives its close code. */
async function connect(url) {
  const peer = new WebSocket(url);
  peer.on('error', () => {});
  peer.once('open', () => {
    for (let i = 0; i < 64; i++) peer.send(Buffer.alloc(64 * 1024));
  });
  const [code] = await once(peer, 'close');
  return code;
}

/** A connection within the main thread on which one question follows the other. */
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
