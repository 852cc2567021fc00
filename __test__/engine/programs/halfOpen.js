'use strict';

// A listener of the engine with many peers that have sent half a head. It reports the memory that
// one of them takes, what the handshakes of others cost meanwhile, and the end of all.
//
//   node --expose-gc halfOpen.js PEERS OTHERS

const Listener = require('../Listener');
const { engine } = require('../../../lib/internal/engine/engine');
const cpuTime = require('../../support/cpuTime');
const { collected, proceed, report, until } = require('./common');

const [peers, others] = process.argv.slice(2).map(Number);

main();

async function main() {
  const listener = new Listener({ after() {} });
  report(listener.target);
  const costs = [await cost(listener)];
  await collected();
  const before = process.memoryUsage.rss();
  report('ready');
  await proceed();
  await until(() => engine.arriving(listener.slot) === peers);
  await collected();
  report({ bytes: (process.memoryUsage.rss() - before) / peers });
  costs.push(await cost(listener));
  report({ costs });
  engine.setHeadersTimeout(listener.slot, 1);
  const tickets = new Set();
  while (tickets.size < peers) tickets.add((await listener.nextOf('timeout')).extra);
  engine.closeArriving(listener.slot);
  await until(() => engine.arriving(listener.slot) === 0);
  report({ over: tickets.size });
  await listener.close();
}

/** The CPU time of the handshakes of others, in milliseconds. */
async function cost(listener) {
  const before = cpuTime();
  for (let count = 0; count < others; count++) {
    const link = listener.accept((await listener.nextOf('request')).extra);
    link.send('welcome');
    await link.release();
  }
  return cpuTime() - before;
}
