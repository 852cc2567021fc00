'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');

const { connection: WebSocketConnection } = require('../..');
const { it, onEachSide, onEachTransport, open, pair } = require('../support/connect');
const {
  catchUncaught,
  closing,
  gather,
  record,
  roundTrips,
  textsOf,
  until,
} = require('../support/events');
const FakeSocket = require('../support/fakeSocket');
const { CLOSE, PING, TEXT, closeBody, encode } = require('../support/frames');

const LETTERS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

/** Sends all texts in one write, so that they arrive in one batch. */
function sendAll(peer, payloads = LETTERS) {
  peer.send(...payloads.map((payload) => ({ opcode: TEXT, payload })));
}

/** Calls `act` when a handler gets the message `text`. */
function onText(connection, text, act) {
  connection.on('message', ({ utf8Data }) => {
    if (utf8Data === text) act();
  });
}

onEachSide('A message handler', (side) => {
  it('may send: answers go out in order', async (t) => {
    const { connection, peer } = await open(t, side);
    connection.on('message', ({ utf8Data }) => {
      connection.sendUTF(`${utf8Data}1`);
      connection.sendUTF(`${utf8Data}2`);
    });
    sendAll(peer);
    const answers = [];
    while (answers.length < 16) answers.push((await peer.expect(TEXT)).payload.toString());
    assert.deepEqual(
      answers,
      LETTERS.flatMap((letter) => [`${letter}1`, `${letter}2`]),
    );
  });

  it('may close: nothing more is delivered', async (t) => {
    const { connection, peer } = await open(t, side);
    const log = record(connection);
    const closed = closing(connection);
    onText(connection, 'c', () => connection.close(4001, 'heard enough'));
    sendAll(peer);
    await peer.hangUp();
    assert.deepEqual(await closed, [4001, 'heard enough']);
    assert.deepEqual(
      log.map(([name, value]) => value.utf8Data ?? name),
      ['a', 'b', 'c', 'close'],
    );
  });

  it("may drop: 'close' is emitted within the call, and nothing after it", async (t) => {
    const { connection, peer } = await open(t, side);
    const log = record(connection);
    onText(connection, 'c', () => {
      connection.drop(1008, 'out');
      log.push(['returned', '']);
    });
    sendAll(peer);
    assert.deepEqual(await peer.expectClose(), { code: 1008, reason: 'out' });
    assert.equal(await peer.ended(), 'FIN');
    assert.deepEqual(
      log.map(([name, value]) => value.utf8Data ?? name),
      ['a', 'b', 'c', 'close', 'returned'],
    );
  });

  it("may destroy the socket: only 'close' is delivered after that", async (t) => {
    const { connection, peer } = await open(t, side);
    const log = record(connection);
    const closed = closing(connection);
    onText(connection, 'c', () => connection.socket.destroy());
    sendAll(peer);
    assert.deepEqual(await closed, [1006, 'Connection dropped by remote peer.']);
    assert.deepEqual(
      log.map(([name, value]) => value.utf8Data ?? name),
      ['a', 'b', 'c', 'close'],
    );
    await peer.ended();
  });

  it('may throw: the exception surfaces and the other messages arrive', async (t) => {
    const caught = catchUncaught(t);
    const { connection, peer } = await open(t, side);
    const texts = textsOf(connection);
    const closed = closing(connection);
    for (const letter of ['a', 'c', 'd', 'h']) {
      onText(connection, letter, () => {
        throw new Error(letter);
      });
    }
    sendAll(peer);
    peer.close(4001, 'and the close');
    await peer.hangUp();
    assert.deepEqual(await closed, [4001, 'and the close']);
    assert.deepEqual(texts, LETTERS);
    assert.deepEqual(
      caught.map(({ message }) => message),
      ['a', 'c', 'd', 'h'],
    );
  });

  it('may also throw after a pause', async (t) => {
    const caught = catchUncaught(t);
    const { connection, peer } = await open(t, side);
    const texts = textsOf(connection);
    onText(connection, 'a', () => connection.pause());
    for (const letter of ['b', 'd']) {
      onText(connection, letter, () => {
        throw new Error(letter);
      });
    }
    const paused = once(connection, 'pause');
    sendAll(peer);
    await paused;
    const done = closing(connection);
    connection.resume();
    peer.close(1000);
    peer.end();
    await done;
    assert.deepEqual(texts, LETTERS);
    assert.deepEqual(
      caught.map(({ message }) => message),
      ['b', 'd'],
    );
  });

  for (const [what, act] of [
    ['close', (connection) => connection.close(4001, 'enough')],
    ['drop', (connection) => connection.drop(4001, 'enough')],
    ['destroy the socket', (connection) => connection.socket.destroy()],
  ]) {
    it(`may ${what} when it gets a message that a pause delayed`, async (t) => {
      const { connection, peer } = await open(t, side);
      const texts = textsOf(connection);
      const closes = record(connection, ['close']);
      onText(connection, 'a', () => connection.pause());
      onText(connection, 'c', () => act(connection));
      const paused = once(connection, 'pause');
      sendAll(peer);
      await paused;
      const closed = closing(connection);
      connection.resume();
      const ended = peer.rest().then(() => peer.end());
      await closed;
      await ended;
      await quiet(t, side.transport);
      assert.deepEqual(texts, ['a', 'b', 'c']);
      assert.equal(closes.length, 1);
    });
  }

  it('may resume again while it gets delayed messages', async (t) => {
    const caught = catchUncaught(t);
    const { connection, peer } = await open(t, side);
    const texts = textsOf(connection);
    connection.on('message', () => connection.processReceivedData());
    connection.pause();
    sendAll(peer);
    await quiet(t, side.transport);
    connection.resume();
    await until(() => texts.length === LETTERS.length);
    assert.deepEqual(texts, LETTERS);
    assert.deepEqual(caught, []);
  });

  it('may pause and resume at once, also while it gets delayed messages', async (t) => {
    const { connection, peer } = await open(t, side);
    const texts = textsOf(connection);
    connection.on('message', () => {
      connection.pause();
      connection.resume();
      process.nextTick(() => {
        connection.pause();
        connection.resume();
      });
    });
    connection.pause();
    sendAll(peer);
    await quiet(t, side.transport);
    connection.resume();
    await until(() => texts.length === LETTERS.length);
    assert.deepEqual(texts, LETTERS);
  });

  it('may alternate with others through once()', async (t) => {
    const { connection, peer } = await open(t, side);
    const texts = [];
    const next = ({ utf8Data }) => {
      texts.push(utf8Data);
      if (texts.length < LETTERS.length) queueMicrotask(() => connection.once('message', next));
    };
    connection.once('message', next);
    sendAll(peer);
    await until(() => texts.length === LETTERS.length);
    assert.deepEqual(texts, LETTERS);
  });

  it('may change the listeners', async (t) => {
    const { connection, peer } = await open(t, side);
    const log = [];
    const done = gather(connection, 'message', LETTERS.length);
    const second = ({ utf8Data }) => log.push(`second ${utf8Data}`);
    const first = ({ utf8Data }) => {
      log.push(`first ${utf8Data}`);
      if (utf8Data !== 'c') return;
      connection.removeListener('message', first);
      connection.on('message', second);
    };
    connection.on('message', first);
    sendAll(peer);
    await done;
    assert.deepEqual(log, [
      ...['first a', 'first b', 'first c'],
      ...['second d', 'second e', 'second f', 'second g', 'second h'],
    ]);
  });
});

