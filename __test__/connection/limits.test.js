'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');

const { it, onEachSide, open, pair, onEachTransport } = require('../support/connect');
const { openDeflated, prose } = require('../support/deflate');
const { closing, gather, record } = require('../support/events');
const { BINARY, CONTINUATION, PING, PONG, TEXT } = require('../support/frames');

const MESSAGE_TOO_BIG = [1009, 'Maximum message size exceeded.'];
const TOO_MANY = [1008, 'Too many fragments in one message.'];

const frameTooBig = (size) => [
  1009,
  `Frame size of ${size} bytes exceeds maximum accepted frame size`,
];

/** Asserts that the peer and the application both get the code and the reason. */
async function refused({ connection, peer }, says, closed = closing(connection)) {
  const [frame, how] = [await peer.expectClose(), await peer.ended()];
  assert.deepEqual([frame.code, frame.reason, how], [...says, 'FIN']);
  assert.deepEqual(await closed, says);
}

onEachSide('maxReceivedFrameSize', (side) => {
  it('accepts exactly that many bytes, and not one more', async (t) => {
    const opened = await open(t, { ...side, config: { maxReceivedFrameSize: 200 } });
    const { connection, peer } = opened;
    const messages = gather(connection, 'message', 2);
    peer.binary(Buffer.alloc(200));
    peer.text('x'.repeat(200));
    await messages;
    peer.binary(Buffer.alloc(201));
    await refused(opened, frameTooBig(201));
  });

  it('is checked as soon as the header has arrived', async (t) => {
    const opened = await open(t, { ...side, config: { maxReceivedFrameSize: 200 } });
    opened.peer.send({ opcode: BINARY, length: 201 });
    await refused(opened, frameTooBig(201));
  });

  it('holds for each fragment', async (t) => {
    const opened = await open(t, { ...side, config: { maxReceivedFrameSize: 200 } });
    opened.peer.send(
      { opcode: BINARY, payload: 'x', fin: false },
      { opcode: CONTINUATION, length: 201 },
    );
    await refused(opened, frameTooBig(201));
  });

  it('is 64 KiB for servers and 1 MiB for clients', async (t) => {
    const limit = side.role === 'server' ? 0x10000 : 0x100000;
    const opened = await open(t, side);
    const messages = gather(opened.connection, 'message', 1);
    opened.peer.binary(Buffer.alloc(limit));
    assert.equal((await messages)[0].binaryData.length, limit);
    opened.peer.send({ opcode: BINARY, length: limit + 1 });
    await refused(opened, frameTooBig(limit + 1));
  });
});

onEachSide('maxReceivedMessageSize', (side) => {
  it('accepts exactly that many bytes in fragments, and not one more', async (t) => {
    const opened = await open(t, { ...side, config: { maxReceivedMessageSize: 200 } });
    const { connection, peer } = opened;
    const messages = gather(connection, 'message', 1);
    peer.send(
      { opcode: BINARY, payload: Buffer.alloc(150), fin: false },
      { opcode: CONTINUATION, payload: Buffer.alloc(50) },
    );
    assert.equal((await messages)[0].binaryData.length, 200);
    peer.send(
      { opcode: BINARY, payload: Buffer.alloc(150), fin: false },
      { opcode: CONTINUATION, payload: Buffer.alloc(51) },
    );
    await refused(opened, MESSAGE_TOO_BIG);
  });

  it("is checked as soon as the fragment's header has arrived", async (t) => {
    const opened = await open(t, { ...side, config: { maxReceivedMessageSize: 200 } });
    opened.peer.send(
      { opcode: BINARY, payload: Buffer.alloc(150), fin: false },
      { opcode: CONTINUATION, length: 51 },
    );
    await refused(opened, MESSAGE_TOO_BIG);
  });

  it('does not count other messages', async (t) => {
    const config = { maxReceivedMessageSize: 10 };
    const { connection, peer } = await open(t, { ...side, config });
    const messages = gather(connection, 'message', 50);
    for (let i = 0; i < 50; i++) {
      peer.send(
        { opcode: BINARY, payload: 'xxxxx', fin: false },
        { opcode: PING, payload: 'control frames do not count' },
        { opcode: CONTINUATION, payload: 'xxxxx' },
      );
    }
    assert.equal((await messages).length, 50);
  });

  it('is 1 MiB for servers and 8 MiB for clients', async (t) => {
    const opened = await open(t, side);
    const { connection, peer } = opened;
    const count = side.role === 'server' ? 16 : 128;
    const fragment = Buffer.alloc(0x10000);
    const messages = gather(connection, 'message', 1);
    for (let i = 0; i < count; i++) {
      const opcode = i === 0 ? BINARY : CONTINUATION;
      peer.send({ opcode, payload: fragment, fin: i === count - 1 });
    }
    assert.equal((await messages)[0].binaryData.length, count * 0x10000);
    for (let i = 0; i < count; i++) {
      peer.send({ opcode: i === 0 ? BINARY : CONTINUATION, payload: fragment, fin: false });
    }
    peer.send({ opcode: CONTINUATION, payload: 'x' });
    await refused(opened, MESSAGE_TOO_BIG);
  });
});

