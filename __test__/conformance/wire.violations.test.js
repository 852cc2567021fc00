'use strict';

const assert = require('node:assert/strict');

const { it, onEachSide } = require('../support/connect');
const { PLAIN, ascii, openWire } = require('./wire');

/**
 * What a peer may not send, by the answer that it gets: the close frame up to its code, then the
 * reason.
 */
const VIOLATIONS = [
  {
    rule: 'RSV bits belong to extensions (RFC 6455 §5.2)',
    answer: '883d 03ea',
    words: 'Unsupported usage of rsv bits without negotiated extension.',
    cases: {
      'RSV1 on text': ['c100'],
      'RSV2 on text': ['a100'],
      'RSV3 on text': ['9100'],
      'RSV1, RSV2 and RSV3 on text': ['f100'],
      'RSV1 on binary': ['c200'],
      'RSV1 on the first fragment': ['4100'],
      'RSV2 on a later fragment': ['0100', '2000'],
      'RSV3 on the last fragment': ['0100', '9000'],
      'RSV1 on a ping': ['c900'],
      'RSV2 on a pong': ['aa00'],
      'RSV3 on a close': ['9802 03e8'],
      'a payload that never comes': ['c17f0000000000010000'],
    },
  },
  ...['3', '4', '5', '6', '7', 'b', 'c', 'd', 'e', 'f'].map((digit) => ({
    rule: `opcode 0x${digit} is reserved (§5.2)`,
    answer: '881a 03ea',
    words: `Unrecognized Opcode: 0x${digit}`,
    cases: {
      'an empty frame': [`8${digit}00`],
      'a frame with a payload': [`8${digit}05 48656c6c6f`],
    },
  })),
  {
    rule: 'a reserved opcode is none for a message (§5.2)',
    answer: '881a 03ea',
    words: 'Unrecognized Opcode: 0x3',
    cases: { 'a first fragment': ['0300'] },
  },
  {
    rule: 'a reserved opcode is none between fragments (§5.4)',
    answer: '881a 03ea',
    words: 'Unrecognized Opcode: 0xb',
    cases: { 'a control frame': ['0101 48', '8b00'] },
  },
  {
    rule: 'control frames have at most 125 bytes (§5.5)',
    answer: '882e 03ea',
    words: 'Illegal control frame longer than 125 bytes.',
    cases: {
      'a ping of 126': ['897e007e'],
      'a pong of 126': ['8a7e007e'],
      'a close of 126': ['887e007e'],
      'a ping of 65536': ['897f0000000000010000'],
      'a ping whose few bytes are counted in 16 bits': ['897e0005 48656c6c6f'],
      'a length that never comes': ['897e'],
    },
  },
  {
    rule: 'control frames are not fragmented (§5.5)',
    answer: '8828 03ea',
    words: 'Control frames must not be fragmented.',
    cases: {
      'a ping': ['0900'],
      'a pong': ['0a00'],
      'a close': ['0802 03e8'],
      'a ping between fragments': ['0101 48', '0900'],
    },
  },
  {
    rule: 'a message does not begin with a continuation (§5.4)',
    answer: '881f 03ea',
    words: 'Unexpected Continuation Frame',
    cases: {
      'the first frame of all': ['8000'],
      'one that is to be continued': ['0005 48656c6c6f'],
    },
  },
  ...[
    ['text', '1'],
    ['binary', '2'],
    ['reserved', '7'],
  ].map(([what, digit]) => ({
    rule: `a ${what} frame does not interrupt a message (§5.4)`,
    answer: '8844 03ea',
    words: `Illegal frame opcode 0x${digit} received in middle of fragmented message.`,
    cases: {
      'a whole one in text': ['0101 48', `8${digit}01 49`],
      'a whole one in binary': ['0201 48', `8${digit}01 49`],
      'a fragment after two': ['0101 48', '0001 49', `0${digit}01 4a`],
    },
  })),
  {
    rule: 'lengths take the fewest bytes (§5.2)',
    answer: '8828 03ea',
    words: 'Frame length is not minimally encoded.',
    cases: {
      '0 in 16 bits': ['817e0000'],
      '5 in 16 bits': ['827e0005 48656c6c6f'],
      '125 in 16 bits': ['817e007d'],
      '0 in 64 bits': ['827f0000000000000000'],
      '125 in 64 bits': ['817f000000000000007d'],
      '126 in 64 bits': ['817f000000000000007e'],
      '65535 in 64 bits': ['827f000000000000ffff'],
      'of a later fragment': ['0101 48', '807e0001 49'],
    },
  },
  {
    rule: 'the highest bit of a length is 0 (§5.2)',
    answer: '882a 03ea',
    words: 'Unsupported 64-bit length frame received',
    cases: {
      '2⁶³': ['827f8000000000000000'],
      '2⁶³ + 5, of which 5 bytes are there': ['827f8000000000000005 48656c6c6f'],
      '2⁶⁴ − 1': ['817fffffffffffffffff'],
      '2⁶³ in a first fragment': ['017f8000000000000000'],
      '2⁶³ in a later fragment': ['0101 48', '807f8000000000000000'],
    },
  },
  {
    rule: 'a length beyond 32 bits is legal, and too big (§7.4.1)',
    answer: '882a 03f1',
    words: 'Unsupported 64-bit length frame received',
    cases: {
      '2³²': ['827f0000000100000000'],
      '2³² + 5, of which 5 bytes are there': ['827f0000000100000005 48656c6c6f'],
      '2⁶³ − 1': ['817f7fffffffffffffff'],
      '2⁶³ − 1 in a first fragment': ['027f7fffffffffffffff'],
      '2³² in a later fragment': ['0101 48', '807f0000000100000000'],
    },
  },
  {
    rule: 'text is UTF-8 (§8.1)',
    answer: '881d 03ef',
    words: 'Invalid UTF-8 Data Received',
    cases: {
      'in one frame': ['8105 48656cff6f'],
      'in the second fragment': ['0101 48', '8001 ff'],
      'the reason of a close': ['8804 03e8c328'],
    },
  },
  {
    rule: 'a frame is as long as allowed at most',
    config: { maxReceivedFrameSize: 5 },
    answer: '883b 03f1',
    words: 'Frame size of 6 bytes exceeds maximum accepted frame size',
    cases: {
      'one byte more': ['8206'],
      'one byte more in a later fragment': ['0205 0102030405', '8006'],
    },
  },
  {
    rule: 'a length of 32 bits is judged before anything is reserved for it',
    answer: '8844 03f1',
    words: 'Frame size of 4294967295 bytes exceeds maximum accepted frame size',
    cases: { '2³² − 1': ['827f00000000ffffffff'] },
  },
  {
    rule: 'a message is as long as allowed at most',
    config: { maxReceivedMessageSize: 8 },
    answer: '8820 03f1',
    words: 'Maximum message size exceeded.',
    cases: {
      'fragments of one byte more': ['0205 0102030405', '8004'],
      'a first fragment that is too long by itself': ['0209'],
    },
  },
  {
    rule: 'a message has as many fragments as allowed at most',
    config: { maxFragments: 2 },
    answer: '8824 03f0',
    words: 'Too many fragments in one message.',
    cases: { 'a third one': ['0101 48', '0001 49', '8001 4a'] },
  },
  {
    rule: 'a message has 1024 empty fragments at most',
    answer: '8824 03f0',
    words: 'Too many fragments in one message.',
    cases: { 'one more': ['0100', ...Array(1024).fill('0000')] },
  },
];

