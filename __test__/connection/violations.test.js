'use strict';

const assert = require('node:assert/strict');

const { it, onEachSide, open } = require('../support/connect');
const { closing, record } = require('../support/events');
const {
  BINARY,
  CLOSE,
  CONTINUATION,
  PING,
  PONG,
  TEXT,
  closeBody,
  encode,
} = require('../support/frames');

/** Violations of RFC 6455, and the close frame that the peer gets for each. */
const VIOLATIONS = [
  {
    section: '§5.5: a control frame over 125 bytes',
    frames: [{ opcode: PING, payload: 'x'.repeat(126) }],
    says: [1002, 'Illegal control frame longer than 125 bytes.'],
  },
  {
    section: '§5.5: a close frame over 125 bytes',
    frames: [{ opcode: CLOSE, payload: closeBody(1000, 'x'.repeat(124)) }],
    says: [1002, 'Illegal control frame longer than 125 bytes.'],
  },
  {
    section: '§5.5: a ping in fragments',
    frames: [{ opcode: PING, payload: 'x', fin: false }],
    says: [1002, 'Control frames must not be fragmented.'],
  },
  ...[4, 2, 1, 7].map((rsv) => ({
    section: `§5.2: reserved bits 0b${rsv.toString(2).padStart(3, '0')}`,
    frames: [{ opcode: TEXT, payload: 'x', rsv }],
    says: [1002, 'Unsupported usage of rsv bits without negotiated extension.'],
  })),
  {
    section: '§5.2: reserved bits on a control frame',
    frames: [{ opcode: PONG, payload: 'x', rsv: 2 }],
    says: [1002, 'Unsupported usage of rsv bits without negotiated extension.'],
  },
  ...[0x3, 0x7, 0xb, 0xf].map((opcode) => ({
    section: `§5.2: reserved opcode 0x${opcode.toString(16)}`,
    frames: [{ opcode, payload: 'x' }],
    says: [1002, `Unrecognized Opcode: 0x${opcode.toString(16)}`],
  })),
  {
    section: '§5.2: a length with its most significant bit set',
    frames: [{ opcode: BINARY, length: 1n << 63n }],
    says: [1002, 'Unsupported 64-bit length frame received'],
  },
  {
    section: '§7.4.1: a length of 2³²',
    frames: [{ opcode: BINARY, length: 1n << 32n }],
    says: [1009, 'Unsupported 64-bit length frame received'],
  },
  {
    section: '§5.2: 125 in two bytes',
    frames: [{ opcode: BINARY, payload: 'x'.repeat(125), lengthBytes: 2 }],
    says: [1002, 'Frame length is not minimally encoded.'],
  },
  {
    section: '§5.2: 65535 in eight bytes',
    frames: [{ opcode: BINARY, payload: 'x'.repeat(65535), lengthBytes: 8 }],
    says: [1002, 'Frame length is not minimally encoded.'],
  },
  {
    section: '§5.4: a continuation of nothing',
    frames: [{ opcode: CONTINUATION, payload: 'x' }],
    says: [1002, 'Unexpected Continuation Frame'],
  },
  {
    section: '§5.4: a continuation of a message that is over',
    frames: [
      { opcode: TEXT, payload: 'x', fin: false },
      { opcode: CONTINUATION, payload: 'y' },
      { opcode: CONTINUATION, payload: 'z' },
    ],
    delivers: ['xy'],
    says: [1002, 'Unexpected Continuation Frame'],
  },
  ...[TEXT, BINARY].map((opcode) => ({
    section: `§5.4: opcode 0x${opcode} within another message`,
    frames: [
      { opcode: TEXT, payload: 'x', fin: false },
      { opcode, payload: 'y' },
    ],
    says: [1002, `Illegal frame opcode 0x${opcode} received in middle of fragmented message.`],
  })),
  ...[
    ['a continuation byte alone', '80'],
    ['an overlong slash', 'c0af'],
    ['a surrogate', 'eda080'],
    ['a code point beyond U+10FFFF', 'f4908080'],
    ['a character that never ends', 'e282'],
    ['something good, then something bad', '6162c328'],
  ].map(([what, hex]) => ({
    section: `§8.1: ${what}`,
    frames: [{ opcode: TEXT, payload: Buffer.from(hex, 'hex') }],
    says: [1007, 'Invalid UTF-8 Data Received'],
  })),
  {
    section: '§8.1: a bad byte in a later fragment',
    frames: [
      { opcode: TEXT, payload: Buffer.from('e282', 'hex'), fin: false },
      { opcode: CONTINUATION, payload: Buffer.from('41', 'hex') },
    ],
    says: [1007, 'Invalid UTF-8 Data Received'],
  },
];

