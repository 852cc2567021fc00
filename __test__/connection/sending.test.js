'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');

const { frame: WebSocketFrame } = require('../..');
const { it, onEachSide, onEachTransport, open, pair } = require('../support/connect');
const { record, roundTrips, until, fill } = require('../support/events');
const { BINARY, PING, PONG, TEXT } = require('../support/frames');
const { LONG_TEXTS } = require('../support/texts');

const SIZES = [0, 125, 126, 65535, 65536, 1024 * 1024];

/** One frame a message, whatever its size. */
const WHOLE = { fragmentOutgoingMessages: false };

/** More than the kernel takes for a peer that does not read. */

onEachSide('A sent message', (side) => {
  for (const size of SIZES) {
    it(`goes out as one frame of ${size} bytes`, async (t) => {
      const { connection, peer } = await open(t, { ...side, config: WHOLE });
      connection.sendUTF('x'.repeat(size));
      connection.sendBytes(Buffer.alloc(size, 7));
      const text = await peer.expect(TEXT);
      const binary = await peer.expect(BINARY);
      for (const frame of [text, binary]) {
        assert.deepEqual([frame.fin, frame.rsv, frame.masked], [true, 0, side.role === 'client']);
      }
      assert.ok(text.payload.equals(Buffer.alloc(size, 'x')));
      assert.ok(binary.payload.equals(Buffer.alloc(size, 7)));
    });
  }

  it('is UTF-8 on the wire', async (t) => {
    const { connection, peer } = await open(t, side);
    connection.sendUTF('é€𝄞');
    connection.sendUTF('\ud800 alone');
    const { payload } = await peer.expect(TEXT);
    assert.equal(payload.toString('hex'), 'c3a9e282acf09d849e');
    assert.equal((await peer.expect(TEXT)).payload.toString(), '\ufffd alone');
  });

  it('is UTF-8 on the wire, for all characters in all positions', async (t) => {
    const { connection, peer } = await open(t, { ...side, config: WHOLE });
    for (const text of LONG_TEXTS) connection.sendUTF(text);
    for (const text of LONG_TEXTS) {
      assert.ok((await peer.expect(TEXT)).payload.equals(Buffer.from(text)), JSON.stringify(text));
    }
  });

  it('is the result of toString(), unless it is a Buffer', async (t) => {
    const { connection, peer } = await open(t, side);
    const custom = { toString: () => 'custom' };
    for (const data of [42, true, custom, ['a', 'b'], new Uint8Array([1, 2])])
      connection.send(data);
    connection.send(Buffer.from([1, 2]));
    connection.sendUTF(Buffer.from('bytes of text'));
    for (const expected of ['42', 'true', 'custom', 'a,b', '1,2']) {
      assert.equal((await peer.expect(TEXT)).payload.toString(), expected);
    }
    assert.deepEqual((await peer.expect(BINARY)).payload, Buffer.from([1, 2]));
    assert.equal((await peer.expect(TEXT)).payload.toString(), 'bytes of text');
  });

  it('is copied, so the Buffer may be used again at once', async (t) => {
    const { connection, peer } = await open(t, side);
    const buffer = Buffer.alloc(1000);
    for (let i = 0; i < 5; i++) {
      connection.sendBytes(buffer.fill(i));
    }
    buffer.fill(255);
    for (let i = 0; i < 5; i++) {
      assert.ok((await peer.expect(BINARY)).payload.equals(Buffer.alloc(1000, i)), `message ${i}`);
    }
    assert.ok(buffer.equals(Buffer.alloc(1000, 255)), 'masking leaves it alone');
  });

  it('may be sent as soon as the application sees the connection', async (t) => {
    const { peer } = await open(t, {
      ...side,
      onConnection: (connection) => {
        connection.sendUTF('first');
        connection.sendBytes(Buffer.from('second'));
        connection.ping('third');
        setImmediate(() => connection.sendUTF('fourth'));
      },
    });
    const frames = [await peer.next(), await peer.next(), await peer.next(), await peer.next()];
    assert.deepEqual(
      frames.map(({ opcode, payload }) => [opcode, payload.toString()]),
      [
        [TEXT, 'first'],
        [BINARY, 'second'],
        [PING, 'third'],
        [TEXT, 'fourth'],
      ],
    );
  });

  it('keeps its place among those of other kinds', async (t) => {
    const { connection, peer } = await open(t, side);
    const frame = new WebSocketFrame();
    Object.assign(frame, { opcode: TEXT, fin: true, binaryPayload: Buffer.from('4') });
    connection.sendUTF('1');
    connection.ping('2');
    connection.sendBytes(Buffer.from('3'));
    connection.sendFrame(frame);
    connection.pong(Buffer.from('5'));
    connection.sendUTF('6');
    const frames = [];
    while (frames.length < 6) frames.push(await peer.next());
    assert.equal(frames.map(({ payload }) => payload).join(''), '123456');
    assert.deepEqual(
      frames.map(({ opcode }) => opcode),
      [TEXT, PING, BINARY, TEXT, PONG, TEXT],
    );
  });

  it("that is refused throws upstream's message and sends nothing", async (t) => {
    const { connection, peer } = await open(t, side);
    assert.throws(() => connection.sendBytes('text'), {
      message: 'You must pass a Node Buffer object to WebSocketConnection.prototype.sendBytes()',
    });
    assert.throws(() => connection.send(Object.create(null)), {
      message: 'Data provided must either be a Node Buffer or implement toString()',
    });
    assert.throws(
      () => connection.fragmentAndSend(Object.assign(new WebSocketFrame(), { opcode: PING })),
      {
        message: 'You cannot fragment control frames.',
      },
    );
    connection.sendUTF('next');
    assert.equal((await peer.next()).payload.toString(), 'next');
  });
});

