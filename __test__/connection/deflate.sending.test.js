'use strict';

// Which messages a connection compresses when it sends (RFC 7692 §6.1, §7.2.1).

const assert = require('node:assert/strict');
const { once } = require('node:events');
const net = require('node:net');

const { frame: WebSocketFrame } = require('../..');
const { dialRaw, it, onEachSide, onEachTransport, shakeHands } = require('../support/connect');
const { Codec, headerFor, noise, openDeflated, prose } = require('../support/deflate');
const { closing, gather, until, fill } = require('../support/events');
const { BINARY, CLOSE, PING, PONG, TEXT } = require('../support/frames');
const patience = require('../support/patience');
const { LONG_TEXTS } = require('../support/texts');

const MIB = 1024 * 1024;
/** For `Atomics.wait`. */
const CLOCK = new Int32Array(new SharedArrayBuffer(4));
/** One frame a message, whatever its size. */
const WHOLE = { fragmentOutgoingMessages: false };
/** For `deflate` of `openDeflated`: the defaults of an application that sets `true`. */
const DEFAULTS = { threshold: undefined };

/** All texts of 1 to `most` of these characters. */
function upTo(most, characters) {
  const texts = [''];
  for (let from = 0, length = 1; length <= most; length++) {
    const shorter = texts.slice(from);
    from = texts.length;
    texts.push(...shorter.flatMap((text) => characters.map((character) => text + character)));
  }
  return texts.slice(1);
}

const AGREEMENTS = {
  'with context takeover': {},
  'without context takeover': { ours: { forgets: true }, theirs: { forgets: true } },
  'with windows of 9 bits': { ours: { bits: 9 }, theirs: { bits: 9 } },
  'with a window of 10 bits that is forgotten': { ours: { bits: 10, forgets: true } },
};

onEachSide('A socket with an end() of its own', (side) => {
  it('is wrapped once, however much is deflated for it', async (t) => {
    const { connection, peer, codec } = await openDeflated(t, side);
    const { socket } = connection;
    const { end } = Object.getPrototypeOf(socket);
    let depth = 0;
    socket.end = function (...args) {
      depth = new Error('where').stack.split('\n').length;
      return end.apply(this, args);
    };
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 1000;
    t.after(() => {
      Error.stackTraceLimit = stackTraceLimit;
    });
    for (let i = 0; i < 100; i++) connection.sendUTF(prose(200));
    for (let i = 0; i < 100; i++) await codec.next(peer);
    connection.drop(4000, 'enough');
    assert.ok(depth > 0 && depth < 60, `${depth} calls deep`);
  });
});