for (const { rule, config, answer, words, cases } of VIOLATIONS) {
  onEachSide(
    `${rule}: the peer gets a close frame, and TCP ends with FIN`,
    (side) => {
      for (const [what, frames] of Object.entries(cases)) {
        it(what, async (t) => {
          const { wire, messages, closed } = await openWire(t, { ...side, config });
          wire.send(...frames);
          assert.deepEqual(await wire.rest(), [answer + ascii(words), 'FIN']);
          assert.deepEqual(await closed, [Number.parseInt(answer.slice(-4), 16), words]);
          assert.deepEqual(messages, []);
          await wire.finish();
        });
      }
    },
    PLAIN,
  );
}

onEachSide(
  'Only clients mask (RFC 6455 §5.1): the peer gets a close frame, and TCP ends with FIN',
  (side) => {
    const [wrong, answer, words] =
      side.role === 'server'
        ? ['810548656c6c6f', '8825 03ea', 'Frames from clients must be masked.']
        : ['818537fa213d7f9f4d5158', '8829 03ea', 'Frames from servers must not be masked.'];

    for (const [what, bytes] of [
      ['text', wrong],
      ['no more than two bytes', wrong.slice(0, 4)],
      ['a ping', wrong.replace('81', '89')],
      ['a close', wrong.replace('81', '88')],
    ]) {
      it(what, async (t) => {
        const { wire, messages, closed } = await openWire(t, side);
        wire.peer.write(Buffer.from(bytes, 'hex'));
        assert.deepEqual(await wire.rest(), [answer + ascii(words), 'FIN']);
        assert.deepEqual(await closed, [1002, words]);
        assert.deepEqual(messages, []);
      });
    }
  },
  PLAIN,
);