onEachSide('The callback of a send', (side) => {
  it('is called once each, in order, without an argument', async (t) => {
    const { connection } = await open(t, side);
    const log = [];
    await new Promise((resolve) => {
      for (let i = 0; i < 50; i++) {
        const data = i % 2 ? `${i}` : Buffer.from(`${i}`);
        connection.send(data, (...args) => {
          log.push([i, ...args.filter((arg) => arg !== undefined && arg !== null)]);
          if (i === 49) resolve();
        });
      }
      assert.deepEqual(log, [], 'never before send() has returned');
    });
    assert.deepEqual(
      log,
      Array.from({ length: 50 }, (_, i) => [i]),
    );
  });

  it('is called once for a message in many fragments', async (t) => {
    const { connection, peer } = await open(t, { ...side, config: { fragmentationThreshold: 10 } });
    let calls = 0;
    await new Promise((resolve) => {
      connection.sendUTF('x'.repeat(95), () => {
        calls += 1;
      });
      connection.sendUTF('behind it', resolve);
    });
    assert.equal(calls, 1);
    const frames = [];
    while (frames.length < 11) frames.push(await peer.next());
    assert.equal(frames.map(({ payload }) => payload).join(''), `${'x'.repeat(95)}behind it`);
  });

  it('is called for sendFrame() and sendCloseFrame()', async (t) => {
    const { connection, peer } = await open(t, side);
    const frame = new WebSocketFrame();
    Object.assign(frame, { opcode: TEXT, fin: true, binaryPayload: Buffer.from('hand-made') });
    const log = [];
    const closed = once(connection, 'close');
    connection.sendFrame(frame, () => log.push('frame'));
    connection.sendCloseFrame(1001, 'by hand', () => log.push('close frame'));
    assert.equal((await peer.next()).payload.toString(), 'hand-made');
    assert.deepEqual(await peer.expectClose(), { code: 1001, reason: 'by hand' });
    peer.end();
    await closed;
    assert.deepEqual(log, ['frame', 'close frame']);
  });

  it('waits until the kernel has taken the message', async (t) => {
    const { connection, peer } = await open(t, side);
    peer.socket.pause();
    let called = false;
    await fill(connection);
    connection.sendUTF('the last one', () => {
      called = true;
    });
    assert.ok(connection.bufferedAmount > 0);
    await roundTrips(await pair(t, side), 20);
    assert.equal(called, false);
    peer.socket.resume();
    await until(() => called);
  });

  it('gets an error, once and in order, when the connection dies first', async (t) => {
    const { connection, peer } = await open(t, side);
    peer.socket.pause();
    await fill(connection);
    const log = [];
    for (const name of ['a', 'b', 'c']) {
      connection.sendUTF(name, (error) => log.push([name, error instanceof Error]));
    }
    connection.socket.destroy();
    await once(connection, 'close');
    await until(() => log.length >= 3);
    await roundTrips(await pair(t, side), 3);
    assert.deepEqual(log, [
      ['a', true],
      ['b', true],
      ['c', true],
    ]);
  });

  it('also gets an error for sendFrame() when the connection dies first', async (t) => {
    const { connection, peer } = await open(t, side);
    peer.socket.pause();
    await fill(connection);
    const frame = new WebSocketFrame();
    Object.assign(frame, { opcode: TEXT, fin: true, binaryPayload: Buffer.from('too late') });
    const result = new Promise((resolve) => connection.sendFrame(frame, resolve));
    connection.socket.destroy();
    assert.ok((await result) instanceof Error);
  });

  it('gets an error after the end', async (t) => {
    const { connection, peer } = await open(t, side);
    const closed = once(connection, 'close');
    peer.close(1000, '');
    await peer.expectClose();
    peer.end();
    await closed;
    const error = await new Promise((resolve) => connection.sendUTF('anybody?', resolve));
    assert.ok(error instanceof Error);
    assert.deepEqual(record(connection), [], 'and nothing is emitted any more');
  });
});

onEachTransport("A client's frame", (transport) => {
  it('is masked with a new key for each frame', async (t) => {
    const { connection, peer } = await open(t, { transport, role: 'client' });
    const wire = [];
    peer.socket.on('data', (chunk) => wire.push(chunk));
    for (let i = 0; i < 20; i++) connection.sendUTF('same');
    for (let i = 0; i < 20; i++) await peer.expect(TEXT);
    const bytes = Buffer.concat(wire);
    assert.equal(bytes.length, 20 * 10);
    const keys = new Set();
    for (let at = 0; at < bytes.length; at += 10) keys.add(bytes.toString('hex', at + 2, at + 6));
    assert.equal(keys.size, 20);
  });
});
