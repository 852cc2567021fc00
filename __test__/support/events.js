'use strict';

const { once } = require('node:events');
const { setImmediate: turn } = require('node:timers/promises');

const { isListener } = require('./carrier');
const cpuTime = require('./cpuTime');

/** The events that a connection emits. */
const EVENTS = ['message', 'frame', 'ping', 'pong', 'error', 'close', 'drain', 'pause', 'resume'];

/**
 * Milliseconds of both kinds of time after which a wait fails. On a busy machine the time of day
 * alone proves nothing. With many threads at work, CPU time alone proves little.
 */
const PATIENCE = { clock: 10000, cpu: 20000 };

/** Starts a wait. Returns a function that throws when the wait has taken too long. */
function patience(message) {
  const clock = performance.now() + PATIENCE.clock;
  const cpu = cpuTime() + PATIENCE.cpu;
  return () => {
    if (performance.now() > clock && cpuTime() > cpu) throw new Error(message);
  };
}

/** Resolves when `condition` holds. Checks it once in each turn of the event loop. */
async function until(condition) {
  const failIfOver = patience(`It never came true that ${condition}`);
  while (!condition()) {
    failIfOver();
    await turn();
  }
}

/**
 * The first argument of each of the next `count` events of a name. The listener stays, because a
 * connection without one holds back the next message.
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
 * Records every event of these names in order, each as its name and arguments. By default it omits
 * 'ping', because a listener for pings changes who answers them.
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
 * Exchanges `count` pings and pongs between two connections of ours, so that everything else under
 * way gets time to happen.
 */
async function roundTrips({ accepted, connected }, count) {
  for (let i = 0; i < count; i++) {
    const answered = once(accepted, 'pong');
    accepted.ping();
    await answered;
  }
  connected.socket.destroy();
}

/** More than the buffers of the kernel on both sides, in bytes. */
const BEYOND_KERNEL = 24 << 20;

/**
 * Sends blocks until the kernel takes no more and the connection holds one. Returns the number
 * sent.
 */
async function fill(
  connection,
  block = Buffer.alloc(1024 * 1024),
  send = () => connection.sendBytes(block),
) {
  let sent = 0;
  // With TLS, only the I/O thread writes. So output that waits does not mean a full kernel.
  const isOfEngine = connection.transport === 'native' || isListener;
  const isLater = isOfEngine && connection.socket.encrypted === true;
  const least = isLater ? BEYOND_KERNEL / block.length : 0;
  do {
    send();
    sent += 1;
    await new Promise(setImmediate);
  } while (sent < least || connection.bufferedAmount < block.length);
  return sent;
}

/** Resolves with the arguments of 'close'. Unlike events.once(), it ignores 'error'. */
function closing(connection) {
  return new Promise((resolve) => connection.once('close', (...args) => resolve(args)));
}

/** The text or the bytes of a message. */
function contentOf(message) {
  return message.type === 'utf8' ? message.utf8Data : message.binaryData;
}

/** Collects the text of every message from now on. */
function textsOf(connection) {
  const texts = [];
  connection.on('message', (message) => texts.push(message.utf8Data));
  return texts;
}

/**
 * Collects uncaught exceptions, which the test runner would count as failures.
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
