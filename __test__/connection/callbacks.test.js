'use strict';

// Which error the callback of a send gets, and in which context it runs.

const assert = require('node:assert/strict');
const { AsyncLocalStorage, createHook } = require('node:async_hooks');
const domain = require('node:domain');

const { isSecure, it, onEachSide, open } = require('../support/connect');
const { noise, openDeflated } = require('../support/deflate');
const { fill, until } = require('../support/events');

const EMPTY_PONG = Buffer.from([0x8a, 0x00]);

const MASKED_PONG = Buffer.from([0x8a, 0x80, 0, 0, 0, 0]);

const COUNT = 400;
const SIZE = 65536;
const UNLIMITED = { maxReceivedFrameSize: 2 ** 30, maxReceivedMessageSize: 2 ** 30 };
/** TLS may report fewer of these messages as sent than have left. */
const UNSURE = 4;

const SHAPES = {
  'of one frame': { config: { ...UNLIMITED, fragmentOutgoingMessages: false } },
  'of many fragments': { config: { ...UNLIMITED, fragmentationThreshold: 1000 } },
  'that is compressed': { config: UNLIMITED, deflated: true },
};

const ENDINGS = {
  'socket.destroy()': ({ connection }) => connection.socket.destroy(),
  'socket.destroy(error)': ({ connection }) => {
    connection.on('error', () => {});
    connection.socket.destroy(new Error('by the application'));
  },
  'drop()': ({ connection }) => connection.drop(4000, 'enough', true),
  'a reset of the peer': ({ peer }) => {
    const { socket } = peer;
    const below = socket._handle._parent;
    if (below) below.reset(() => socket.destroy());
    else socket.resetAndDestroy();
  },
};

async function turns(count) {
  for (let i = 0; i < count; i++) await new Promise(setImmediate);
}

/** Sends all messages in one turn, to a peer that does not read. */
function sendAll(connection) {
  const outcomes = [];
  for (let i = 0; i < COUNT; i++) {
    connection.sendBytes(noise(SIZE), (error) => outcomes.push([i, error]));
  }
  connection.sendUTF('last', (error) => outcomes.push([COUNT, error]));
  return outcomes;
}

/** Counts the complete messages that arrive before the end of the stream. */
async function messagesOf(peer) {
  const frames = await peer.rest();
  return frames.filter(({ fin, opcode }) => fin && opcode < 8).length;
}

