'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');

const { it, onEachSide, open } = require('../support/connect');

const LARGE = Buffer.alloc(64 * 1024);
const WHOLE = { fragmentOutgoingMessages: false };

/** Sends until the output is full, and has an I/O thread send it before this thread hears of anything. */
function sendAndWait(connection) {
  while (connection.sendBytes(LARGE)) assert.equal(connection.bufferedAmount, 0);
  const end = Date.now() + 10_000;
  while (connection.transport === 'native' && connection.bufferedAmount > 0) {
    assert.ok(Date.now() < end, 'the kernel has room, and the output does not leave');
  }
}

onEachSide('Output that has left before anybody listens', (side) => {
  for (const who of ['connection', 'socket']) {
    for (const method of ['on', 'once', 'addListener', 'prependListener', 'prependOnceListener']) {
      it(`still drains for ${who}.${method}()`, async (t) => {
        const { connection } = await open(t, { ...side, config: WHOLE });
        sendAndWait(connection);
        const emitter = who === 'socket' ? connection.socket : connection;
        await new Promise((resolve) => emitter[method]('drain', resolve));
        assert.equal(connection.outputBufferFull, false);
      });
    }
  }

  it('is no longer full for who asks later, nor for the socket', async (t) => {
    for (const isFull of [
      (connection) => connection.outputBufferFull,
      (connection) => connection.socket.writableNeedDrain,
    ]) {
      const { connection } = await open(t, { ...side, config: WHOLE });
      sendAndWait(connection);
      await new Promise(setImmediate);
      if (isFull(connection)) await once(connection, 'drain');
      assert.equal(isFull(connection), false);
    }
  });

  it('drains once for each time that it was full', async (t) => {
    const { connection } = await open(t, { ...side, config: WHOLE });
    sendAndWait(connection);
    let drains = 0;
    connection.on('drain', () => {
      drains += 1;
    });
    await once(connection, 'drain');
    for (let full = 1; full < 5; full++) {
      assert.equal(drains, full);
      sendAndWait(connection);
      await once(connection, 'drain');
    }
  });
});
