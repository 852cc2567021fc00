'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const fs = require('node:fs');
const { Readable } = require('node:stream');

const { it, onEachSide, onEachTransport, open, pair } = require('../support/connect');
const { closing, fill, gather, record, until } = require('../support/events');
const { BINARY, TEXT, encode } = require('../support/frames');

/** Linux lists a process's open descriptors here. */
const DESCRIPTORS = '/proc/self/fd';

const PLAIN = process.platform === 'win32' ? ['stream'] : ['native', 'stream'];

onEachSide('connection.socket.write()', (side) => {
  const raw = (payload) => encode({ opcode: TEXT, payload, masked: side.role === 'client' });

  it('keeps its place among the frames that the connection sends', async (t) => {
    const { connection, peer } = await open(t, side);
    const { socket } = connection;
    connection.sendUTF('1');
    socket.write(raw('2'));
    connection.sendBytes(Buffer.from('3'));
    socket.cork();
    socket.write(raw('4').toString('latin1'), 'latin1');
    socket.write(raw('5'));
    socket.uncork();
    connection.ping('6');
    socket.write(raw('7'));
    const payloads = [];
    while (payloads.length < 7) payloads.push(`${(await peer.next()).payload}`);
    assert.equal(payloads.join(''), '1234567');
  });

  it('keeps its place while the peer does not read', async (t) => {
    const config = { fragmentOutgoingMessages: false };
    const { connection, peer } = await open(t, { ...side, config });
    peer.socket.pause();
    const numbers = Array.from({ length: 40 }, (_, i) => `${i}`.padEnd(500000));
    for (let i = 0; i < 40; i += 2) {
      connection.sendUTF(numbers[i]);
      connection.socket.write(raw(numbers[i + 1]));
    }
    peer.socket.resume();
    for (const number of numbers) {
      assert.equal((await peer.expect(TEXT)).payload.toString(), number);
    }
  });

  it('calls back once each, in order, and reports nothing as sent too early', async (t) => {
    const { connection, peer } = await open(t, side);
    const { socket } = connection;
    peer.socket.pause();
    const block = Buffer.alloc(1e6);
    await fill(connection, block, () => socket.write(raw(block)));
    const log = [];
    for (let i = 0; i < 5; i++) {
      socket.write(raw(`${i}`), (error) => log.push(error ? `${i} failed` : `${i}`));
    }
    const { accepted, connected } = await pair(t, { transport: side.transport });
    for (let i = 0; i < 20; i++) {
      const answered = once(accepted, 'pong');
      accepted.ping();
      await answered;
    }
    connected.socket.destroy();
    assert.deepEqual(log, [], 'nobody has read them');
    peer.socket.resume();
    await until(() => log.length === 5);
    assert.deepEqual(log, ['0', '1', '2', '3', '4']);
  });

  it('accepts a stream that is piped into it', async (t) => {
    const { connection, peer } = await open(t, side);
    const chunks = Array.from({ length: 100 }, (_, i) => raw(`${i}`.padEnd(100000)));
    Readable.from(chunks).pipe(connection.socket, { end: false });
    for (let i = 0; i < 100; i++) {
      assert.equal((await peer.expect(TEXT)).payload.toString().trim(), `${i}`);
    }
  });
});