onEachSide('A message sent with compression', (side) => {
  for (const [what, agreement] of Object.entries(AGREEMENTS)) {
    it(`arrives unchanged in every size, ${what}`, async (t) => {
      const setting = { ...side, agreement, config: WHOLE };
      const { connection, peer, codec } = await openDeflated(t, setting);
      for (const size of [0, 1, 125, 126, 1000, 65535, 65536, MIB]) {
        const [text, bytes] = [prose(size), noise(size)];
        for (let i = 0; i < 2; i++) {
          connection.sendUTF(text);
          connection.sendBytes(bytes);
          const first = await codec.next(peer);
          const second = await codec.next(peer);
          assert.deepEqual([first.opcode, second.opcode], [TEXT, BINARY]);
          assert.ok(first.data.equals(Buffer.from(text)), `text of ${size}`);
          assert.ok(second.data.equals(bytes), `bytes of ${size}`);
          if (size >= 1000) assert.ok(first.compressed && first.size < size / 2, `${first.size}`);
        }
      }
    });

    it(`is one of many small ones, ${what}`, async (t) => {
      const { connection, peer, codec } = await openDeflated(t, { ...side, agreement });
      let wire = 0;
      const texts = Array.from({ length: 2000 }, (_, i) => `{"id":${i},"name":"é€𝄞"}`);
      for (const text of texts) connection.sendUTF(text);
      for (const text of texts) {
        const { data, size } = await codec.next(peer);
        assert.equal(`${data}`, text);
        wire += size;
      }
      // Compression of short messages pays off because of earlier messages.
      if (!agreement.ours?.forgets) assert.ok(wire < texts.join('').length / 2, `${wire} bytes`);
    });
  }

  it('keeps all of its characters, whatever their length in UTF-8', async (t) => {
    const { connection, peer, codec } = await openDeflated(t, side);
    const texts = [...upTo(4, ['a', 'é', '日', '𝄞', '\ud800']), ...LONG_TEXTS];
    for (const text of texts) connection.sendUTF(text);
    for (const text of texts) {
      const { compressed, data } = await codec.next(peer);
      assert.ok(compressed);
      assert.deepEqual(data, Buffer.from(text), JSON.stringify(text));
    }
  });

  it('may be sent as soon as the application sees the connection', async (t) => {
    const texts = Array.from({ length: 20 }, (_, i) => `${i} ${prose(30000)}`);
    const { peer, codec } = await openDeflated(t, {
      ...side,
      onConnection: (connection) => {
        for (const text of texts.slice(0, 10)) connection.sendUTF(text);
        connection.ping('between');
        process.nextTick(() => {
          for (const text of texts.slice(10, 15)) connection.sendUTF(text);
          setImmediate(() => {
            for (const text of texts.slice(15)) connection.sendUTF(text);
          });
        });
      },
    });
    for (const [i, text] of texts.entries()) {
      if (i === 10) await peer.expect(PING);
      assert.ok(`${(await codec.next(peer)).data}` === text, `message ${i}`);
    }
  });

  it('is deflated while a turn that began outside of a delivery goes on', async (t) => {
    const { connection, peer, codec } = await openDeflated(t, side);
    await new Promise(setImmediate);
    connection.sendUTF(prose(50000));
    const ends = Date.now() + patience / 2;
    while (connection.bufferedAmount > 25000 && Date.now() < ends) Atomics.wait(CLOCK, 0, 0, 1);
    assert.ok(connection.bufferedAmount <= 25000, `${connection.bufferedAmount} bytes wait`);
    await codec.next(peer);
  });

  it('does not keep a connection that always sends on the stream transport', async (t) => {
    if (side.transport !== 'native') return;
    let goesOn = true;
    const { connection, peer } = await openDeflated(t, {
      ...side,
      onConnection: (connection) => {
        const send = () => {
          if (!goesOn) return;
          while (connection.bufferedAmount < 4 * MIB) connection.sendBytes(noise(300000));
          setImmediate(send);
        };
        send();
      },
    });
    peer.socket.resume();
    await until(() => Object.getPrototypeOf(connection.socket) !== net.Socket.prototype);
    goesOn = false;
  });

  it('is copied, so the Buffer may be used again at once', async (t) => {
    const { connection, peer, codec } = await openDeflated(t, side);
    const buffer = Buffer.alloc(100000);
    for (let i = 0; i < 5; i++) connection.sendBytes(buffer.fill(i));
    buffer.fill(255);
    for (let i = 0; i < 5; i++) {
      assert.ok((await codec.next(peer)).data.equals(Buffer.alloc(100000, i)), `message ${i}`);
    }
  });

  it('is compressed from the threshold on, 1024 bytes by default', async (t) => {
    for (const [deflate, threshold] of [
      [DEFAULTS, 1024],
      [{ threshold: 100 }, 100],
    ]) {
      for (const agreement of [{}, { ours: { forgets: true } }]) {
        const setting = { ...side, agreement, deflate };
        const { connection, peer, codec } = await openDeflated(t, setting);
        for (const size of [threshold, threshold - 1, 0, threshold + 1]) {
          connection.sendUTF('x'.repeat(size));
          connection.sendBytes(Buffer.alloc(size, 'y'));
          for (const letter of 'xy') {
            const { compressed, data } = await codec.next(peer);
            assert.equal(compressed, size >= threshold, `${size} bytes`);
            assert.equal(`${data}`, letter.repeat(size));
          }
        }
        // The threshold counts bytes and not characters.
        connection.sendUTF('€'.repeat(Math.ceil(threshold / 3)));
        assert.equal((await codec.next(peer)).compressed, true);
      }
    }
  });

  it('is not compressed with compress: false, and leaves the window unchanged', async (t) => {
    const { connection, peer, codec } = await openDeflated(t, side);
    const text = prose(5000);
    for (let i = 0; i < 3; i++) {
      connection.send(text, { compress: false });
      connection.sendUTF(text, { compress: true });
      connection.sendBytes(Buffer.from(text), { compress: false });
      connection.sendUTF(text, { compress: false });
      connection.send(Buffer.from(text), {});
    }
    for (let i = 0; i < 15; i++) {
      const { compressed, data } = await codec.next(peer);
      assert.equal(compressed, i % 5 === 1 || i % 5 === 4, `message ${i}`);
      assert.equal(`${data}`, text);
    }
  });

  it('takes a callback after the options or in their place', async (t) => {
    const { connection, peer, codec } = await openDeflated(t, side);
    const log = [];
    for (const method of ['send', 'sendUTF', 'sendBytes']) {
      const data = method === 'sendBytes' ? Buffer.from('data') : 'data';
      connection[method](data, { compress: false }, () => log.push(`${method} plain`));
      connection[method](data, undefined, () => log.push(`${method} undefined`));
      connection[method](data, null, () => log.push(`${method} null`));
      connection[method](data, () => log.push(`${method} alone`));
    }
    for (let i = 0; i < 12; i++) assert.equal(`${(await codec.next(peer)).data}`, 'data');
    await until(() => log.length === 12);
    assert.deepEqual(
      log,
      ['send', 'sendUTF', 'sendBytes'].flatMap((method) =>
        ['plain', 'undefined', 'null', 'alone'].map((what) => `${method} ${what}`),
      ),
    );
  });

  it('keeps its place among messages of all kinds, pings and pongs', async (t) => {
    const { connection, peer, codec } = await openDeflated(t, side);
    const expected = [];
    for (let i = 0; i < 500; i++) {
      const text = `${i} ${prose((i * 97) % 9000)}`;
      [
        () => connection.ping(`${i}`),
        () => connection.pong(Buffer.from(`${i}`)),
        () => connection.sendUTF(text, { compress: false }),
        () => connection.sendUTF(text),
        () => connection.sendBytes(Buffer.from(text)),
      ][i % 5]();
      const opcode = [PING, PONG, TEXT, TEXT, BINARY][i % 5];
      expected.push([opcode, i % 5 > 2, i % 5 < 2 ? `${i}` : text]);
      if (i % 50 === 0) await new Promise(setImmediate);
    }
    for (const one of expected) {
      const { opcode, compressed, data } = await codec.next(peer);
      assert.deepEqual([opcode, compressed, `${data}`], one);
    }
  });

  it('stays ahead of later sendFrame() calls and of the close frame', async (t) => {
    const { connection, peer, codec } = await openDeflated(t, side);
    const frame = new WebSocketFrame();
    Object.assign(frame, { opcode: TEXT, fin: true, binaryPayload: Buffer.from('by hand') });
    const text = prose(200000);
    connection.sendUTF(text);
    connection.sendFrame(frame);
    connection.sendUTF(text);
    connection.sendCloseFrame(4001, 'by hand, too');
    const said = [];
    for (let i = 0; i < 3; i++) said.push(`${(await codec.next(peer)).data}`);
    assert.ok(said[0] === text && said[1] === 'by hand' && said[2] === text);
    assert.deepEqual(await peer.expectClose(), { code: 4001, reason: 'by hand, too' });
  });

  it('is fragmented after compression, with RSV1 on the first frame', async (t) => {
    const config = { fragmentationThreshold: 1000 };
    const { connection, peer, codec } = await openDeflated(t, { ...side, config });
    const [text, bytes] = [prose(30000), noise(5500)];
    connection.sendUTF(text);
    connection.ping('behind it');
    connection.sendBytes(bytes);
    connection.sendUTF('x'.repeat(5000));
    connection.sendUTF(text, { compress: false });
    const first = await codec.next(peer);
    assert.ok(first.compressed && first.data.equals(Buffer.from(text)));
    // Fragmentation counts compressed bytes.
    assert.equal(first.frames, Math.ceil(first.size / 1000));
    await peer.expect(PING);
    const second = await codec.next(peer);
    assert.ok(second.data.equals(bytes));
    assert.equal(second.frames, 6);
    const third = await codec.next(peer);
    assert.deepEqual([third.compressed, third.frames], [true, 1], 'it is small by then');
    const fourth = await codec.next(peer);
    assert.deepEqual([fourth.compressed, fourth.frames], [false, 30]);
  });

  it('can travel in both directions at the same time', async (t) => {
    const { connection, peer, codec } = await openDeflated(t, side);
    const texts = Array.from({ length: 500 }, (_, i) => `${i} ${prose((i * 31) % 5000)}`);
    const messages = gather(connection, 'message', texts.length);
    for (const text of texts) {
      connection.sendUTF(text);
      peer.send(codec.text(text));
      if (text.length % 7 === 0) await new Promise(setImmediate);
    }
    for (const text of texts) assert.equal(`${(await codec.next(peer)).data}`, text);
    assert.deepEqual(
      (await messages).map(({ utf8Data }) => utf8Data),
      texts,
    );
  });
});

