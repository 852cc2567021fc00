'use strict';

// Terminates worker threads while more waits for their JavaScript than the engine accepts. Reports
// the memory in use after each.
//
//   node --expose-gc backlog.js ROUNDS

const { once } = require('node:events');
const path = require('node:path');
const { Worker } = require('node:worker_threads');
const { WebSocket } = require('ws');

const { collected, report } = require('./common');

const CONNECTIONS = 80;
const PAYLOAD = Buffer.alloc(4000);
/** More than the engine accepts of one connection. */
const MESSAGES = 400;

main(Number(process.argv[2]));

async function main(rounds) {
  for (let i = 0; i < rounds; i++) {
    await round();
    await collected();
    report(process.memoryUsage.rss());
  }
}

async function round() {
  const worker = new Worker(path.join(__dirname, 'hoard.js'), { argv: [String(CONNECTIONS)] });
  const [url] = await once(worker, 'message');
  const peers = Array.from({ length: CONNECTIONS }, () => new WebSocket(url));
  const closed = peers.map((peer) => {
    peer.on('error', () => {});
    peer.on('open', () => peer.send('here'));
    return once(peer, 'close');
  });
  await once(worker, 'message');
  const full = once(worker, 'message');
  for (const peer of peers) for (let i = 0; i < MESSAGES; i++) peer.send(PAYLOAD);
  await full;
  await worker.terminate();
  await Promise.all(closed);
}
