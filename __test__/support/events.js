'use strict';

const { once } = require('node:events');
const { setImmediate: turn } = require('node:timers/promises');

const cpuTime = require('./cpuTime');

/** What a connection emits to its users. */
const EVENTS = ['message', 'frame', 'ping', 'pong', 'error', 'close', 'drain', 'pause', 'resume'];

/**
 * What is not so after this much of both kinds of time, in ms, never will be. On a busy machine the
 * time of day alone says nothing, and where many threads work, the CPU time alone says little.
 */
const PATIENCE = { clock: 10000, cpu: 20000 };

/** Begins to wait. What it returns throws when that has taken too long. */
function patience(message) {
  const clock = performance.now() + PATIENCE.clock;
  const cpu = cpuTime() + PATIENCE.cpu;
  return () => {
    if (performance.now() > clock && cpuTime() > cpu) throw new Error(message);
  };
}

/** Goes on when `condition` holds, looking at it once in each turn of the event loop. */
async function until(condition) {
  const failIfOver = patience(`It never came true that ${condition}`);
  while (!condition()) {
    failIfOver();
    await turn();
  }
}

/**
 * The first argument of the next `count` events of a name, from now on. It goes on listening, since
 * a connection that nobody listens to any more holds back what comes next.
 *
 * @param {import('node:events').EventEmitter} emitter
 * @param {string} name
 * @param {number} count
 * @returns {Promise<any[]>}
 */
function gather(emitter, name, count) {
  return new Promise((resolve) => {
    const all = [];
    emitter.on(name, (first) => {
      if (all.length < count && all.push(first) === count) resolve(all);
    });
  });
}

/**
 * Every event of these names in order, each as its name and arguments. 'ping' is left out unless
 * asked for, because to listen for it changes who answers.
 *
 * @param {import('node:events').EventEmitter} emitter
 * @param {string[]} [names]
 * @returns {any[][]}
 */
function record(emitter, names = EVENTS.filter((name) => name !== 'ping')) {
  const log = [];
  for (const name of names) emitter.on(name, (...args) => log.push([name, ...args]));
  return log;
}

/**
 * So many pings and pongs between two connections of ours: whatever else is under way has had its
 * time.
 */
async function roundTrips({ accepted, connected }, count) {
  for (let i = 0; i < count; i++) {
    const answered = once(accepted, 'pong');
    accepted.ping();
    await answered;
  }
  connected.socket.destroy();
}

/**
 * Sends until the kernel takes no more and the connection itself holds a block. Returns how many
 * were sent.
 */
async function fill(connection, block = Buffer.alloc(1024 * 1024)) {
  let sent = 0;
  do {
    connection.sendBytes(block);
    sent += 1;
    await new Promise(setImmediate);
  } while (connection.bufferedAmount < block.length);
  return sent;
}

/** What 'close' will say. Unlike events.once(), it neither listens for 'error' nor minds one. */
function closing(connection) {
  return new Promise((resolve) => connection.once('close', (...args) => resolve(args)));
}

/** The text or the bytes of a message. */
function contentOf(message) {
  return message.type === 'utf8' ? message.utf8Data : message.binaryData;
}

/** The texts of every message from now on. */
function textsOf(connection) {
  const texts = [];
  connection.on('message', (message) => texts.push(message.utf8Data));
  return texts;
}

/**
 * Takes exceptions that no one catches, which the test runner would count as failures.
 *
 * @returns {Error[]} those so far
 */
function catchUncaught(t) {
  const caught = [];
  process.setUncaughtExceptionCaptureCallback((error) => caught.push(error));
  t.after(() => process.setUncaughtExceptionCaptureCallback(null));
  return caught;
}

module.exports = {
  catchUncaught,
  closing,
  contentOf,
  fill,
  gather,
  patience,
  record,
  roundTrips,
  textsOf,
  until,
};