onEachSide('A peer that breaks the protocol', (side) => {
  for (const { section, frames, delivers = [], says } of VIOLATIONS) {
    it(`${section}: ${says.join(' ')}`, async (t) => {
      const { connection, peer } = await open(t, side);
      const log = record(connection);
      const closed = closing(connection);
      peer.send({ opcode: TEXT, payload: 'before' }, ...frames, { opcode: TEXT, payload: 'after' });

      assert.deepEqual(Object.values(await peer.expectClose()), says);
      assert.equal(await peer.ended(), 'FIN');
      assert.deepEqual(await closed, says);
      assert.deepEqual(log, [
        ...['before', ...delivers].map((utf8Data) => ['message', { type: 'utf8', utf8Data }]),
        ['close', ...says],
      ]);
      assert.deepEqual([connection.connected, connection.state], [false, 'closed']);
    });
  }

  it('§5.1: wrong masking for its role', async (t) => {
    const { connection, peer } = await open(t, side);
    const closed = closing(connection);
    const words =
      side.role === 'server'
        ? 'Frames from clients must be masked.'
        : 'Frames from servers must not be masked.';
    peer.send({ opcode: TEXT, payload: 'x', masked: side.role !== 'server' });
    assert.deepEqual(Object.values(await peer.expectClose()), [1002, words]);
    assert.equal(await peer.ended(), 'FIN');
    assert.deepEqual(await closed, [1002, words]);
  });

  it('§5.1: is accepted with requireMasking: false', async (t) => {
    const { connection, peer } = await open(t, { ...side, config: { requireMasking: false } });
    const log = record(connection, ['message', 'close']);
    const closed = closing(connection);
    peer.send(
      { opcode: TEXT, payload: 'masked', masked: true },
      { opcode: TEXT, payload: 'plain', masked: false },
      { opcode: CLOSE, payload: closeBody(1000, 'bye'), masked: false },
    );
    peer.end();
    await closed;
    assert.deepEqual(log, [
      ['message', { type: 'utf8', utf8Data: 'masked' }],
      ['message', { type: 'utf8', utf8Data: 'plain' }],
      ['close', 1000, 'bye'],
    ]);
  });

  it('is detected in the first two bytes if possible', async (t) => {
    for (const [bytes, words] of [
      ['c181', 'Unsupported usage of rsv bits without negotiated extension.'],
      ['8381', 'Unrecognized Opcode: 0x3'],
      ['8081', 'Unexpected Continuation Frame'],
      ['89fe', 'Illegal control frame longer than 125 bytes.'],
      ['0981', 'Control frames must not be fragmented.'],
    ]) {
      const { peer } = await open(t, side);
      peer.write(Buffer.from(bytes, 'hex'));
      assert.deepEqual(Object.values(await peer.expectClose()), [1002, words]);
    }
  });

  it('is detected at the first byte that cannot be UTF-8, long before the end', async (t) => {
    const { peer } = await open(t, side);
    const wire = peer.frame({
      opcode: TEXT,
      payload: Buffer.from('c3'.padEnd(20000, '28'), 'hex'),
    });
    peer.write(wire.subarray(0, 100));
    assert.equal((await peer.expectClose()).code, 1007);
  });

  it('reads the close frame although it goes on sending', async (t) => {
    const { peer } = await open(t, side);
    const masked = side.role === 'server';
    const rubbish = encode({ opcode: BINARY, payload: Buffer.alloc(60000), masked });
    peer.write(Buffer.concat([peer.frame({ opcode: 0x3 }), ...Array(50).fill(rubbish)]));
    assert.deepEqual(Object.values(await peer.expectClose()), [1002, 'Unrecognized Opcode: 0x3']);
    assert.equal(await peer.ended(), 'FIN');
  });

  it('after our close frame does not disturb the closing handshake', async (t) => {
    const { connection, peer } = await open(t, side);
    const closed = closing(connection);
    connection.close(4001, 'ours');
    peer.send({ opcode: 0x3 });
    assert.deepEqual(await peer.expectClose(), { code: 4001, reason: 'ours' });
    assert.equal(await peer.ended(), 'FIN');
    peer.end();
    assert.deepEqual(await closed, [4001, 'ours']);
  });
});