onEachSide('The end of a connection that compresses', (side) => {
  it('follows everything that was sent before close()', async (t) => {
    const { connection, peer, codec } = await openDeflated(t, side);
    const closed = closing(connection);
    const texts = Array.from({ length: 50 }, (_, i) => `${i} ${prose(50000)}`);
    for (const text of texts) connection.sendUTF(text);
    connection.close(4001, 'that is all');
    for (const text of texts) assert.ok(`${(await codec.next(peer)).data}` === text);
    assert.deepEqual(await peer.expectClose(), { code: 4001, reason: 'that is all' });
    peer.close(4001, '');
    peer.end();
    assert.deepEqual(await closed, [4001, 'that is all']);
  });

  it('follows everything that was sent before drop()', async (t) => {
    const { connection, peer, codec } = await openDeflated(t, side);
    const texts = Array.from({ length: 20 }, (_, i) => `${i} ${prose(20000)}`);
    for (const text of texts) connection.sendUTF(text);
    connection.drop(1011, 'sorry');
    for (const text of texts) assert.ok(`${(await codec.next(peer)).data}` === text);
    assert.deepEqual(await peer.expectClose(), { code: 1011, reason: 'sorry' });
    assert.equal(await peer.ended(), 'FIN');
  });

  it('follows everything that was sent before socket.end()', async (t) => {
    const { connection, peer, codec } = await openDeflated(t, side);
    const texts = Array.from({ length: 20 }, (_, i) => `${i} ${prose(20000)}`);
    for (const text of texts) connection.sendUTF(text);
    connection.socket.end();
    for (const text of texts) assert.ok(`${(await codec.next(peer)).data}` === text);
    assert.equal(await peer.ended(), 'FIN');
  });

  it('leaves only whole frames on the wire', async (t) => {
    const { connection, peer } = await openDeflated(t, side);
    peer.socket.pause();
    for (let i = 0; i < 20; i++) connection.sendBytes(noise(300000));
    connection.drop(1011, 'too much');
    peer.socket.resume();
    const frames = await peer.rest();
    assert.equal(frames.at(-1).opcode, CLOSE);
    assert.equal(peer.pending, 0);
  });

  it('by socket.destroy() fails messages in flight, and calls each callback once', async (t) => {
    const { connection, peer } = await openDeflated(t, side);
    peer.socket.pause();
    const log = [];
    const closed = closing(connection);
    for (let i = 0; i < 30; i++) {
      const data = i % 2 ? noise(MIB) : prose(MIB);
      connection.send(data, (error) => log.push([i, error instanceof Error]));
    }
    connection.socket.destroy();
    await closed;
    await until(() => log.length >= 30);
    await new Promise(setImmediate);
    assert.deepEqual(
      log.map(([i]) => i),
      Array.from({ length: 30 }, (_, i) => i),
    );
    assert.equal(log.at(-1)[1], true);
    // The messages that the kernel took come first.
    const failed = log.map(([, failed]) => failed);
    assert.deepEqual(
      failed,
      [...failed].sort((a, b) => a - b),
    );
  });

  it('may come while a message is being inflated or deflated', async (t) => {
    for (const end of [
      (connection) => connection.drop(1000, 'now'),
      (connection) => connection.socket.destroy(),
      (connection) => connection.close(),
      (_connection, peer) => peer.socket.destroy(),
    ]) {
      const config = { maxReceivedFrameSize: MIB, maxReceivedMessageSize: MIB };
      const { connection, peer, codec } = await openDeflated(t, { ...side, config });
      const closed = closing(connection);
      const message = once(connection, 'message');
      const text = prose(MIB);
      const frame = codec.text(text);
      // The first is inflated by now, and the others are not yet.
      peer.send(frame, frame, frame, frame);
      await message;
      for (let i = 0; i < 4; i++) connection.sendUTF(text);
      end(connection, peer);
      await until(() => peer.ending !== undefined || connection.state === 'ending');
      peer.socket.destroy();
      await closed;
    }
  });
});

