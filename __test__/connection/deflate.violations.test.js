'use strict';

// Violations by peers that have agreed on compression, and by peers that have not.

const assert = require('node:assert/strict');
const { deflateRawSync } = require('node:zlib');

const { it, onEachSide, open } = require('../support/connect');
const { RSV1, inFragments, noise, openDeflated, prose } = require('../support/deflate');
const { closing, contentOf, record } = require('../support/events');
const { BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, closeBody } = require('../support/frames');

const RESERVED = [1002, 'Unsupported usage of rsv bits without negotiated extension.'];
const CORRUPT = [1007, 'Invalid compressed data received.'];
const NO_UTF8 = [1007, 'Invalid UTF-8 Data Received'];
const TOO_BIG = [1009, 'Maximum message size exceeded.'];

const VIOLATIONS = {
  'RSV1 on a continuation (RFC 7692 §6.1)': {
    frames: (codec) => {
      const [first, second] = inFragments(codec.text('Hello'), 2);
      return [first, { ...second, rsv: RSV1 }];
    },
    says: RESERVED,
  },
  'RSV1 on a continuation of what is not compressed': {
    frames: () => [
      { opcode: TEXT, payload: 'a', fin: false },
      { opcode: CONTINUATION, payload: 'b', rsv: RSV1 },
    ],
    says: RESERVED,
  },
  ...Object.fromEntries(
    [
      ['a ping', { opcode: PING, payload: 'x' }],
      ['a pong', { opcode: PONG, payload: 'x' }],
      ['a close frame', { opcode: CLOSE, payload: closeBody(1000, 'bye') }],
    ].map(([what, frame]) => [
      `RSV1 on ${what} (RFC 7692 §6.1)`,
      { frames: () => [{ ...frame, rsv: RSV1 }], says: RESERVED },
    ]),
  ),
  ...Object.fromEntries(
    [1, 2, 3, 5, 6, 7].map((rsv) => [
      `reserved bits 0b${rsv.toString(2).padStart(3, '0')} (RFC 6455 §5.2)`,
      { frames: (codec) => [{ ...codec.text('Hello'), rsv }], says: RESERVED },
    ]),
  ),
  ...Object.fromEntries(
    Object.entries({
      'a block of a type that does not exist': '07',
      'a length that contradicts itself': '000500faf048656c6c6f00',
      'a distance to before the first byte': deflateRawSync('Hello', {
        dictionary: Buffer.concat([Buffer.from('Hello'), noise(100)]),
      }).toString('hex'),
      'codes of lengths that make no sense': '04c0ffffffff',
    }).map(([what, hex]) => [
      `${what} (RFC 1951)`,
      {
        frames: () => [{ opcode: BINARY, rsv: RSV1, payload: Buffer.from(hex, 'hex') }],
        says: CORRUPT,
      },
    ]),
  ),
  'a payload that breaks off': {
    frames: (codec) => {
      const frame = codec.binary(prose(5000));
      return [{ ...frame, payload: frame.payload.subarray(0, frame.payload.length / 2) }];
    },
    says: CORRUPT,
  },
  'a payload that is not compressed': {
    frames: () => [{ opcode: TEXT, rsv: RSV1, payload: 'this is as it was written' }],
    says: CORRUPT,
  },
  'corruption in a later fragment': {
    frames: (codec) => {
      const fragments = inFragments(codec.text(prose(5000)), 4);
      fragments[2].payload = noise(fragments[2].payload.length);
      return fragments;
    },
    // zlib may accept noise, and then the result may be invalid text.
    says: [1007],
  },
  'text that is not UTF-8 once it is inflated (RFC 6455 §8.1)': {
    frames: (codec) => [codec.text(Buffer.from('6162c328', 'hex'))],
    says: NO_UTF8,
  },
  'the same in fragments': {
    frames: (codec) => inFragments(codec.text(Buffer.from('6162e282', 'hex')), 3),
    says: NO_UTF8,
  },
};

/**
 * Sends frames between two valid messages and checks the result. Only the first message may be
 * delivered.
 */
async function judge({ connection, peer, codec }, frames, says) {
  const log = record(connection);
  const closed = closing(connection);
  const before = codec.text('before');
  peer.send(before, ...frames(codec), { opcode: TEXT, payload: 'after' });
  const told = Object.values(await peer.expectClose());
  assert.deepEqual(told.slice(0, says.length), says);
  assert.equal(await peer.ended(), 'FIN');
  assert.deepEqual(await closed, told);
  assert.deepEqual(log, [
    ['message', { type: 'utf8', utf8Data: 'before' }],
    ['close', ...told],
  ]);
  assert.deepEqual([connection.connected, connection.state], [false, 'closed']);
}

