'use strict';

const assert = require('node:assert/strict');
const { fork } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');

const { authority, isSecure, it, onEachTransport, pair, serve } = require('../support/connect');
const { closing } = require('../support/events');

const FLOOD = path.join(__dirname, '..', 'support', 'flood.js');
const SIZE = 256 * 1024;
const COUNT = 1024;
const MB = 1e6;

/** How much of the 268 MB the kernel's two buffers and ours may hold, with a wide margin. */
const MOST_ACCEPTED = 64 * MB;
const MOST_GROWTH = 160 * MB;

/** A connection to a client in another process, which sends 268 MB as fast as it can. */
async function openFlooded(t, transport, onConnection) {
  const server = await serve(t, { transport, config: { maxReceivedFrameSize: SIZE } });
  const opened = once(server.wsServer, 'connect');
  server.wsServer.on('request', (request) => onConnection(request.accept(null, request.origin)));
  const ca = isSecure(transport) ? [authority()] : [];
  const child = fork(FLOOD, [server.port, SIZE, COUNT, ...ca]);
  t.after(() => child.kill());
  const flood = { sent: 0 };
  child.on('message', (sent) => {
    flood.sent = sent;
  });
  const [connection] = await opened;
  return { connection, flood };
}

/** Resolves when `progress()` stays the same for 300 round trips between two other connections. */
async function standstill(t, transport, progress) {
  const { accepted, connected } = await pair(t, { transport });
  let before;
  let quiet = 0;
  while (quiet < 300) {
    const answered = once(accepted, 'pong');
    accepted.ping();
    await answered;
    quiet = progress() === before ? quiet + 1 : 0;
    before = progress();
  }
  connected.socket.destroy();
}

/** Returns a function that measures the process's memory and returns its largest growth so far. */
function watchMemory() {
  const start = process.memoryUsage.rss();
  let most = 0;
  return () => {
    most = Math.max(most, process.memoryUsage.rss() - start);
    return most;
  };
}

onEachTransport('A peer that sends faster than handlers take its messages', (transport) => {
  it('is stopped by TCP while the connection is paused, and nothing is lost', async (t) => {
    const numbers = [];
    const { connection, flood } = await openFlooded(t, transport, (connection) => {
      connection.on('message', ({ binaryData }) => {
        numbers.push(binaryData.readUInt32BE(0));
        if (numbers.length === 3) connection.pause();
      });
    });
    const closed = closing(connection);
    const grown = watchMemory();
    await once(connection, 'pause');
    await standstill(t, transport, () => flood.sent);
    grown();
    assert.equal(numbers.length, 3, 'nothing is delivered meanwhile');
    assert.ok(flood.sent * SIZE < MOST_ACCEPTED, `${flood.sent} messages were taken`);
    assert.ok(grown() < MOST_GROWTH, `${grown()} bytes of memory`);

    connection.on('message', grown);
    connection.resume();
    assert.deepEqual(await closed, [1000, 'all sent']);
    assert.deepEqual(
      numbers,
      Array.from({ length: COUNT }, (_, i) => i),
    );
    assert.ok(grown() < MOST_GROWTH, `${grown()} bytes of memory`);
  });

  it('is stopped by TCP while handlers keep the thread busy', async (t) => {
    const busy = new Int32Array(new SharedArrayBuffer(4));
    const numbers = [];
    const grown = watchMemory();
    let turns = 0;
    const { connection } = await openFlooded(t, transport, (connection) => {
      connection.on('message', ({ binaryData }) => {
        numbers.push(binaryData.readUInt32BE(0));
        Atomics.wait(busy, 0, 0, 1);
        grown();
      });
    });
    const counter = setInterval(() => {
      turns += 1;
    }, 1);
    t.after(() => clearInterval(counter));
    assert.deepEqual(await closing(connection), [1000, 'all sent']);
    // The handlers alone take a second.
    assert.ok(turns > 10, `everything else had ${turns} turns of the event loop meanwhile`);
    assert.deepEqual(
      numbers,
      Array.from({ length: COUNT }, (_, i) => i),
    );
    assert.ok(grown() < MOST_GROWTH, `${grown()} bytes of memory`);
  });

  it('is read one message at a time if the application pauses after each', async (t) => {
    const numbers = [];
    const grown = watchMemory();
    let busy = false;
    const { connection } = await openFlooded(t, transport, (connection) => {
      connection.on('message', ({ binaryData }) => {
        assert.equal(busy, false, 'one at a time');
        busy = true;
        numbers.push(binaryData.readUInt32BE(0));
        grown();
        connection.pause();
        setImmediate(() => {
          busy = false;
          connection.resume();
        });
      });
    });
    assert.deepEqual(await closing(connection), [1000, 'all sent']);
    assert.deepEqual(
      numbers,
      Array.from({ length: COUNT }, (_, i) => i),
    );
    assert.ok(grown() < MOST_GROWTH, `${grown()} bytes of memory`);
  });
});
