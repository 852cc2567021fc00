'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { setFlagsFromString } = require('node:v8');
const { runInNewContext } = require('node:vm');
const path = require('node:path');
const { Duplex } = require('node:stream');
const { setImmediate: turn } = require('node:timers/promises');

const { connection: WebSocketConnection, w3cwebsocket: W3CWebSocket } = require('../..');
const { authority, it, onEachSide, onEachTransport, open, serve } = require('../support/connect');
const { catchUncaught, closing, gather, textsOf, until } = require('../support/events');
const FakeSocket = require('../support/fakeSocket');
const { PING, TEXT, encode } = require('../support/frames');

const FLOOD = path.join(__dirname, '../support/flood.js');

const NUMBERS = Array.from({ length: 20 }, (_, i) => `${i}`);

/** Sends all texts in one write, so that they arrive in one batch. */
function sendAll(peer, payloads = NUMBERS) {
  return peer.send(...payloads.map((payload) => ({ opcode: TEXT, payload })));
}

/** Blocks the thread. */
function block(milliseconds) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

onEachSide('Between two messages of one batch', (side) => {
  it('the continuation of a handler runs', async (t) => {
    const { connection, peer } = await open(t, side);
    const log = [];
    connection.on('message', async ({ utf8Data }) => {
      log.push(utf8Data);
      process.nextTick(() => log.push(`tick ${utf8Data}`));
      await null;
      await (async () => await null)();
      log.push(`then ${utf8Data}`);
    });
    sendAll(peer);
    await until(() => log.length === 3 * NUMBERS.length);
    assert.deepEqual(
      log,
      NUMBERS.flatMap((number) => [number, `tick ${number}`, `then ${number}`]),
    );
  });

  it('await once() may be called again, with and without other listeners', async (t) => {
    const { connection, peer } = await open(t, side);
    const all = gather(connection, 'message', NUMBERS.length);
    const texts = [];
    const loop = (async () => {
      while (texts.length < NUMBERS.length) {
        const [{ utf8Data }] = await once(connection, 'message');
        texts.push(utf8Data);
      }
    })();
    sendAll(peer);
    await Promise.all([all, loop]);
    assert.deepEqual(texts, NUMBERS);
  });

  it('a handler may pause after an await: the next one waits', async (t) => {
    const { connection, peer } = await open(t, side);
    const texts = [];
    let busy = 0;
    let most = 0;
    connection.on('message', async ({ utf8Data }) => {
      most = Math.max(most, ++busy);
      await null;
      connection.pause();
      await turn();
      busy--;
      texts.push(utf8Data);
      connection.resume();
    });
    sendAll(peer);
    await until(() => texts.length === NUMBERS.length);
    assert.deepEqual(texts, NUMBERS);
    assert.equal(most, 1);
  });

  for (const [what, act] of [
    ['close', (connection) => connection.close(4001, 'enough')],
    ['drop', (connection) => connection.drop(4001, 'enough')],
    ['destroy the socket', (connection) => connection.socket.destroy()],
  ]) {
    it(`a handler may ${what} after an await: nothing more is delivered`, async (t) => {
      const { connection, peer } = await open(t, side);
      const texts = textsOf(connection);
      const closed = closing(connection);
      connection.on('message', async () => {
        await null;
        act(connection);
      });
      sendAll(peer);
      peer.rest().then(() => peer.end());
      await closed;
      assert.deepEqual(texts, ['0']);
    });
  }

  it('a queued callback may throw: the exception surfaces, and nothing is lost', async (t) => {
    const caught = catchUncaught(t);
    const { connection, peer } = await open(t, side);
    const texts = textsOf(connection);
    const ticks = [];
    connection.on('message', ({ utf8Data }) => {
      process.nextTick(() => {
        throw new Error(utf8Data);
      });
      process.nextTick(() => ticks.push(utf8Data));
    });
    sendAll(peer);
    await until(() => ticks.length === NUMBERS.length);
    assert.deepEqual(texts, NUMBERS);
    assert.deepEqual(ticks, NUMBERS);
    assert.deepEqual(
      caught.map(({ message }) => message),
      NUMBERS,
    );
  });

  it('the continuation runs also after a pause', async (t) => {
    const { connection, peer } = await open(t, side);
    connection.pause();
    await turn();
    sendAll(peer);
    const texts = [];
    const loop = (async () => {
      while (texts.length < NUMBERS.length) {
        const [{ utf8Data }] = await once(connection, 'message');
        texts.push(utf8Data);
        if (utf8Data === '0') {
          connection.pause();
          await turn();
          connection.resume();
        }
      }
    })();
    connection.on('message', () => {});
    connection.resume();
    await loop;
    assert.deepEqual(texts, NUMBERS);
  });
});