onEachSide('Callbacks of compressed messages', (side) => {
  it('are called once each, in order, for compressed and uncompressed messages', async (t) => {
    const { connection, peer, codec } = await openDeflated(t, side);
    const log = [];
    for (let i = 0; i < 200; i++) {
      const data = prose([10, 100000, 2000, 0][i % 4]);
      connection.send(data, { compress: i % 3 > 0 }, (error) => log.push(error ? [i, error] : i));
      if (i === 0) assert.deepEqual(log, [], 'never before send() has returned');
    }
    for (let i = 0; i < 200; i++) await codec.next(peer);
    await until(() => log.length === 200);
    assert.deepEqual(
      log,
      Array.from({ length: 200 }, (_, i) => i),
    );
  });

  it('are called once for a message in many fragments', async (t) => {
    const config = { fragmentationThreshold: 100 };
    const { connection, peer, codec } = await openDeflated(t, { ...side, config });
    let calls = 0;
    const behind = new Promise((resolve) => {
      connection.sendUTF(prose(20000), () => {
        calls += 1;
      });
      connection.sendUTF('behind it', resolve);
    });
    assert.ok((await codec.next(peer)).frames > 10);
    await behind;
    assert.equal(calls, 1);
  });
});

onEachSide('The output of a connection that compresses', (side) => {
  it('is full while the peer does not read, and drains when it does', async (t) => {
    const { connection, peer, codec } = await openDeflated(t, { ...side, config: WHOLE });
    const block = noise(MIB);
    peer.socket.pause();
    const sent = await fill(connection, block);
    assert.equal(connection.sendUTF('one more'), false);
    assert.equal(connection.outputBufferFull, true);
    const drained = once(connection, 'drain');
    peer.socket.resume();
    for (let i = 0; i < sent; i++) assert.ok((await codec.next(peer)).data.equals(block));
    assert.equal(`${(await codec.next(peer)).data}`, 'one more');
    await drained;
    assert.deepEqual([connection.outputBufferFull, connection.bufferedAmount], [false, 0]);
  });

  it('drains each time that a send has reported it full, and becomes empty', async (t) => {
    const { connection, peer, codec } = await openDeflated(t, { ...side, config: WHOLE });
    const text = prose(MIB);
    for (let round = 0; round < 3; round++) {
      let full = 0;
      for (let i = 0; i < 8; i++) full += connection.sendUTF(text) ? 0 : 1;
      const drained = connection.outputBufferFull ? once(connection, 'drain') : undefined;
      assert.ok(connection.bufferedAmount >= 0);
      if (full > 0) await drained;
      for (let i = 0; i < 8; i++) assert.equal((await codec.next(peer)).data.length, text.length);
      await until(() => connection.bufferedAmount === 0);
      assert.equal(connection.outputBufferFull, false);
    }
  });
});

