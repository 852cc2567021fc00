'use strict';

// Compressed messages that arrive (RFC 7692 §6.2, §7.2.2).

const assert = require('node:assert/strict');
const { once } = require('node:events');

const { it, onEachSide, pair } = require('../support/connect');
const { Codec, TAIL, inFragments, noise, openDeflated, prose } = require('../support/deflate');
const {
  catchUncaught,
  closing,
  contentOf,
  gather,
  record,
  roundTrips,
  until,
} = require('../support/events');
const { BINARY, CONTINUATION, PING, PONG, TEXT, encode } = require('../support/frames');

const MIB = 1024 * 1024;
const LARGE = { maxReceivedFrameSize: 2 * MIB, maxReceivedMessageSize: 2 * MIB };
const FRAMES = { assembleFragments: false };

/** The agreements that both sides may have made. */
const AGREEMENTS = {
  'with context takeover': {},
  'without context takeover': { ours: { forgets: true }, theirs: { forgets: true } },
  'with windows of 9 bits': { ours: { bits: 9 }, theirs: { bits: 9 } },
  'with a window of 8 bits that is forgotten': { theirs: { bits: 8, forgets: true } },
};

onEachSide('A compressed message that is received', (side) => {
  for (const [what, agreement] of Object.entries(AGREEMENTS)) {
    for (const size of [0, 1, 125, 126, 65535, 65536, MIB]) {
      it(`has ${size} bytes, ${what}`, async (t) => {
        const setting = { ...side, agreement, config: LARGE };
        const { connection, peer, codec } = await openDeflated(t, setting);
        const messages = gather(connection, 'message', 4);
        const [text, bytes] = [prose(size), noise(size)];
        peer.send(codec.text(text), codec.binary(bytes), codec.text(text), codec.binary(bytes));
        const [first, second, ...again] = await messages;
        assert.deepEqual([first.type, second.type], ['utf8', 'binary']);
        assert.ok(first.utf8Data === text);
        assert.ok(second.binaryData.equals(bytes));
        assert.ok(again[0].utf8Data === text && again[1].binaryData.equals(bytes));
      });
    }

    it(`is one of many small ones, ${what}`, async (t) => {
      const { connection, peer, codec } = await openDeflated(t, { ...side, agreement });
      const texts = Array.from({ length: 2000 }, (_, i) => `{"id":${i},"name":"é€𝄞"}`);
      const messages = gather(connection, 'message', texts.length);
      peer.send(...texts.map((text) => codec.text(text)));
      assert.deepEqual((await messages).map(contentOf), texts);
    });
  }

  it('may be empty with an empty payload or a single zero byte (RFC 7692 §7.2.3.6)', async (t) => {
    const { connection, peer, codec } = await openDeflated(t, side);
    const messages = gather(connection, 'message', 4);
    for (const payload of [Buffer.alloc(0), Buffer.from([0])]) {
      peer.send({ opcode: TEXT, rsv: 4, payload }, { opcode: BINARY, rsv: 4, payload });
    }
    assert.deepEqual((await messages).map(contentOf), ['', Buffer.alloc(0), '', Buffer.alloc(0)]);
    const next = once(connection, 'message');
    peer.send(codec.text('and the window is as it was'));
    assert.equal(contentOf((await next)[0]), 'and the window is as it was');
  });

  it('may begin in one segment with the handshake and end in the next', async (t) => {
    const codec = new Codec();
    const texts = Array.from({ length: 30 }, (_, i) => `${i} ${prose(3000)}`);
    const wire = texts.map((text) =>
      encode({ ...codec.text(text), masked: side.role === 'server' }),
    );
    const seen = [];
    const { peer } = await openDeflated(t, {
      ...side,
      head: Buffer.concat([...wire.slice(0, 10), wire[10].subarray(0, 20)]),
      onConnection: (connection) => {
        connection.on('message', (message) => seen.push(contentOf(message)));
      },
    });
    peer.write(Buffer.concat([wire[10].subarray(20), ...wire.slice(11)]));
    await until(() => seen.length === texts.length);
    assert.deepEqual(seen, texts);
  });

  it('may stand between uncompressed ones, which leave the window unchanged', async (t) => {
    const { connection, peer, codec } = await openDeflated(t, side);
    const messages = gather(connection, 'message', 200);
    const texts = Array.from({ length: 200 }, (_, i) => `${i} ${prose(i * 10)}`);
    peer.send(
      ...texts.map((text, i) => (i % 3 ? codec.text(text) : { opcode: TEXT, payload: text })),
    );
    assert.deepEqual((await messages).map(contentOf), texts);
  });

  it('may come in fragments with control frames between, which are delivered first', async (t) => {
    const { connection, peer, codec } = await openDeflated(t, side);
    const log = [];
    connection.on('ping', (_cancel, data) => log.push(`ping ${data}`));
    connection.on('pong', (data) => log.push(`pong ${data}`));
    connection.on('message', (message) => log.push(contentOf(message)));
    const done = gather(connection, 'message', 1);
    const text = prose(5000);
    const [first, second, third, fourth] = inFragments(codec.text(text), 4);
    peer.send(first, { opcode: PING, payload: '1' }, second, { opcode: PONG, payload: '2' });
    peer.send(third, { opcode: PING, payload: '3' }, fourth);
    await done;
    assert.deepEqual(log, ['ping 1', 'pong 2', 'ping 3', text]);
    for (const payload of ['1', '3']) assert.equal(`${(await peer.expect(PONG)).payload}`, payload);
  });

  it('may come in a fragment for each byte, empty ones among them', async (t) => {
    const { connection, peer, codec } = await openDeflated(t, side);
    const messages = gather(connection, 'message', 2);
    const texts = ['é€𝄞'.repeat(100), 'é€𝄞 once more'];
    for (const text of texts) {
      const frame = codec.text(text);
      const fragments = inFragments(frame, frame.payload.length);
      peer.send(
        { ...frame, payload: '', fin: false },
        ...fragments.map((fragment) => ({ ...fragment, opcode: CONTINUATION, rsv: 0, fin: false })),
        { opcode: CONTINUATION },
      );
    }
    assert.deepEqual((await messages).map(contentOf), texts);
  });

  it('may be cut anywhere by TCP', async (t) => {
    const { connection, peer, codec } = await openDeflated(t, side);
    const messages = gather(connection, 'message', 10);
    const texts = Array.from({ length: 10 }, (_, i) => prose(i * 100));
    const wire = Buffer.concat(texts.map((text) => peer.frame(codec.text(text))));
    peer.socket.setNoDelay(true);
    for (let at = 0; at < wire.length; at += 13) {
      peer.write(wire.subarray(at, at + 13));
      if (at % 7 === 0) await new Promise(setImmediate);
    }
    assert.deepEqual((await messages).map(contentOf), texts);
  });

  it('may be flushed in other ways than by a sync flush (RFC 7692 §7.2.3)', async (t) => {
    const agreement = { theirs: { forgets: true } };
    const { connection, peer } = await openDeflated(t, { ...side, agreement });
    const messages = gather(connection, 'message', 4);
    for (const hex of [
      // An uncompressed block, a final block, two blocks, and a message with its tail.
      '000500faff48656c6c6f00',
      'f348cdc9c9070000',
      'f248050000 00ffffcac9c90700',
      `f248cdc9c90700${TAIL.toString('hex')}00`,
    ]) {
      peer.send({ opcode: TEXT, rsv: 4, payload: Buffer.from(hex.replaceAll(' ', ''), 'hex') });
    }
    assert.deepEqual((await messages).map(contentOf), ['Hello', 'Hello', 'Hello', 'Hello']);
  });

  it('keeps its place among messages of all kinds, pings and pongs', async (t) => {
    const { connection, peer, codec } = await openDeflated(t, side);
    const log = [];
    connection.on('ping', (_cancel, data) => log.push(`ping ${data}`));
    connection.on('pong', (data) => log.push(`pong ${data}`));
    connection.on('message', (message) => log.push(`${contentOf(message)}`));
    const frames = [];
    const expected = [];
    for (let i = 0; i < 500; i++) {
      const text = `${i} ${prose((i * 37) % 3000)}`;
      const [said, ...sent] = [
        () => [`ping ${i}`, { opcode: PING, payload: `${i}` }],
        () => [`pong ${i}`, { opcode: PONG, payload: `${i}` }],
        () => [text, { opcode: BINARY, payload: text }],
        () => [text, codec.text(text)],
        () => [text, ...inFragments(codec.binary(text), 3)],
      ][i % 5]();
      expected.push(said);
      frames.push(...sent);
    }
    peer.send(...frames);
    await until(() => log.length === expected.length);
    assert.deepEqual(log, expected);
  });

  it('waits while the connection is paused, and comes in order after it', async (t) => {
    const { connection, peer, codec } = await openDeflated(t, side);
    const texts = Array.from({ length: 300 }, (_, i) => `${i} ${prose(3000)}`);
    const seen = [];
    connection.on('message', (message) => {
      if (seen.push(contentOf(message)) % 100 === 50) connection.pause();
    });
    let paused = once(connection, 'pause');
    peer.send(...texts.map((text) => codec.text(text)));
    for (const count of [50, 150, 250]) {
      await paused;
      await roundTrips(await pair(t, side), 10);
      assert.equal(seen.length, count);
      if (count < 250) paused = once(connection, 'pause');
      connection.resume();
    }
    await until(() => seen.length === texts.length);
    assert.deepEqual(seen, texts);
  });

  it('is not missed by code that awaits one after the other', async (t) => {
    const { connection, peer, codec } = await openDeflated(t, side);
    const texts = Array.from({ length: 200 }, (_, i) => `${i} ${prose((i * 131) % 5000)}`);
    peer.send(
      ...texts.map((text, i) => (i % 4 ? codec.text(text) : { opcode: TEXT, payload: text })),
    );
    for (const text of texts) {
      const [message] = await once(connection, 'message');
      assert.equal(contentOf(message), text);
    }
  });

  it('follows one whose handler has thrown', async (t) => {
    const caught = catchUncaught(t);
    const { connection, peer, codec } = await openDeflated(t, side);
    const seen = [];
    connection.on('message', ({ utf8Data }) => {
      seen.push(utf8Data);
      if (seen.length % 10 === 0) throw new Error(utf8Data);
    });
    const texts = Array.from({ length: 50 }, (_, i) => `${i} ${prose(2000)}`);
    peer.send(...texts.map((text) => codec.text(text)));
    await until(() => seen.length === texts.length && caught.length === 5);
    assert.deepEqual(seen, texts);
  });

  it('is delivered although TCP ends right after it', async (t) => {
    const { connection, peer, codec } = await openDeflated(t, side);
    const log = record(connection, ['message', 'close']);
    const closed = once(connection, 'close');
    const texts = Array.from({ length: 100 }, (_, i) => `${i} ${prose(5000)}`);
    peer.send(...texts.map((text) => codec.text(text)));
    peer.end();
    await closed;
    assert.deepEqual(
      log.map(([name, value]) => (name === 'message' ? contentOf(value) : value)),
      [...texts, 1006],
    );
  });

  it('is delivered before the close frame that ends TCP with it', async (t) => {
    for (let round = 0; round < 10; round++) {
      const { connection, peer, codec } = await openDeflated(t, side);
      const log = record(connection);
      const closed = closing(connection);
      const texts = Array.from({ length: 50 }, (_, i) => `${i} ${prose(10000)}`);
      peer.write(Buffer.concat(texts.map((text) => peer.frame(codec.text(text)))));
      peer.close(4001, 'enough');
      peer.end();
      assert.deepEqual(await closed, [4001, 'enough']);
      assert.equal((await peer.expectClose()).code, 1000);
      assert.deepEqual(
        log.map(([name, value]) => (name === 'message' ? contentOf(value) : value)),
        [...texts, 4001],
      );
    }
  });

  it('is delivered before the next close frame is answered', async (t) => {
    const { connection, peer, codec } = await openDeflated(t, side);
    const log = record(connection, ['message', 'close']);
    connection.on('message', (message) => connection.send(contentOf(message)));
    const texts = Array.from({ length: 20 }, (_, i) => `${i} ${prose(20000)}`);
    peer.write(Buffer.concat(texts.map((text) => peer.frame(codec.text(text)))));
    peer.close(4001, 'enough');
    for (const text of texts) assert.equal(`${(await codec.next(peer)).data}`, text);
    assert.equal((await peer.expectClose()).code, 1000);
    peer.end();
    if (connection.state !== 'closed') await once(connection, 'close');
    assert.deepEqual(log.at(-1), ['close', 4001, 'enough']);
    assert.equal(log.length, 21);
  });
});

