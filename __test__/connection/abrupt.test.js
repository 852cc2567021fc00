'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');

const { connection: WebSocketConnection } = require('../..');
const { it, onEachSide, open } = require('../support/connect');
const { closing, record, until } = require('../support/events');
const { CLOSE, CONTINUATION, TEXT, closeBody } = require('../support/frames');

const DROPPED = [1006, 'Connection dropped by remote peer.'];

const NUMBERS = Array.from({ length: 100 }, (_, i) => `${i}`);

/** Sends text frames. Resolves when the kernel has them. */
function sendAll(peer, payloads) {
  const frames = payloads.map((payload) => peer.frame({ opcode: TEXT, payload }));
  return new Promise((resolve) => peer.socket.write(Buffer.concat(frames), resolve));
}

/** The transports on which a test can reset TCP. Node can't reset TLS sockets. */
const PLAIN = process.platform === 'win32' ? ['stream'] : ['native', 'stream'];

onEachSide('A peer that ends TCP without a close frame', (side) => {
  it("gets our end of TCP, and 'close' has the code 1006", async (t) => {
    const { connection, peer } = await open(t, side);
    const log = record(connection);
    const closed = once(connection, 'close');
    peer.end();
    assert.deepEqual(await closed, DROPPED);
    assert.equal(await peer.ended(), 'FIN', 'without a close frame');
    assert.deepEqual(log, [['close', ...DROPPED]]);
    assert.deepEqual(
      [connection.connected, connection.state, connection.receivedEnd, connection.socketHadError],
      [false, 'closed', true, false],
    );
  });

  it('delivers everything that came before', async (t) => {
    const { connection, peer } = await open(t, side);
    const log = record(connection);
    const closed = once(connection, 'close');
    peer.send(...Array.from({ length: 1000 }, (_, i) => ({ opcode: TEXT, payload: `${i}` })));
    peer.end();
    await closed;
    assert.equal(log.length, 1001);
    assert.deepEqual(log.at(-2), ['message', { type: 'utf8', utf8Data: '999' }]);
    assert.deepEqual(log.at(-1), ['close', ...DROPPED]);
  });

  it('drops an incomplete frame or message', async (t) => {
    for (const unfinished of [
      (peer) => peer.frame({ opcode: TEXT, payload: 'cut off' }).subarray(0, -1),
      (peer) => peer.frame({ opcode: TEXT, payload: 'more follows', fin: false }),
      (peer) => peer.frame({ opcode: TEXT, payload: 'x' }).subarray(0, 1),
      (peer) =>
        Buffer.concat([
          peer.frame({ opcode: TEXT, payload: 'a', fin: false }),
          peer.frame({ opcode: CONTINUATION, payload: 'bcd' }).subarray(0, -2),
        ]),
    ]) {
      const { connection, peer } = await open(t, side);
      const log = record(connection);
      const closed = once(connection, 'close');
      peer.text('whole');
      peer.write(unfinished(peer));
      peer.end();
      await closed;
      assert.deepEqual(log, [
        ['message', { type: 'utf8', utf8Data: 'whole' }],
        ['close', ...DROPPED],
      ]);
    }
  });

  it("after our close frame: 'close' has our code and reason", async (t) => {
    const { connection, peer } = await open(t, side);
    const closed = once(connection, 'close');
    connection.close(4001, 'ours');
    await peer.expectClose();
    peer.end();
    assert.deepEqual(await closed, [4001, 'ours']);
  });

  it('still gets what we sent before', async (t) => {
    const { connection, peer } = await open(t, side);
    peer.socket.pause();
    for (let i = 0; i < 100; i++) connection.sendUTF(`${i}`.padEnd(10000));
    peer.end();
    peer.socket.resume();
    const payloads = (await peer.rest()).map(({ payload }) => payload.toString().trim());
    assert.deepEqual(
      payloads,
      Array.from({ length: 100 }, (_, i) => `${i}`),
    );
    assert.equal(peer.ending, 'FIN');
  });
});