onEachSide('The callback of a message', (side) => {
  const openAs = ({ config, deflated }, t) =>
    (deflated ? openDeflated : open)(t, { ...side, config });

  for (const [what, shape] of Object.entries(SHAPES)) {
    for (const [how, end] of Object.entries(ENDINGS)) {
      for (const when of ['at once', 'later']) {
        it(`${what} reports whether it left before ${how}, ${when}`, async (t) => {
          const opened = await openAs(shape, t);
          const { connection, peer } = opened;
          connection.on('error', () => {});
          peer.socket.pause();
          const outcomes = sendAll(connection);
          if (when === 'later') await turns(20);
          end(opened);
          if (!peer.socket.destroyed) peer.socket.resume();
          await until(() => outcomes.length === COUNT + 1);

          assert.deepEqual(
            outcomes.map(([i]) => i),
            Array.from({ length: COUNT + 1 }, (_, i) => i),
          );
          const fine = outcomes.findIndex(([, error]) => error);
          assert.ok(fine >= 0, 'what did not leave fails');
          for (const [, error] of outcomes.slice(fine)) {
            assert.ok(error instanceof Error && error.message !== '', `${error}`);
          }
          if (how.startsWith('a reset')) return;
          const arrived = await messagesOf(peer);
          const most = isSecure(side.transport) ? UNSURE : 0;
          const isTrue = fine <= arrived && arrived <= fine + most;
          assert.ok(isTrue, `${fine} are said to have left, ${arrived} have arrived`);
        });
      }
    }
  }

  for (const [what, shape] of Object.entries(SHAPES)) {
    it(`${what} reports whether it left after drop() with a close frame`, async (t) => {
      const { connection, peer } = await openAs(shape, t);
      peer.socket.pause();
      const outcomes = sendAll(connection);
      connection.drop(4000, 'enough');
      peer.socket.resume();
      const arrived = await messagesOf(peer);
      await until(() => outcomes.length === COUNT + 1);
      const fine = outcomes.filter(([, error]) => !error).length;
      assert.ok(fine <= arrived && fine > 0, `${fine} are said to have left, ${arrived} arrived`);
      if (arrived === COUNT + 1) assert.equal(fine, arrived);
    });

    it(`${what} reports its outcome before 'close'`, async (t) => {
      const { connection, peer } = await openAs(shape, t);
      peer.socket.pause();
      const outcomes = sendAll(connection);
      let before;
      connection.on('close', () => {
        before = outcomes.length;
      });
      connection.socket.destroy();
      await until(() => before !== undefined);
      assert.equal(before, COUNT + 1);
    });
  }

  it('is right about messages between raw bytes of the application', async (t) => {
    const { connection, peer } = await open(t, { ...side, config: SHAPES['of one frame'].config });
    peer.socket.pause();
    const outcomes = [];
    for (let i = 0; i < COUNT; i++) {
      connection.sendBytes(noise(SIZE), (error) => outcomes.push(error));
      connection.socket.write(peer.masks ? Buffer.from([0x8a, 0]) : MASKED_PONG);
    }
    await turns(20);
    connection.socket.destroy();
    peer.socket.resume();
    const arrived = (await peer.rest()).filter(({ opcode }) => opcode === 2).length;
    await until(() => outcomes.length === COUNT);
    const fine = outcomes.filter((error) => !error).length;
    const most = isSecure(side.transport) ? UNSURE : 0;
    assert.ok(fine <= arrived && arrived <= fine + most, `${fine} left, ${arrived} arrived`);
  });

  it('reports failures in order when some messages wait for a full stream', async (t) => {
    const { connection, peer } = await open(t, side);
    peer.socket.pause();
    await fill(connection);
    const order = [];
    for (let i = 0; i < 5; i++) connection.sendUTF(`${i}`, (error) => order.push([i, error?.code]));
    connection.socket.destroy();
    await until(() => order.length === 5);
    assert.deepEqual(
      order,
      [0, 1, 2, 3, 4].map((i) => [i, 'ERR_STREAM_DESTROYED']),
    );
  });
});

/** Records uncaught exceptions with the async store that is current at that moment. */
function catchWithStore(t, storage) {
  const caught = [];
  const listener = (error) => caught.push([error.message, storage.getStore()]);
  process.prependListener('uncaughtException', listener);
  const others = process.listeners('uncaughtException').filter((other) => other !== listener);
  for (const other of others) process.removeListener('uncaughtException', other);
  t.after(() => {
    process.removeListener('uncaughtException', listener);
    for (const other of others) process.on('uncaughtException', other);
  });
  return caught;
}

/** Every way to send that takes a callback. */
const SENDS = {
  send: (connection, callback) => connection.send('a', callback),
  sendUTF: (connection, callback) => connection.sendUTF('b', callback),
  sendBytes: (connection, callback) => connection.sendBytes(Buffer.from('c'), callback),
  'fragments of sendUTF': (connection, callback) => connection.sendUTF('d'.repeat(40000), callback),
  'socket.write()': (connection, callback) => connection.socket.write(EMPTY_PONG, callback),
};

