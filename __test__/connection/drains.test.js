'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');

const { it, onEachSide, open } = require('../support/connect');
const { patience, until } = require('../support/events');
const { BINARY, PING, TEXT } = require('../support/frames');

const LARGE = Buffer.alloc(64 * 1024);
const WHOLE = { fragmentOutgoingMessages: false };

/**
 * Sends until the output is full, and blocks until an I/O thread has sent it. No event is delivered
 * meanwhile.
 */
function sendAndWait(connection) {
  const before = connection.bytesSent;
  let frames = 1;
  for (; connection.sendBytes(LARGE); frames++) assert.equal(connection.bufferedAmount, 0);
  const failIfOver = patience('the kernel has room, and the output does not leave');
  const all = before + frames * (LARGE.length + (connection.maskOutgoingPackets ? 14 : 10));
  // Over TLS, `bufferedAmount` stays as it is until the end of the turn.
  while (connection.transport === 'native' && connection.bytesSent < all) failIfOver();
}

onEachSide('Output that left before a listener was added', (side) => {
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

  it('soon resets outputBufferFull and socket.writableNeedDrain', async (t) => {
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
      // Within a delivery, output leaves when the handlers have returned.
      await new Promise(setImmediate);
      sendAndWait(connection);
      await once(connection, 'drain');
    }
  });

  it('drains for a listener that is added after removeAllListeners()', async (t) => {
    for (const names of [[], ['newListener']]) {
      const { connection } = await open(t, { ...side, config: WHOLE });
      connection.removeAllListeners(...names);
      sendAndWait(connection);
      await new Promise((resolve) => connection.on('drain', resolve));
      assert.equal(connection.outputBufferFull, false);
    }
  });
});

onEachSide('A short message after one that has filled the output', (side) => {
  it('does not suppress its drain', async (t) => {
    const config = { ...WHOLE, highWaterMark: 4096 };
    const { connection, peer } = await open(t, { ...side, config });
    let drains = 0;
    const below = connection.sendBytes(Buffer.alloc(5000));
    connection.sendUTF('short');
    connection.on('drain', () => {
      drains += 1;
    });
    await peer.expect(BINARY);
    await peer.expect(TEXT);
    // On the native transport the kernel may have taken it at once.
    if (side.transport !== 'native') assert.equal(below, false);
    if (!below) await until(() => drains > 0);
    connection.ping('behind it');
    await peer.expect(PING);
    assert.equal(drains, below ? 0 : 1);
  });
});