onEachTransport('Between two frames of one batch', (transport) => {
  it('await once() may be called again', async (t) => {
    const { connection, peer } = await open(t, { transport, config: { assembleFragments: false } });
    sendAll(peer);
    const texts = [];
    while (texts.length < NUMBERS.length) {
      const [frame] = await once(connection, 'frame');
      texts.push(`${frame.binaryPayload}`);
    }
    assert.deepEqual(texts, NUMBERS);
  });
});

onEachTransport('A W3CWebSocket', (transport) => {
  it('loses no message when onmessage is set again for each', async (t) => {
    const server = await serve(t, { transport, config: { autoAcceptConnections: true } });
    server.wsServer.on('connect', (connection) => {
      connection.on('message', () => {
        for (const number of NUMBERS) connection.sendUTF(number);
      });
    });
    const config = { transport: transport === 'stream' ? 'stream' : 'auto' };
    const tls = { tlsOptions: { ca: authority() } };
    const socket = new W3CWebSocket(server.url, [], undefined, undefined, undefined, {
      ...config,
      ...tls,
    });
    await once(socket, 'open');
    socket.send('go');
    const texts = [];
    while (texts.length < NUMBERS.length) {
      const { data } = await new Promise((resolve) => {
        socket.onmessage = (event) => {
          socket.onmessage = null;
          resolve(event);
        };
      });
      texts.push(data);
    }
    assert.deepEqual(texts, NUMBERS);
    socket.close();
  });
});

onEachTransport(
  'Slow handlers',
  (transport) => {
    it('do not delay what earlier handlers have sent', async (t) => {
      const { connection, peer } = await open(t, { transport });
      const waiting = [];
      connection.on('message', ({ utf8Data }) => {
        waiting.push(connection.bufferedAmount);
        connection.sendUTF(utf8Data);
        block(2);
      });
      sendAll(peer);
      await until(() => waiting.length === NUMBERS.length);
      assert.ok(Math.max(...waiting) < 10, `${waiting} bytes waited`);
    });
  },
  ['native', 'stream'].filter((name) => name !== 'native' || process.platform !== 'win32'),
);

const besideStreams = ['stream', 'tls'];

onEachTransport(
  'While native connections are flooded, a connection',
  (transport) => {
    if (process.platform === 'win32') return;

    it('is delivered, and ends when its peer does', async (t) => {
      const { connection, peer } = await open(t, { transport });
      const flood = await startFlood(t);
      const message = once(connection, 'message');
      peer.text('still there?');
      assert.equal((await message)[0].utf8Data, 'still there?');
      const closed = closing(connection);
      peer.end();
      await closed;
      assert.ok(!flood.isOver(), 'it did not wait for the flood to end');
    });

    it('is read further, however much it has sent', async (t) => {
      const { connection, peer } = await open(t, { transport });
      const flood = await startFlood(t);
      const messages = gather(connection, 'message', 4000);
      for (let i = 0; i < 40; i++) {
        sendAll(
          peer,
          Array.from({ length: 100 }, () => 'x'.repeat(1000)),
        );
      }
      await messages;
      assert.ok(!flood.isOver(), 'it did not wait for the flood to end');
    });
  },
  besideStreams,
);

onEachTransport(
  'A peer whose bytes wait for slow handlers',
  (transport) => {
    it('is not dropped as unresponsive', async (t) => {
      const keepalive = { keepalive: true, keepaliveInterval: 200, keepaliveGracePeriod: 200 };
      const config = { ...keepalive, dropConnectionOnKeepaliveTimeout: true };
      const { connection, peer } = await open(t, { transport, config });
      let heard = 0;
      connection.on('message', () => {
        heard++;
        block(2);
      });
      const closed = closing(connection);
      for (let i = 0; i < 20; i++) {
        sendAll(
          peer,
          Array.from({ length: 50 }, () => 'x'.repeat(4000)),
        );
      }
      (async () => {
        for (let frame = await peer.next(); frame; frame = await peer.next()) {
          if (frame.opcode === PING) peer.pong(frame.payload);
        }
      })();
      await Promise.race([closed, until(() => heard === 1000)]);
      assert.equal(heard, 1000);
      assert.equal(connection.connected, true);
    });
  },
  besideStreams,
);