onEachSide('A drain handler', (side) => {
  it('may throw: messages still arrive and leave', async (t) => {
    const caught = catchUncaught(t);
    const { connection, peer } = await open(t, side);
    connection.on('drain', () => {
      throw new Error('from a drain handler');
    });
    peer.socket.pause();
    while (connection.bufferedAmount < 1e6) {
      connection.sendBytes(Buffer.alloc(1e6));
      await new Promise(setImmediate);
    }
    const drains = caught.length;
    peer.socket.resume();
    await until(() => caught.length > drains);
    const message = once(connection, 'message');
    peer.text('in');
    assert.equal((await message)[0].utf8Data, 'in');
    connection.sendUTF('out');
    let frame = await peer.next();
    while (frame.opcode !== TEXT) frame = await peer.next();
    assert.equal(frame.payload.toString(), 'out');
  });
});

onEachSide('A ping handler', (side) => {
  it('may close: the ping is not answered any more', async (t) => {
    const { connection, peer } = await open(t, side);
    const log = record(connection, ['error', 'close']);
    const closed = closing(connection);
    connection.on('ping', () => connection.close(4001, 'not now'));
    peer.ping('');
    assert.deepEqual(await peer.expectClose(), { code: 4001, reason: 'not now' });
    assert.equal(await peer.ended(), 'FIN');
    peer.close(4001);
    peer.end();
    await closed;
    assert.deepEqual(log, [['close', 4001, 'not now']]);
  });

  it('may drop', async (t) => {
    const { connection, peer } = await open(t, side);
    const log = record(connection, ['error', 'close']);
    connection.on('ping', () => connection.drop(1008, 'not ever'));
    peer.ping('');
    assert.deepEqual(await peer.expectClose(), { code: 1008, reason: 'not ever' });
    assert.equal(await peer.ended(), 'FIN');
    assert.deepEqual(log, [['close', 1008, 'not ever']]);
  });

  it('may throw: later messages arrive', async (t) => {
    const caught = catchUncaught(t);
    const { connection, peer } = await open(t, side);
    connection.on('ping', () => {
      throw new Error('from a ping handler');
    });
    const message = once(connection, 'message');
    peer.send({ opcode: PING, payload: 'p' }, { opcode: TEXT, payload: 'behind it' });
    assert.equal((await message)[0].utf8Data, 'behind it');
    assert.equal(caught.length, 1);
  });
});