onEachSide('connection.socket ends', (side) => {
  it('by end(): everything before it arrives, then FIN', async (t) => {
    const { connection, peer } = await open(t, side);
    const closed = closing(connection);
    for (let i = 0; i < 20; i++) connection.sendBytes(Buffer.alloc(16000, i));
    connection.socket.end();
    for (let i = 0; i < 20; i++) {
      assert.ok((await peer.expect(BINARY)).payload.equals(Buffer.alloc(16000, i)));
    }
    assert.equal(await peer.ended(), 'FIN');
    peer.text('we can still talk');
    assert.equal((await once(connection, 'message'))[0].utf8Data, 'we can still talk');
    peer.end();
    assert.deepEqual(await closed, [1006, 'Connection dropped by remote peer.']);
  });

  it('by end(bytes): they are the last ones', async (t) => {
    const { connection, peer } = await open(t, side);
    connection.sendUTF('first');
    connection.socket.end(
      encode({ opcode: TEXT, payload: 'last', masked: side.role === 'client' }),
    );
    assert.equal((await peer.expect(TEXT)).payload.toString(), 'first');
    assert.equal((await peer.expect(TEXT)).payload.toString(), 'last');
    assert.equal(await peer.ended(), 'FIN');
  });

  it('by end(): a ping that comes then can have no answer, which is an error', async (t) => {
    const { connection, peer } = await open(t, side);
    const closed = closing(connection);
    connection.socket.end();
    assert.equal(await peer.ended(), 'FIN');
    peer.ping('x');
    assert.deepEqual(await closed, [1006, 'Socket Error: undefined ERR_STREAM_WRITE_AFTER_END']);
  });

  it('by destroy()', async (t) => {
    const { connection, peer } = await open(t, side);
    const log = record(connection);
    const { socket } = connection;
    assert.deepEqual([socket.destroyed, socket.readyState], [false, 'open']);
    const closed = closing(connection);
    socket.destroy();
    assert.equal(socket.destroyed, true);
    assert.deepEqual(await closed, [1006, 'Connection dropped by remote peer.']);
    await peer.ended();
    assert.equal(log.length, 1);
  });

  if (side.transport !== 'tls') {
    it('by destroy(): messages sent before in the same turn arrive', async (t) => {
      const { connection, peer } = await open(t, side);
      for (const text of ['one', 'two', 'three']) connection.sendUTF(text);
      connection.socket.destroy();
      const texts = (await peer.rest()).map(({ payload }) => `${payload}`);
      assert.deepEqual(texts, ['one', 'two', 'three']);
    });
  }

  it('by destroy(error)', async (t) => {
    const { connection } = await open(t, side);
    const log = record(connection);
    const closed = closing(connection);
    const error = Object.assign(new Error('made up'), { code: 'EMADEUP', syscall: 'test' });
    connection.socket.destroy(error);
    assert.deepEqual(await closed, [1006, 'Socket Error: test EMADEUP']);
    assert.deepEqual(log[0], ['error', error]);
  });

  it('and emits its own events for that', async (t) => {
    const { connection, peer } = await open(t, side);
    const log = record(connection.socket, ['end', 'error', 'close']);
    const closed = once(connection.socket, 'close');
    peer.end();
    await closed;
    assert.deepEqual(log, [['end'], ['close', false]]);
  });
});