const RSV = `883d 03ea${ascii('Unsupported usage of rsv bits without negotiated extension.')}`;

onEachSide('A violation', (side) => {
  for (const [what, frame] of [
    ['RSV1', 'c105 48656c6c6f'],
    ['RSV2', 'a105 48656c6c6f'],
    ['RSV3', '9105 48656c6c6f'],
    ['RSV1 on binary', 'c205 48656c6c6f'],
    ['RSV1 on a fragment', '4105 48656c6c6f'],
    ['RSV1 on a ping', 'c900'],
    ['RSV1 on a close', 'c802 03e8'],
    ['RSV1 and two bytes of a header', 'c17f'],
  ]) {
    it(`by ${what}, in one segment with the handshake, is answered like any other`, async (t) => {
      const { wire, messages, closed } = await openWire(t, { ...side, frames: [frame] });
      assert.deepEqual(await wire.rest(), [RSV, 'FIN']);
      assert.equal((await closed)[0], 1002);
      assert.deepEqual(messages, []);
      await wire.finish();
    });
  }

  it('after messages in one segment with the handshake is reported after them', async (t) => {
    const frames = ['8105 48656c6c6f', '8900', 'c100', '8101 21'];
    const { wire, messages } = await openWire(t, { ...side, frames });
    assert.deepEqual(await wire.rest(), ['8a00', RSV, 'FIN']);
    assert.deepEqual(messages, ['Hello']);
  });

  it('is answered after the answers to earlier messages', async (t) => {
    const { connection, wire, messages } = await openWire(t, side);
    connection.on('message', ({ utf8Data }) => connection.sendUTF(`${utf8Data}!`));
    wire.send('8105 48656c6c6f', '8101 41', 'c100', '8101 42');
    assert.deepEqual(await wire.rest(), ['8106 48656c6c6f21', '8102 4121', RSV, 'FIN']);
    assert.deepEqual(messages, ['Hello', 'A']);
  });

  it('is answered in order after much earlier output', async (t) => {
    const config = { fragmentOutgoingMessages: false };
    const { connection, wire } = await openWire(t, { ...side, config });
    wire.peer.socket.pause();
    for (let i = 0; i < 16; i++) connection.sendBytes(Buffer.alloc(1024 * 1024));
    wire.send('c100');
    wire.peer.socket.resume();
    const rest = await wire.rest();
    assert.deepEqual(rest.slice(16), [RSV, 'FIN']);
    for (const frame of rest.slice(0, 16)) {
      assert.equal(frame.indexOf(' '), '827f0000000000100000'.length);
    }
  });

  it('by a peer that goes on sending is answered, too, and nothing is reset', async (t) => {
    const { wire, messages } = await openWire(t, side);
    wire.send('c100', ...Array(64).fill(`827e4000 ${'00'.repeat(0x4000)}`));
    assert.deepEqual(await wire.rest(), [RSV, 'FIN']);
    wire.send(...Array(64).fill(`827e4000 ${'00'.repeat(0x4000)}`));
    await wire.finish();
    assert.deepEqual(messages, []);
  });

  it('is also found with assembleFragments: false', async (t) => {
    for (const [frames, answer, limits] of [
      [['c100'], RSV],
      [['8300'], `881a 03ea${ascii('Unrecognized Opcode: 0x3')}`],
      [['897e'], `882e 03ea${ascii('Illegal control frame longer than 125 bytes.')}`],
      [['0900'], `8828 03ea${ascii('Control frames must not be fragmented.')}`],
      [['8000'], `881f 03ea${ascii('Unexpected Continuation Frame')}`],
      [
        ['0100', '8200'],
        `8844 03ea${ascii('Illegal frame opcode 0x2 received in middle of fragmented message.')}`,
      ],
      [['817e0000'], `8828 03ea${ascii('Frame length is not minimally encoded.')}`],
      [['827f8000000000000000'], `882a 03ea${ascii('Unsupported 64-bit length frame received')}`],
      [['8804 03e8c328'], `881d 03ef${ascii('Invalid UTF-8 Data Received')}`],
      [
        ['8206'],
        `883b 03f1${ascii('Frame size of 6 bytes exceeds maximum accepted frame size')}`,
        { maxReceivedFrameSize: 5 },
      ],
      [['827f0000000100000000'], `882a 03f1${ascii('Unsupported 64-bit length frame received')}`],
    ]) {
      const config = { assembleFragments: false, ...limits };
      const { wire } = await openWire(t, { ...side, config });
      wire.send(...frames);
      assert.deepEqual(await wire.rest(), [answer, 'FIN']);
    }
  });
});