onEachSide('A close handler', (side) => {
  it('may use the connection: nothing happens, and nothing breaks', async (t) => {
    const { connection, peer } = await open(t, side);
    let closes = 0;
    const closed = new Promise((resolve) => {
      connection.on('close', () => {
        closes += 1;
        connection.close(4000);
        connection.drop(4000);
        connection.pause();
        connection.resume();
        assert.equal(connection.bufferedAmount, 0);
        resolve();
      });
    });
    peer.close(1000);
    await peer.expectClose();
    peer.end();
    await closed;
    await quiet(t, side.transport);
    assert.deepEqual([closes, connection.state], [1, 'closed']);
  });

  it('may throw: other connections are not disturbed', async (t) => {
    const caught = catchUncaught(t);
    const { connection, peer } = await open(t, side);
    const { accepted, connected } = await pair(t, { transport: side.transport });
    connection.on('close', () => {
      throw new Error('from a close handler');
    });
    const messages = gather(accepted, 'message', 100);
    peer.send({ opcode: 0x3 });
    for (let i = 0; i < 100; i++) connected.sendUTF(`${i}`);
    assert.deepEqual(Object.values(await peer.expectClose()), [1002, 'Unrecognized Opcode: 0x3']);
    assert.equal(await peer.ended(), 'FIN');
    assert.equal((await messages).length, 100);
    assert.equal(caught.length, 1);
  });
});

onEachSide('A send callback', (side) => {
  it('may throw: the others are still called', async (t) => {
    const caught = catchUncaught(t);
    const { connection } = await open(t, side);
    const log = [];
    connection.sendUTF('a', () => {
      log.push('a');
      throw new Error('from a callback');
    });
    connection.sendUTF('b', (error) => log.push(error ? 'b failed' : 'b'));
    connection.sendUTF('c', (error) => log.push(error ? 'c failed' : 'c'));
    await until(() => log.length === 3);
    assert.deepEqual(log, ['a', 'b', 'c']);
    assert.equal(caught.length, 1);
  });

  // On the stream transport Node calls the callbacks, and it stops at the first that throws.
  if (side.transport !== 'native') return;

  it('may throw and end the connection: the other due callbacks are called', async (t) => {
    const { connection } = await open(t, side);
    const log = [];
    process.setUncaughtExceptionCaptureCallback((error) => {
      log.push(error.message);
      connection.socket.destroy();
    });
    t.after(() => process.setUncaughtExceptionCaptureCallback(null));
    connection.sendUTF('a', () => {
      throw new Error('from a callback');
    });
    connection.sendUTF('b', (error) => log.push(error ? 'b failed' : 'b'));
    connection.sendUTF('c', (error) => log.push(error ? 'c failed' : 'c'));
    await until(() => log.length === 3);
    await quiet(t, side.transport);
    assert.deepEqual(log, ['from a callback', 'b', 'c']);
  });

  it('may throw when the connection is over: the others get their errors', async (t) => {
    const caught = catchUncaught(t);
    const { connection, peer } = await open(t, side);
    peer.socket.pause();
    while (connection.bufferedAmount < 1e6) {
      connection.sendBytes(Buffer.alloc(1e6));
      await new Promise(setImmediate);
    }
    const log = [];
    for (const name of ['a', 'b', 'c']) {
      connection.sendUTF(name, (error) => {
        log.push([name, error instanceof Error]);
        if (name === 'a') throw new Error('from a callback');
      });
    }
    connection.socket.destroy();
    await until(() => log.length === 3);
    assert.deepEqual(log, [
      ['a', true],
      ['b', true],
      ['c', true],
    ]);
    assert.equal(caught.length, 1);
  });
});