/** Starts a client that sends more messages than the handlers can take during a test. */
async function startFlood(t) {
  const server = await serve(t, {
    transport: 'native',
    config: { autoAcceptConnections: true, keepalive: false },
  });
  let heard = 0;
  const connected = once(server.wsServer, 'connect');
  const child = spawn(process.execPath, [FLOOD, `${server.port}`, '65536', '1000000']);
  t.after(() => child.kill('SIGKILL'));
  const [connection] = await connected;
  let over = false;
  connection.on('message', () => {
    heard++;
    block(1);
  });
  connection.on('close', () => {
    over = true;
  });
  await until(() => heard > 50);
  return { isOver: () => over };
}

onEachTransport('A stream that was paused while much waited', () => {
  it('is read further if the application pauses and resumes it at that moment', async () => {
    const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
    const config = { assembleFragments: true, closeTimeout: 5000 };
    const connection = new WebSocketConnection(stream, [], null, false, config);
    connection._addSocketEventListeners();
    const texts = textsOf(connection);
    connection.on('message', ({ utf8Data }) => {
      if (utf8Data !== 'last') return;
      process.nextTick(() => {
        connection.pause();
        connection.resume();
      });
    });
    const frame = encode({ opcode: TEXT, payload: 'x'.repeat(1000) });
    const last = encode({ opcode: TEXT, payload: 'last' });
    stream.push(Buffer.concat([...Array.from({ length: 2000 }, () => frame), last]));
    await until(() => texts.at(-1) === 'last');
    stream.push(encode({ opcode: TEXT, payload: 'and on' }));
    await until(() => texts.at(-1) === 'and on');
    assert.equal(texts.length, 2002);
    assert.equal(connection.inputPaused, false);
  });
}, ['stream']);

onEachTransport('Bytes that an application hands over by itself', () => {
  const CONFIG = { assembleFragments: true, closeTimeout: 5000 };

  function construct() {
    const socket = new FakeSocket();
    const connection = new WebSocketConnection(socket, [], null, false, CONFIG);
    connection._addSocketEventListeners();
    return { connection, socket };
  }

  it('are delivered after it has returned, so that it may add listeners first', async () => {
    const { connection } = construct();
    connection.handleSocketData(encode({ opcode: TEXT, payload: 'early' }));
    const [{ utf8Data }] = await once(connection, 'message');
    assert.equal(utf8Data, 'early');
  });

  it('of a fake socket are not delivered during its emit(), so handlers throw elsewhere', async (t) => {
    const caught = catchUncaught(t);
    const { connection, socket } = construct();
    let heard = 0;
    connection.on('message', () => {
      heard++;
      throw new Error('from a handler');
    });
    socket.emit('data', encode({ opcode: TEXT, payload: 'one' }));
    assert.equal(heard, 0);
    await until(() => caught.length === 1);
    assert.equal(caught[0].message, 'from a handler');
  });

  it('come before the end of the socket that follows at once', async () => {
    const { connection, socket } = construct();
    const log = [];
    connection.on('message', ({ utf8Data }) => log.push(utf8Data));
    connection.on('close', () => log.push('close'));
    socket.emit('data', Buffer.concat(NUMBERS.map((payload) => encode({ opcode: TEXT, payload }))));
    socket.emit('end');
    socket.emit('close', false);
    await until(() => log.includes('close'));
    assert.deepEqual(log, [...NUMBERS, 'close']);
  });
}, ['stream']);

onEachSide('Messages that arrive after a garbage collection', (side) => {
  it('are delivered', async (t) => {
    const { connection, peer } = await open(t, side);
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc');
    for (let time = 0; time < 3; time++) {
      await new Promise(setImmediate);
      collect();
      peer.text('still there?');
      const [{ utf8Data }] = await once(connection, 'message');
      assert.equal(utf8Data, 'still there?');
    }
  });
});