onEachTransport('A server that broadcasts', (transport) => {
  it('sends to each client by its own agreement', async (t) => {
    const role = 'server';
    const config = { autoAcceptConnections: false };
    const deflate = { threshold: 100 };
    const first = await openDeflated(t, { transport, role, config, deflate });
    const { wsServer } = first;
    const clients = [[first.peer, first.codec]];
    for (const agreement of [
      {},
      { ours: { forgets: true } },
      { ours: { bits: 9 } },
      { ours: { bits: 10, forgets: true } },
      undefined,
      undefined,
    ]) {
      const opened = once(wsServer, 'connect');
      const socket = await dialRaw(t, first);
      const extensions = agreement && headerFor(role, agreement);
      const peer = await shakeHands(socket, undefined, extensions);
      const [connection] = await opened;
      if (transport === 'native') await until(() => connection.transport === 'native');
      clients.push([peer, agreement && new Codec(agreement)]);
    }
    assert.equal(wsServer.connections.length, clients.length);
    // Between broadcasts, each window advances by itself.
    for (const [i, connection] of wsServer.connections.entries()) {
      connection.sendUTF(`${i} ${prose(1000 * i)}`);
    }
    const text = prose(20000);
    wsServer.broadcastUTF(text);
    wsServer.broadcast(Buffer.from(text));
    wsServer.broadcast('short');
    wsServer.broadcastUTF(text);
    for (const [i, [peer, codec]] of clients.entries()) {
      // A peer without a codec must get nothing compressed.
      const next = async () => {
        const message = await (codec ?? new Codec()).next(peer);
        if (!codec || message.data.length < 100) assert.equal(message.compressed, false);
        else assert.equal(message.compressed, true);
        return [message.opcode, `${message.data}`];
      };
      assert.deepEqual(await next(), [TEXT, `${i} ${prose(1000 * i)}`]);
      assert.deepEqual(await next(), [TEXT, text]);
      assert.deepEqual(await next(), [BINARY, text]);
      assert.deepEqual(await next(), [TEXT, 'short']);
      assert.deepEqual(await next(), [TEXT, text]);
    }
  });
});