onEachSide('Compressed frames with assembleFragments: false', (side) => {
  it('are shown as they are, with rsv1 on the first', async (t) => {
    const { connection, peer, codec } = await openDeflated(t, { ...side, config: FRAMES });
    const log = record(connection);
    const shown = gather(connection, 'frame', 5);
    const whole = codec.text('Hello, hello');
    const parts = inFragments(codec.binary(prose(500)), 3);
    peer.send(whole, ...parts, { opcode: TEXT, payload: 'plain' });
    assert.deepEqual(
      (await shown).map((frame) => [
        ...[frame.opcode, frame.fin, frame.rsv1, frame.rsv2, frame.rsv3],
        frame.binaryPayload.toString('hex'),
      ]),
      [whole, ...parts, { opcode: TEXT, payload: Buffer.from('plain') }].map(
        ({ opcode, fin = true, rsv = 0, payload }) => [
          ...[opcode, fin, rsv === 4, false, false],
          payload.toString('hex'),
        ],
      ),
    );
    assert.ok(log.every(([name]) => name === 'frame'));
  });

  it('are not inflated: invalid deflate data does no harm', async (t) => {
    const { connection, peer } = await openDeflated(t, { ...side, config: FRAMES });
    const shown = gather(connection, 'frame', 1);
    peer.send({ opcode: TEXT, rsv: 4, payload: Buffer.from('07', 'hex') });
    const [frame] = await shown;
    assert.deepEqual([frame.rsv1, frame.binaryPayload], [true, Buffer.from('07', 'hex')]);
    assert.equal(connection.connected, true);
  });

  it('can be forwarded by sendFrame() with their rsv1', async (t) => {
    const { connection, peer, codec } = await openDeflated(t, { ...side, config: FRAMES });
    connection.on('frame', (frame) => connection.sendFrame(frame));
    const text = prose(2000);
    peer.send(...inFragments(codec.text(text), 2));
    const { opcode, compressed, data, frames } = await codec.next(peer);
    assert.deepEqual([opcode, compressed, frames], [TEXT, true, 2]);
    assert.equal(`${data}`, text);
  });
});