onEachSide(
  'A peer that resets TCP',
  (side) => {
    it("causes 'error' and 'close', and no exception", async (t) => {
      const { connection, peer } = await open(t, side);
      const log = record(connection);
      const closed = closing(connection);
      peer.reset();
      assert.deepEqual(await closed, [1006, 'Socket Error: read ECONNRESET']);
      assert.deepEqual(
        log.map(([name]) => name),
        ['error', 'close'],
      );
      const [, error] = log[0];
      assert.deepEqual([error.code, error.syscall], ['ECONNRESET', 'read']);
      assert.equal(connection.socketHadError, true);
    });

    it("throws nothing without a listener for 'error'", async (t) => {
      const { connection, peer } = await open(t, side);
      const closed = closing(connection);
      peer.reset();
      assert.equal((await closed)[0], 1006);
    });

    it('delivers everything that came before', async (t) => {
      const { connection, peer } = await open(t, side);
      const log = record(connection);
      const closed = closing(connection);
      await sendAll(peer, NUMBERS);
      peer.reset();
      await closed;
      const texts = log.flatMap(([name, value]) => (name === 'message' ? [value.utf8Data] : []));
      assert.deepEqual(texts, NUMBERS);
      assert.deepEqual(log.at(-1).slice(0, 2), ['close', 1006]);
    });

    it('delivers it also to code that awaits one message after another', async (t) => {
      const { connection, peer } = await open(t, side);
      const texts = [];
      const next = ({ utf8Data }) => {
        texts.push(utf8Data);
        setImmediate(() => connection.once('message', next));
      };
      connection.once('message', next);
      const closed = closing(connection);
      await sendAll(peer, NUMBERS);
      peer.reset();
      assert.equal((await closed)[0], 1006);
      assert.deepEqual(texts, NUMBERS);
    });

    it('while we are closing is reported as a reset', async (t) => {
      const { connection, peer } = await open(t, side);
      peer.socket.pause();
      const closed = closing(connection);
      connection.sendBytes(Buffer.alloc(8e6));
      await until(() => connection.bufferedAmount > 0);
      connection.close();
      await new Promise(setImmediate);
      peer.reset();
      const [code, description] = await closed;
      assert.equal(code, 1006);
      assert.match(description, /^Socket Error: (read|write) (ECONNRESET|EPIPE)$/);
    });

    it('after its close frame is still an error', async (t) => {
      const { connection, peer } = await open(t, side);
      const log = record(connection);
      const closed = closing(connection);
      peer.send({ opcode: CLOSE, payload: closeBody(4001, 'and off') });
      await peer.expectClose();
      assert.equal(await peer.ended(), 'FIN');
      peer.reset();
      await closed;
      assert.deepEqual(
        log.map(([name, value]) => [name, value.code ?? value]),
        [
          ['error', 'ECONNRESET'],
          ['close', 1006],
        ],
      );
    });
  },
  PLAIN,
);

onEachSide('drop()', (side) => {
  it("emits 'close' before it returns, sends a close frame and ends TCP", async (t) => {
    const { connection, peer } = await open(t, side);
    const log = record(connection);
    connection.drop(1008, 'not like this');
    assert.deepEqual(log, [['close', 1008, 'not like this']]);
    assert.deepEqual([connection.connected, connection.state], [false, 'closed']);
    assert.deepEqual(await peer.expectClose(), { code: 1008, reason: 'not like this' });
    assert.equal(await peer.ended(), 'FIN');
    connection.drop(1011, 'again');
    connection.close(4000);
    peer.end();
    if (!connection.socket.closed) await once(connection.socket, 'close');
    assert.equal(log.length, 1, 'and close is emitted once');
  });

  it('sends 1002 Protocol error by default', async (t) => {
    const { connection, peer } = await open(t, side);
    connection.drop();
    assert.deepEqual(Object.values(await peer.expectClose()), [1002, 'Protocol error']);
    assert.deepEqual(
      [connection.closeReasonCode, connection.closeDescription],
      [1002, WebSocketConnection.CLOSE_DESCRIPTIONS[1002]],
    );
  });

  it('never sends a code that is reserved for local use', async (t) => {
    for (const code of [1005, 1006, 1015]) {
      const { connection, peer } = await open(t, side);
      connection.drop(code, 'for us only');
      assert.deepEqual(await peer.expectClose(), { code: undefined, reason: '' });
      assert.equal(connection.closeReasonCode, code);
    }
  });

  it('sends no close frame with skipCloseFrame', async (t) => {
    const { connection, peer } = await open(t, side);
    const log = record(connection);
    connection.drop(4000, 'secret', true);
    assert.deepEqual(log, [['close', 4000, 'secret']]);
    await peer.ended();
  });

  it('sends earlier messages first', async (t) => {
    const { connection, peer } = await open(t, side);
    for (let i = 0; i < 10; i++) connection.sendUTF(`${i}`.padEnd(1000));
    connection.drop(1011, 'sorry');
    for (let i = 0; i < 10; i++) {
      assert.equal((await peer.expect(TEXT)).payload.toString().trim(), `${i}`);
    }
    assert.equal((await peer.expectClose()).code, 1011);
    assert.equal(await peer.ended(), 'FIN');
  });

  it('lets the peer read the close frame although the peer sent more data', async (t) => {
    const { connection, peer } = await open(t, side);
    const message = once(connection, 'message');
    peer.text('the first');
    await message;
    // These bytes are still unread when the socket closes. A plain close would reset the
    // connection.
    for (let i = 0; i < 50; i++) peer.text('x'.repeat(60000));
    connection.drop(1013, 'no more');
    assert.deepEqual(await peer.expectClose(), { code: 1013, reason: 'no more' });
    assert.equal(await peer.ended(), 'FIN');
  });

  it("after close() ends the wait for the peer's close frame", async (t) => {
    const { connection, peer } = await open(t, side);
    const log = record(connection);
    connection.close(4001, 'please');
    await peer.expectClose();
    connection.drop(4002, 'now');
    assert.deepEqual(log, [['close', 4002, 'now']]);
    assert.equal(await peer.ended(), 'FIN', 'one close frame is all');
  });

  it('after the peer has closed TCP has no effect', async (t) => {
    const { connection, peer } = await open(t, side);
    const log = record(connection);
    const closed = once(connection, 'close');
    peer.end();
    await closed;
    connection.drop(4002, 'late');
    assert.deepEqual(log, [['close', ...DROPPED]]);
  });
});
