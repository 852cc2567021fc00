'use strict';

// Terminates worker threads that listen, one after another, amid peers in every stage. Each round
// reports how many of them have ended, once none of the descriptors is left.
//
//   node listeningWorkers.js ROUNDS

const { once } = require('node:events');
const net = require('node:net');
const { Worker, isMainThread, parentPort } = require('node:worker_threads');

const Listener = require('../Listener');
const { HANDSHAKE } = require('../raw');
const { descriptors, report, until } = require('./common');

const PEERS = 40;

if (isMainThread) main(Number(process.argv[2]));
else work();

async function main(rounds) {
  await round();
  const open = descriptors().size;
  for (let count = 0; count < rounds; count++) {
    report(await round());
    await until(() => descriptors().size <= open);
  }
}

/** Runs and terminates one worker. */
async function round() {
  const worker = new Worker(__filename);
  const [target] = await once(worker, 'message');
  const beginnings = [
    '',
    HANDSHAKE.slice(0, 30),
    HANDSHAKE,
    'POST / HTTP/1.1\r\n',
    `${HANDSHAKE}more`,
  ];
  let ended = 0;
  for (let index = 0; index < PEERS; index++) {
    const peer = net.connect(target);
    peer.on('error', () => {});
    peer.on('close', () => ended++);
    peer.resume().write(beginnings[index % beginnings.length]);
  }
  await once(worker, 'message');
  await worker.terminate();
  await until(() => ended === PEERS);
  return { ended };
}

/** Takes every second connection that it may take, as a link. */
async function work() {
  const listener = new Listener({ after() {} });
  parentPort.postMessage(listener.target);
  for (let count = 0; ; count++) {
    const { extra } = await listener.next();
    if (count % 2 === 0) listener.accept(extra).send('welcome');
    if (count === PEERS / 4) parentPort.postMessage('busy');
  }
}