onEachSide(
  'connection.socket',
  (side) => {
    it('counts bytesRead and bytesWritten, from the handshake on', async (t) => {
      const { connection, peer } = await open(t, side);
      const { socket } = connection;
      const agree = () =>
        socket.bytesRead === peer.socket.bytesWritten &&
        socket.bytesWritten === peer.socket.bytesRead;
      await until(agree);
      const message = once(connection, 'message');
      peer.text('x'.repeat(1000));
      await message;
      connection.sendUTF('y'.repeat(2000));
      socket.write(encode({ opcode: TEXT, payload: 'z', masked: side.role === 'client' }));
      await peer.expect(TEXT);
      await peer.expect(TEXT);
      await until(agree);
      const counts = [socket.bytesRead, socket.bytesWritten];
      const closed = closing(connection);
      connection.drop(1000, '', true);
      await closed;
      assert.deepEqual([socket.bytesRead, socket.bytesWritten], counts, 'also when it is over');
    });

    it('knows its addresses', async (t) => {
      const { connection, peer } = await open(t, side);
      const { socket } = connection;
      assert.equal(socket.remoteAddress, '127.0.0.1');
      assert.equal(connection.remoteAddress, '127.0.0.1');
      assert.equal(socket.remotePort, peer.socket.localPort);
      assert.equal(socket.localPort, peer.socket.remotePort);
      assert.equal(socket.address().port, peer.socket.remotePort);
    });

    it('takes its options', async (t) => {
      const { connection, peer } = await open(t, side);
      const { socket } = connection;
      assert.equal(socket.setNoDelay(true), socket);
      assert.equal(socket.setNoDelay(false), socket);
      assert.equal(socket.setKeepAlive(true, 1000), socket);
      assert.equal(socket.setTimeout(0), socket);
      assert.equal(socket.ref(), socket);
      assert.equal(socket.unref(), socket);
      assert.equal(socket.ref(), socket);
      connection.sendUTF('still there');
      assert.equal((await peer.expect(TEXT)).payload.toString(), 'still there');
    });

    it('resets TCP by resetAndDestroy()', async (t) => {
      const { connection, peer } = await open(t, side);
      const closed = closing(connection);
      connection.socket.resetAndDestroy();
      await closed;
      assert.equal(await peer.ended(), 'ECONNRESET');
    });

    it("emits 'timeout' after a silence by setTimeout(), and only then", async (t) => {
      const { connection, peer } = await open(t, side);
      const { socket } = connection;
      const log = record(socket, ['timeout']);
      connection.on('message', ({ utf8Data }) => connection.sendUTF(utf8Data));
      assert.equal(socket.setTimeout(1000), socket);
      // A busy machine may cause a silence of its own. Then the measurement starts again.
      let last = performance.now();
      let said = last;
      for (let start = last; last - start < 2200; ) {
        said = performance.now();
        peer.text('not silent');
        await peer.expect(TEXT);
        const time = performance.now();
        if (time - last > 500) {
          start = time;
          log.length = 0;
        }
        last = time;
      }
      assert.deepEqual(log, []);
      await once(socket, 'timeout');
      assert.ok(performance.now() - said > 900, 'not before its time');
      // The second silence begins with a byte.
      peer.text('not silent');
      await peer.expect(TEXT);
      await once(socket, 'timeout');
      socket.setTimeout(0);
      assert.deepEqual(log, [['timeout'], ['timeout']]);
    });

    it('is paused and resumed with the connection', async (t) => {
      const { connection } = await open(t, side);
      const log = record(connection.socket, ['pause', 'resume']);
      connection.pause();
      assert.equal(connection.socket.isPaused(), true);
      const resumed = once(connection, 'resume');
      connection.socket.resume();
      await resumed;
      assert.equal(connection.inputPaused, false);
      assert.deepEqual(log, [['pause'], ['resume']]);
    });
  },
  PLAIN,
);

onEachTransport('An HTTP server', (transport) => {
  const count = (httpServer) =>
    new Promise((resolve, reject) => {
      httpServer.getConnections((error, number) => (error ? reject(error) : resolve(number)));
    });

  it('counts its WebSocket connections until they close', async (t) => {
    const { httpServer, connection, peer } = await open(t, { transport });
    assert.equal(await count(httpServer), 1);
    const closed = once(connection.socket, 'close');
    peer.close(1000);
    await peer.expectClose();
    peer.end();
    await closed;
    assert.equal(await count(httpServer), 0);
  });

  it('closes when the last of them closes, and they work until then', async (t) => {
    const { httpServer, connection, peer } = await open(t, { transport });
    let isClosed = false;
    const serverClosed = new Promise((resolve) => {
      httpServer.close(() => {
        isClosed = true;
        resolve();
      });
    });
    const message = once(connection, 'message');
    peer.text('still there?');
    await message;
    connection.sendUTF('still there');
    await peer.expect(TEXT);
    assert.equal(isClosed, false);
    peer.close(1000);
    await peer.expectClose();
    peer.end();
    await serverClosed;
  });
});

