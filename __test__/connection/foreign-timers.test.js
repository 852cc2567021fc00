'use strict';

// In some test environments, timers are numbers, as in browsers, and run in real time.

const assert = require('node:assert/strict');
const { setInterval, clearInterval, setTimeout: nodes } = require('node:timers');

const { it, onEachTransport, open } = require('../support/connect');
const { closing } = require('../support/events');

const CLOSE_TIMEOUT = 200;

/** Replaces the timers with ones that return numbers. */
function numberTimers(t) {
  const { setTimeout, clearTimeout } = globalThis;
  const known = new Map();
  globalThis.setTimeout = (callback, delay, ...args) => {
    const id = known.size + 1;
    known.set(id, nodes(callback, delay, ...args));
    return id;
  };
  globalThis.clearTimeout = (id) => clearTimeout(known.get(id) ?? id);
  t.after(() => Object.assign(globalThis, { setTimeout, clearTimeout }));
}

const wait = (milliseconds) => new Promise((resolve) => nodes(resolve, milliseconds));

onEachTransport('A connection in an environment whose timers are numbers', (transport) => {
  const config = { closeTimeout: CLOSE_TIMEOUT, keepalive: false };

  it('waits for the answer to its close frame, however old the connection is', async (t) => {
    numberTimers(t);
    const { connection } = await open(t, { transport, config });
    await wait(2 * CLOSE_TIMEOUT);
    const closed = closing(connection);
    const start = performance.now();
    connection.close();
    await closed;
    const took = performance.now() - start;
    assert.ok(took > CLOSE_TIMEOUT / 2, `${took} ms`);
  });

  it('closes although the peer goes on sending', async (t) => {
    numberTimers(t);
    const { connection, peer } = await open(t, { transport, config });
    const sending = setInterval(() => peer.text('more'), CLOSE_TIMEOUT / 4);
    t.after(() => clearInterval(sending));
    const closed = closing(connection);
    connection.close();
    await closed;
  });
});