onEachTransport('Handlers of several connections', (transport) => {
  it('may throw, and every message of all arrives', async (t) => {
    const caught = catchUncaught(t);
    const all = await Promise.all(Array.from({ length: 8 }, () => open(t, { transport })));
    const texts = all.map(({ connection }) => textsOf(connection));
    const done = all.map(({ connection }) => gather(connection, 'message', LETTERS.length));
    for (const { connection } of all) {
      onText(connection, 'd', () => {
        throw new Error('d');
      });
    }
    for (const { peer } of all) sendAll(peer);
    await Promise.all(done);
    for (const received of texts) assert.deepEqual(received, LETTERS);
    assert.equal(caught.length, 8);
  });

  it('may close and drop each other, and nothing comes after that', async (t) => {
    const first = await open(t, { transport });
    const second = await open(t, { transport });
    const third = await open(t, { transport });
    const afterwards = [];
    onText(first.connection, 'a', () => {
      second.connection.drop(1008, 'by the first');
      third.connection.close(4001, 'by the first');
      for (const { connection } of [second, third]) {
        for (const name of ['message', 'ping', 'pong']) {
          connection.on(name, () => afterwards.push(name));
        }
      }
    });
    const closed = closing(third.connection);
    for (const { peer } of [first, second, third]) sendAll(peer);
    assert.equal((await second.peer.expectClose()).code, 1008);
    await third.peer.hangUp();
    await closed;
    assert.deepEqual(afterwards, []);
  });

  it('may open connections while others end, and lose none of them', async (t) => {
    const opened = [];
    for (let round = 0; round < 20; round++) {
      const old = await pair(t, { transport });
      const next = pair(t, { transport });
      old.accepted.on('message', () => old.connected.drop(1000, 'over'));
      old.connected.sendUTF('go');
      opened.push(await next);
    }
    for (const { accepted, connected } of opened) {
      const message = once(accepted, 'message');
      connected.sendUTF('still there?');
      assert.equal((await message)[0].utf8Data, 'still there?');
    }
  });
});

onEachTransport('A connection that is constructed in a handler', () => {
  const CONFIG = { assembleFragments: true, closeTimeout: 5000 };

  it('is not confused with one that ended in the same batch', async () => {
    const frames = ['a', 'b'].map((payload) => encode({ opcode: TEXT, payload }));
    const first = new WebSocketConnection(new FakeSocket(), [], null, false, CONFIG);
    const second = new WebSocketConnection(new FakeSocket(), [], null, false, CONFIG);
    let third;
    first.once('message', () => {
      third = new WebSocketConnection(new FakeSocket(), [], null, false, CONFIG);
    });
    first.on('message', () => {});
    first.handleSocketData(Buffer.concat(frames));
    second.drop(1000, 'over');
    await until(() => third !== undefined);
    const texts = textsOf(third);
    third.handleSocketData(Buffer.concat(frames));
    await until(() => texts.length === 2);
    assert.deepEqual(texts, ['a', 'b']);
  });
}, ['stream']);

onEachSide('Whatever a handler does to a connection that the peer is closing', (side) => {
  it('the closing handshake is completed', async (t) => {
    const { connection, peer } = await open(t, side);
    const closed = closing(connection);
    connection.on('message', () => {
      connection.sendUTF('answer');
      connection.ping('');
    });
    peer.send(
      { opcode: TEXT, payload: 'last' },
      { opcode: CLOSE, payload: closeBody(4001, 'bye') },
    );
    assert.equal((await peer.expect(TEXT)).payload.toString(), 'answer');
    await peer.expect(PING);
    assert.equal((await peer.expectClose()).code, 1000);
    peer.end();
    assert.deepEqual(await closed, [4001, 'bye']);
  });

  it('its own close() answers the peer if it comes first', async (t) => {
    const { connection, peer } = await open(t, side);
    const log = record(connection);
    const closed = closing(connection);
    onText(connection, 'last', () => connection.close(4002, 'me first'));
    peer.send(
      { opcode: TEXT, payload: 'last' },
      { opcode: CLOSE, payload: closeBody(4001, 'bye') },
    );
    assert.deepEqual(await peer.expectClose(), { code: 4002, reason: 'me first' });
    assert.equal(await peer.ended(), 'FIN');
    peer.end();
    assert.deepEqual(await closed, [4002, 'me first']);
    assert.equal(log.length, 2);
  });
});

/** Resolves when everything under way has had time to happen. */
async function quiet(t, transport) {
  await roundTrips(await pair(t, { transport }), 20);
}
