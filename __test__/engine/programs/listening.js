'use strict';

// A listener of the engine that runs out of descriptors, twice. It accepts each handshake. Each
// round reports the error of accepting, what 1 s of trying cost, and the peer that had to wait.

const fs = require('node:fs');
const { setTimeout: sleep } = require('node:timers/promises');

const Listener = require('../Listener');
const { engine } = require('../../../lib/internal/engine/engine');
const cpuTime = require('../../support/cpuTime');
const { report } = require('./common');

const ROUNDS = 2;

main();

async function main() {
  const listener = new Listener({ after() {} });
  report(listener.target);
  // The first connection also starts the delivery.
  listener.accept((await listener.nextOf('request')).extra);
  for (let round = 0; round < ROUNDS; round++) {
    const used = useUp();
    report('full');
    const { extra } = await listener.nextOf('accept error');
    const before = cpuTime();
    await sleep(1000);
    report({ errno: extra, told: listener.events.length, cost: cpuTime() - before });
    for (const fd of used) fs.closeSync(fd);
    const link = listener.accept((await listener.nextOf('request')).extra);
    link.send('welcome');
    engine.releaseHeld(link.slot);
    await link.nextOf('end');
    await link.release();
  }
  process.exit();
}

/** Opens descriptors until none is left. */
function useUp() {
  const used = [];
  try {
    for (;;) used.push(fs.openSync('/dev/null'));
  } catch (error) {
    if (error.code !== 'EMFILE') throw error;
  }
  return used;
}