onEachSide('The number of fragments', (side) => {
  const fragments = (count, payload) =>
    Array.from({ length: count }, (_, i) => ({
      opcode: i === 0 ? TEXT : CONTINUATION,
      fin: false,
      payload,
    }));

  it('is bounded by maxFragments', async (t) => {
    const opened = await open(t, { ...side, config: { maxFragments: 5 } });
    const { connection, peer } = opened;
    const messages = gather(connection, 'message', 2);
    for (let i = 0; i < 2; i++) {
      peer.send(...fragments(4, 'x'), { opcode: CONTINUATION, payload: 'x' });
    }
    await messages;
    peer.send(...fragments(6, 'x'));
    await refused(opened, TOO_MANY);
  });

  it('has no other bound while they are not empty', async (t) => {
    const { connection, peer } = await open(t, side);
    const messages = gather(connection, 'message', 1);
    peer.send(...fragments(5000, 'x'), { opcode: CONTINUATION, payload: 'x' });
    assert.equal((await messages)[0].utf8Data, 'x'.repeat(5001));
  });

  it('is bounded when they are empty, which no size limit covers', async (t) => {
    const opened = await open(t, side);
    const { connection, peer } = opened;
    const messages = gather(connection, 'message', 1);
    peer.send(...fragments(1000, ''), { opcode: CONTINUATION, payload: 'x' });
    assert.equal((await messages)[0].utf8Data, 'x');
    peer.send(...fragments(1100, ''));
    await refused(opened, TOO_MANY);
  });
});

onEachSide('When a limit is exceeded', (side) => {
  it('everything before it is delivered, and nothing after it', async (t) => {
    const opened = await open(t, { ...side, config: { maxReceivedFrameSize: 10 } });
    const { connection, peer } = opened;
    const log = record(connection);
    const closed = closing(connection);
    peer.send(
      { opcode: TEXT, payload: 'a' },
      { opcode: PING, payload: 'p' },
      { opcode: TEXT, payload: 'b' },
      { opcode: TEXT, payload: 'too long by far' },
      { opcode: TEXT, payload: 'c' },
      { opcode: PING, payload: 'q' },
    );
    assert.equal((await peer.expect(PONG)).payload.toString(), 'p');
    await refused(opened, frameTooBig(15), closed);
    assert.deepEqual(log, [
      ['message', { type: 'utf8', utf8Data: 'a' }],
      ['message', { type: 'utf8', utf8Data: 'b' }],
      ['close', ...frameTooBig(15)],
    ]);
  });
});

onEachTransport('Two connections of ours', (transport) => {
  it('both report that a message was too long, in the same words', async (t) => {
    const { accepted, connected } = await pair(t, {
      transport,
      server: { maxReceivedMessageSize: 50000 },
    });
    const ends = [closing(accepted), closing(connected)];
    connected.sendUTF('x'.repeat(60000));
    assert.deepEqual(await Promise.all(ends), [MESSAGE_TOO_BIG, MESSAGE_TOO_BIG]);
  });
});

onEachSide('A limit that is changed on an open connection', (side) => {
  const fragments = (count, size) =>
    Array.from({ length: count }, (_, i) => ({
      opcode: i === 0 ? BINARY : CONTINUATION,
      fin: i === count - 1,
      payload: Buffer.alloc(size),
    }));
  const config = { maxReceivedFrameSize: 50000, maxReceivedMessageSize: 100000 };

  it('accepts longer messages', async (t) => {
    const { connection, peer } = await open(t, { ...side, config });
    assert.equal(connection.maxReceivedMessageSize, 100000);
    connection.maxReceivedMessageSize = 300000;
    const message = once(connection, 'message');
    peer.send(...fragments(6, 40000));
    assert.equal((await message)[0].binaryData.length, 240000);
    assert.equal(connection.maxReceivedMessageSize, 300000);
    assert.equal(connection.config.maxReceivedMessageSize, 100000);
  });

  it('refuses longer messages', async (t) => {
    const { connection, peer } = await open(t, { ...side, config });
    connection.maxReceivedMessageSize = 50000;
    const closed = closing(connection);
    peer.send(...fragments(2, 40000));
    assert.deepEqual(await closed, [1009, 'Maximum message size exceeded.']);
  });

  it('holds for compressed messages', async (t) => {
    const setting = { ...side, config: { ...config, maxReceivedFrameSize: 1000000 } };
    const { connection, peer, codec } = await openDeflated(t, setting);
    const text = prose(200000);
    connection.maxReceivedMessageSize = 300000;
    const message = once(connection, 'message');
    peer.send(codec.text(text));
    assert.equal((await message)[0].utf8Data.length, text.length);
    connection.maxReceivedMessageSize = 50000;
    const closed = closing(connection);
    peer.send(codec.text(text));
    assert.equal((await closed)[0], 1009);
  });

  it('applies to that connection only', async (t) => {
    const { connection, peer } = await open(t, { ...side, config });
    const other = await open(t, { ...side, config });
    other.connection.maxReceivedMessageSize = 1;
    const message = once(connection, 'message');
    peer.send(...fragments(2, 40000));
    assert.equal((await message)[0].binaryData.length, 80000);
  });

  it('ends a closing handshake sooner', async (t) => {
    const setting = { ...side, config: { closeTimeout: 2 ** 31 - 1 } };
    const { connection } = await open(t, setting);
    connection.closeTimeout = 20;
    const closed = closing(connection);
    connection.close(4000, 'never answered');
    assert.deepEqual(await closed, [4000, 'never answered']);
  });
});