onEachSide('The callback of a send', (side) => {
  it('runs in the async context of the send, and its exception surfaces there', async (t) => {
    const storage = new AsyncLocalStorage();
    const { connection } = await open(t, side);
    const caught = catchWithStore(t, storage);
    const seen = [];
    // Over TLS, Node loses the context of an exception in a socket's callback.
    const isNodes = (name) => name === 'socket.write()' && side.transport === 'tls';
    const names = Object.keys(SENDS).filter((name) => !isNodes(name));
    for (const name of names) {
      storage.run(name, () =>
        SENDS[name](connection, () => {
          seen.push([name, storage.getStore()]);
          throw new Error(name);
        }),
      );
      // A stream runs the callbacks of all corked writes in the context of the first write.
      await until(() => caught.some(([message]) => message === name));
    }
    const expected = names.map((name) => [name, name]);
    assert.deepEqual(seen, expected);
    assert.deepEqual(caught, expected);
  });

  it('runs in its own context among other sends of the same turn', async (t) => {
    const storage = new AsyncLocalStorage();
    const { connection } = await open(t, side);
    const caught = catchWithStore(t, storage);
    const raise = (name) => () => {
      throw new Error(name);
    };
    const names = ['one', 'two', 'three', 'four'];
    for (const name of names) storage.run(name, () => connection.sendUTF(name, raise(name)));
    await until(() => caught.length === names.length);
    assert.deepEqual(
      caught,
      names.map((name) => [name, name]),
    );
  });

  it('runs in that context when the message fails', async (t) => {
    const storage = new AsyncLocalStorage();
    const { connection, peer } = await open(t, side);
    peer.socket.pause();
    await fill(connection);
    const caught = catchWithStore(t, storage);
    for (const name of ['one', 'two']) {
      storage.run(name, () =>
        connection.sendUTF(name, (error) => {
          throw new Error(`${name} ${error.code}`);
        }),
      );
    }
    connection.socket.destroy();
    await until(() => caught.length === 2);
    assert.deepEqual(caught, [
      ['one ERR_STREAM_DESTROYED', 'one'],
      ['two ERR_STREAM_DESTROYED', 'two'],
    ]);
  });

  it('has its exception caught by the domain of the send', async (t) => {
    const { connection } = await open(t, side);
    const uncaught = catchWithStore(t, new AsyncLocalStorage());
    const caught = [];
    const own = domain.create();
    own.on('error', (error) => caught.push(error.message));
    own.run(() => {
      for (let i = 0; i < 6; i++) {
        connection.sendUTF(`${i}`, () => {
          throw new Error(`${i}`);
        });
      }
    });
    await until(() => caught.length + uncaught.length === 6);
    assert.deepEqual([caught, uncaught], [['0', '1', '2', '3', '4', '5'], []]);
  });

  it('lets no other domain catch its exception', async (t) => {
    const { connection } = await open(t, side);
    const other = await open(t, side);
    const uncaught = catchWithStore(t, new AsyncLocalStorage());
    const caught = [];
    const foreign = domain.create();
    foreign.on('error', (error) => caught.push(error.message));
    for (let i = 0; i < 20; i++) {
      foreign.run(() => other.connection.sendUTF('in a domain', () => {}));
      connection.sendUTF(`${i}`, () => {
        throw new Error(`${i}`);
      });
      await turns(1);
    }
    await until(() => caught.length + uncaught.length === 20);
    assert.deepEqual(caught, []);
  });

  it('runs in the zone of the send', async (t) => {
    const { connection } = await open(t, side);
    // The part of zone.js that matters here.
    let current = 'root';
    const zone = {
      wrap:
        (callback) =>
        (...args) => {
          current = 'own';
          callback(...args);
          current = 'root';
        },
    };
    globalThis.Zone = { current: zone };
    t.after(() => {
      delete globalThis.Zone;
    });
    const seen = [];
    connection.sendUTF('a', () => seen.push(current));
    connection.sendUTF('b', () => seen.push(current));
    delete globalThis.Zone;
    connection.sendUTF('c', () => seen.push(current));
    await until(() => seen.length === 3);
    assert.deepEqual(seen, ['own', 'own', 'root']);
  });

  it('is an async resource that is destroyed after the call', async (t) => {
    const { connection } = await open(t, side);
    const alive = new Set();
    let made = 0;
    const hook = createHook({
      init(id, type) {
        if (type !== 'WEBSOCKET_SEND') return;
        alive.add(id);
        made++;
      },
      destroy: (id) => alive.delete(id),
    }).enable();
    t.after(() => hook.disable());
    let called = 0;
    for (let i = 0; i < 10; i++) connection.sendUTF('a', () => called++);
    await until(() => called === 10 && alive.size === 0);
    assert.equal(made, 10);
  });
});