onEachTransport(
  'Descriptors',
  (transport) => {
    it('are released however connections end', async (t) => {
      if (!fs.existsSync(DESCRIPTORS)) {
        t.skip(`there is no ${DESCRIPTORS} here`);
        return;
      }
      const first = await open(t, { transport });
      const before = descriptors();
      for (const end of [
        ({ connection }) => connection.drop(),
        ({ connection }) => connection.drop(1006, '', true),
        ({ connection }) => connection.socket.destroy(),
        ({ connection }) => connection.socket.resetAndDestroy(),
        ({ peer }) => peer.reset(),
        ({ peer }) => peer.end(),
        ({ peer }) => peer.send({ opcode: 0x3 }),
        ({ connection }) => connection.close(),
      ]) {
        const opened = await Promise.all(Array.from({ length: 5 }, () => open(t, { transport })));
        const ends = opened.flatMap(({ connection, peer }) => [
          closing(connection),
          peer.rest().then(() => peer.socket.destroy()),
        ]);
        for (const one of opened) end(one);
        await Promise.all(ends);
        for (const { httpServer } of opened) httpServer.close();
      }
      await until(() => descriptors() <= before);
      first.connection.drop();
    });

    it('whose numbers are reused do not mix connections up', async (t) => {
      for (let round = 0; round < 30; round++) {
        const opened = await Promise.all(Array.from({ length: 4 }, () => open(t, { transport })));
        const messages = opened.map(({ connection }) => gather(connection, 'message', 1));
        opened.forEach(({ peer }, i) => {
          peer.text(`${round} ${i}`);
        });
        const texts = (await Promise.all(messages)).map(([{ utf8Data }]) => utf8Data);
        assert.deepEqual(
          texts,
          opened.map((_, i) => `${round} ${i}`),
        );
        for (const { connection } of opened) connection.socket.destroy();
      }
    });
  },
  PLAIN,
);

function descriptors() {
  return fs.readdirSync(DESCRIPTORS).length;
}

onEachSide("a 'data' listener that is added to the socket later", (side) => {
  const masked = side.role === 'server';

  it('hears the bytes of the peer, behind the events that they made, until it leaves', async (t) => {
    const { connection, peer } = await open(t, side);
    const { socket } = connection;
    const log = [];
    connection.on('message', ({ utf8Data }) => log.push(utf8Data));
    const listen = (bytes) => log.push(Buffer.from(bytes));
    socket.on('data', listen);
    const send = async (payload) => {
      const bytes = encode({ opcode: TEXT, payload, masked });
      const { length } = log;
      peer.socket.write(bytes);
      await until(() => log.length > length && `${log.at(-1)}` !== payload);
      return bytes;
    };
    const short = await send('short');
    assert.deepEqual(log.splice(0), ['short', short]);
    socket.removeListener('data', listen);
    peer.send({ opcode: TEXT, payload: 'unheard' });
    await until(() => log.length > 0);
    peer.send({ opcode: TEXT, payload: 'still unheard' });
    await until(() => log.length > 1);
    assert.deepEqual(log, ['unheard', 'still unheard']);
  });

  it('hears all of a long message once', async (t) => {
    const config = { maxReceivedFrameSize: 1e7, maxReceivedMessageSize: 1e7 };
    const { connection, peer } = await open(t, { ...side, config });
    const wire = encode({ opcode: BINARY, payload: Buffer.alloc(3e6, 'long'), masked });
    const heard = [];
    connection.socket.once('data', () => heard.push('once'));
    connection.socket.on('data', (bytes) => heard.push(Buffer.from(bytes)));
    const message = once(connection, 'message');
    peer.socket.write(wire);
    await message;
    const length = () => heard.slice(1).reduce((sum, bytes) => sum + bytes.length, 0);
    await until(() => length() >= wire.length);
    assert.equal(heard.filter((entry) => entry === 'once').length, 1);
    assert.ok(Buffer.concat(heard.filter(Buffer.isBuffer)).equals(wire));
  });
});