onEachSide('A peer that compresses and breaks the protocol', (side) => {
  for (const [what, { frames, says }] of Object.entries(VIOLATIONS)) {
    it(`${what}: ${says.join(' ')}`, async (t) => {
      await judge(await openDeflated(t, side), frames, says);
    });
  }

  it('refers to an earlier message without context takeover: 1007', async (t) => {
    const agreement = { theirs: { forgets: true } };
    const opened = await openDeflated(t, { ...side, agreement });
    const payload = deflateRawSync('before', { dictionary: Buffer.from('before') });
    await judge(opened, () => [{ opcode: TEXT, rsv: RSV1, payload }], CORRUPT);
  });

  it('refers to data further back than its window: 1007', async (t) => {
    const agreement = { theirs: { bits: 9 } };
    const opened = await openDeflated(t, { ...side, agreement });
    const said = noise(2000);
    const payload = deflateRawSync(said.subarray(0, 200), { dictionary: said });
    const { connection, peer, codec } = opened;
    const closed = closing(connection);
    peer.send(codec.binary(said), { opcode: BINARY, rsv: RSV1, payload });
    assert.deepEqual(Object.values(await peer.expectClose()), CORRUPT);
    assert.deepEqual(await closed, CORRUPT);
  });

  it('may not misuse reserved bits with assembleFragments: false either', async (t) => {
    for (const frames of [
      [{ opcode: PING, rsv: RSV1 }],
      [{ opcode: TEXT, rsv: RSV1 | 1 }],
      [
        { opcode: TEXT, rsv: RSV1, fin: false },
        { opcode: CONTINUATION, rsv: RSV1 },
      ],
    ]) {
      const config = { assembleFragments: false };
      const { peer } = await openDeflated(t, { ...side, config });
      peer.send(...frames);
      assert.deepEqual(Object.values(await peer.expectClose()), RESERVED);
    }
  });
});

onEachSide('Without negotiated compression', (side) => {
  it('RSV1 is refused although the option is on', async (t) => {
    const config = { perMessageDeflate: true };
    const { connection, peer } = await open(t, { ...side, config });
    assert.deepEqual(connection.extensions, []);
    peer.send({ opcode: TEXT, rsv: RSV1, payload: Buffer.from('f248cdc9c90700', 'hex') });
    assert.deepEqual(Object.values(await peer.expectClose()), RESERVED);
  });

  it('nothing is compressed', async (t) => {
    const config = { perMessageDeflate: { threshold: 0 } };
    const { connection, peer } = await open(t, { ...side, config });
    const text = prose(10000);
    connection.sendUTF(text);
    connection.sendUTF(text, { compress: true });
    for (let i = 0; i < 2; i++) {
      const { rsv, payload } = await peer.next();
      assert.equal(rsv, 0);
      assert.equal(`${payload}`, text);
    }
  });
});

onEachSide('maxReceivedMessageSize', (side) => {
  const config = { maxReceivedMessageSize: 10000 };

  it('limits the inflated size: exactly that is accepted, and a byte more is not', async (t) => {
    const opened = await openDeflated(t, { ...side, config });
    const { connection, peer, codec } = opened;
    const log = record(connection);
    const closed = closing(connection);
    const [text, bytes] = [prose(10000), noise(10000 - 100)];
    peer.send(codec.text(text), ...inFragments(codec.binary(bytes), 5), codec.text(text));
    peer.send(...inFragments(codec.text(`${text}!`), 3), { opcode: TEXT, payload: 'after' });
    assert.deepEqual(Object.values(await peer.expectClose()), TOO_BIG);
    assert.equal(await peer.ended(), 'FIN');
    assert.deepEqual(await closed, TOO_BIG);
    assert.deepEqual(
      log.map(([name, value]) => (name === 'message' ? contentOf(value) : value)),
      [text, bytes, text, 1009],
    );
  });

  it('does not limit frames: maxReceivedFrameSize counts bytes on the wire', async (t) => {
    const sizes = { maxReceivedFrameSize: 1000, maxReceivedMessageSize: 1000000 };
    const { connection, peer, codec } = await openDeflated(t, { ...side, config: sizes });
    const closed = closing(connection);
    const long = codec.text('x'.repeat(500000));
    assert.ok(long.payload.length <= 1000);
    const message = new Promise((resolve) => connection.once('message', resolve));
    peer.send(long);
    assert.equal((await message).utf8Data.length, 500000);
    peer.send(codec.binary(noise(1001)));
    assert.equal((await peer.expectClose()).code, 1009);
    assert.equal((await closed)[0], 1009);
  });
});
