'use strict';

// Peers that break the protocol, for a Receiver without a connection, against npm `ws`.

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');
const { constants, deflateRawSync } = require('node:zlib');

const { picker } = require('./support/oracle');
const { compareReceivers: compare, cut, frame } = require('./support/receiving');

const PREFIX = 'Invalid WebSocket frame: ';

/**
 * How the peer breaks the protocol: bytes, options, and then the class, the words, the code and the
 * close code of the error.
 */
const VIOLATIONS = [
  ['a000', {}, 'RangeError', `${PREFIX}RSV2 and RSV3 must be clear`, 'UNEXPECTED_RSV_2_3', 1002],
  ['9000', {}, 'RangeError', `${PREFIX}RSV2 and RSV3 must be clear`, 'UNEXPECTED_RSV_2_3', 1002],
  ['c100', {}, 'RangeError', `${PREFIX}RSV1 must be clear`, 'UNEXPECTED_RSV_1', 1002],
  ['4000', { deflate: {} }, 'RangeError', `${PREFIX}RSV1 must be clear`, 'UNEXPECTED_RSV_1', 1002],
  ['c900', { deflate: {} }, 'RangeError', `${PREFIX}RSV1 must be clear`, 'UNEXPECTED_RSV_1', 1002],
  ['8000', {}, 'RangeError', `${PREFIX}invalid opcode 0`, 'INVALID_OPCODE', 1002],
  ['01008100', {}, 'RangeError', `${PREFIX}invalid opcode 1`, 'INVALID_OPCODE', 1002],
  ['01008200', {}, 'RangeError', `${PREFIX}invalid opcode 2`, 'INVALID_OPCODE', 1002],
  ['8300', {}, 'RangeError', `${PREFIX}invalid opcode 3`, 'INVALID_OPCODE', 1002],
  ['8f00', {}, 'RangeError', `${PREFIX}invalid opcode 15`, 'INVALID_OPCODE', 1002],
  ['0900', {}, 'RangeError', `${PREFIX}FIN must be set`, 'EXPECTED_FIN', 1002],
  [
    '897e',
    {},
    'RangeError',
    `${PREFIX}invalid payload length 126`,
    'INVALID_CONTROL_PAYLOAD_LENGTH',
    1002,
  ],
  [
    '8a7f',
    {},
    'RangeError',
    `${PREFIX}invalid payload length 127`,
    'INVALID_CONTROL_PAYLOAD_LENGTH',
    1002,
  ],
  [
    '8801',
    {},
    'RangeError',
    `${PREFIX}invalid payload length 1`,
    'INVALID_CONTROL_PAYLOAD_LENGTH',
    1002,
  ],
  ['8100', { isServer: true }, 'RangeError', `${PREFIX}MASK must be set`, 'EXPECTED_MASK', 1002],
  ['8180', {}, 'RangeError', `${PREFIX}MASK must be clear`, 'UNEXPECTED_MASK', 1002],
  ['880203ee', {}, 'RangeError', `${PREFIX}invalid status code 1006`, 'INVALID_CLOSE_CODE', 1002],
  ['88020000', {}, 'RangeError', `${PREFIX}invalid status code 0`, 'INVALID_CLOSE_CODE', 1002],
  ['8101ff', {}, 'Error', `${PREFIX}invalid UTF-8 sequence`, 'INVALID_UTF8', 1007],
  ['0101c3800161', {}, 'Error', `${PREFIX}invalid UTF-8 sequence`, 'INVALID_UTF8', 1007],
  ['880303e8ff', {}, 'Error', `${PREFIX}invalid UTF-8 sequence`, 'INVALID_UTF8', 1007],
  [
    '827f0020000000000000',
    {},
    'RangeError',
    'Unsupported WebSocket frame: payload length > 2^53 - 1',
    'UNSUPPORTED_DATA_PAYLOAD_LENGTH',
    1009,
  ],
  [
    '827fffffffffffffffff',
    {},
    'RangeError',
    'Unsupported WebSocket frame: payload length > 2^53 - 1',
    'UNSUPPORTED_DATA_PAYLOAD_LENGTH',
    1009,
  ],
  [
    '8204',
    { maxPayload: 3 },
    'RangeError',
    'Max payload size exceeded',
    'UNSUPPORTED_MESSAGE_LENGTH',
    1009,
  ],
  [
    '020200000002',
    { maxPayload: 3 },
    'RangeError',
    'Max payload size exceeded',
    'UNSUPPORTED_MESSAGE_LENGTH',
    1009,
  ],
  [
    '0200000000008000',
    { maxFragments: 3 },
    'RangeError',
    'Too many message fragments',
    'TOO_MANY_BUFFERED_PARTS',
    1008,
  ],
];

/** Bytes that are no DEFLATE data, in zlib's words. */
const CORRUPT = {
  'invalid block type': 'cac1',
  'invalid stored block lengths': '68e9',
  'too many length or distance symbols': 'fc',
  'invalid code lengths set': '05',
  'invalid bit length repeat': '8d3482',
  'invalid code -- missing end-of-block': '74c4602a3bde96d0d9d7da7141542b',
  'invalid literal/lengths set': '04c034da3f62eaa34ab9962edc79e495b7a8',
  'invalid literal/length code': '1aeb',
  'invalid distance code': '3a46',
  'invalid distance too far back': '1b',
};

describe('A violation for a Receiver', () => {
  for (const [hex, options, name, message, code, closeCode] of VIOLATIONS) {
    it(`${message}: ${hex} ${JSON.stringify(options)}`, async () => {
      const bytes = Buffer.from(hex, 'hex');
      const error = { name, message, code: `WS_ERR_${code}`, errno: undefined };
      assert.deepEqual((await compare(options, [bytes])).at(-1), ['error', error, closeCode]);
      await compare(
        options,
        [...bytes].map((byte) => Buffer.from([byte])),
      );
    });
  }

  for (const [message, hex] of Object.entries(CORRUPT)) {
    it(`${message}, in zlib’s words: ${hex}`, async () => {
      const bytes = frame(0xc2, Buffer.from(hex, 'hex'), false);
      const error = { name: 'Error', message, code: 'Z_DATA_ERROR', errno: -3 };
      const log = await compare({ deflate: {} }, [bytes]);
      assert.deepEqual(log, [['error', error, 1007]]);
    });
  }

  it('is a message that inflates to more than maxPayload', async () => {
    const payload = deflateRawSync(Buffer.alloc(1000), { finishFlush: constants.Z_SYNC_FLUSH });
    const bytes = frame(0xc2, payload.subarray(0, -4), false);
    const log = await compare({ deflate: {}, maxPayload: 999 }, [bytes]);
    assert.equal(log[0][1].code, 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH');
    assert.equal((await compare({ deflate: {}, maxPayload: 1000 }, [bytes]))[0][0], 'message');
  });

  it('is a payload in more than maxBufferedChunks chunks', async () => {
    const chunks = ['8205', '61', '62', '63', '64', '65'].map((hex) => Buffer.from(hex, 'hex'));
    const log = await compare({ maxBufferedChunks: 4 }, chunks);
    assert.deepEqual(log[0][1], {
      name: 'RangeError',
      message: 'Too many buffered chunks',
      code: 'WS_ERR_TOO_MANY_BUFFERED_PARTS',
      errno: undefined,
    });
    assert.equal(log[0][2], 1008);
    await compare({ maxBufferedChunks: 5 }, chunks);
    await compare({ maxBufferedChunks: 2 }, [
      ...chunks.slice(0, 2),
      Buffer.from('62636465820561', 'hex'),
    ]);
  });

  it('ends the Receiver behind earlier messages', async () => {
    const log = await compare({}, [Buffer.from('81016183008100', 'hex')]);
    assert.deepEqual(log[0], ['message', '61', false]);
    assert.equal(log.length, 2);
  });
});

/** How many random sequences of frames are compared. */
const SEQUENCES = 3000;

/**
 * First bytes of frames. The last ones are wrong everywhere. Fragments of compressed messages are
 * missing: ws inflates them one by one, and the engine when all are there.
 */
const FIRST_BYTES = [
  0x81, 0x82, 0x01, 0x02, 0x00, 0x80, 0x89, 0x8a, 0x88, 0xc1, 0xc2, 0x40, 0x09, 0x91, 0xa2, 0x83,
  0x8b, 0xc9,
];

/** How many of them are good somewhere. */
const LIKELY_FIRST_BYTES = 11;

const PAYLOADS = ['', 'a', 'é', 'hello', '𝄞'.repeat(3), 'x'.repeat(400)].map((text) =>
  Buffer.from(text),
);

const corrupt = Object.values(CORRUPT);

/** A payload that is text, no text, a close body, compressed or corrupt. */
function randomPayload(first, pick) {
  const text = PAYLOADS[pick(PAYLOADS.length)];
  if (first === 0x88) {
    const code = [1000, 1001, 1004, 1005, 1006, 1015, 3000, 5000, 0][pick(9)];
    const body = Buffer.concat([Buffer.from([code >> 8, code & 0xff]), text]);
    return body.subarray(0, pick(5) === 0 ? pick(3) : 125);
  }
  if ((first & 0x40) !== 0) {
    // ws emits what it can inflate of a stream that breaks off. The engine refuses it.
    if (pick(8) === 0) return Buffer.from(corrupt[pick(corrupt.length)], 'hex');
    const deflated = deflateRawSync(text, { finishFlush: constants.Z_SYNC_FLUSH });
    return deflated.subarray(0, -4);
  }
  if (pick(6) > 0) return text;
  return Buffer.from(Array.from({ length: pick(140) }, () => pick(256)));
}

/** A sequence of frames from a peer that breaks the protocol sooner or later. */
function randomFrames(masks, pick) {
  const frames = [];
  for (let count = 1 + pick(8); count > 0; count--) {
    const isLikely = pick(12) > 0;
    const first = FIRST_BYTES[pick(isLikely ? LIKELY_FIRST_BYTES : FIRST_BYTES.length)];
    const payload = randomPayload(first, pick);
    const isControl = (first & 0x08) !== 0 && pick(20) > 0;
    const isMasked = pick(40) === 0 ? !masks : masks;
    frames.push(frame(first, isControl ? payload.subarray(0, 125) : payload, isMasked));
  }
  return Buffer.concat(frames);
}

function randomOptions(pick) {
  const deflates = pick(3) > 0;
  return {
    isServer: pick(2) === 0,
    // Corrupt data may inflate to more than a few bytes before ws notices the one or the other.
    maxPayload: [0, 399, deflates ? 399 : 5][pick(3)],
    maxFragments: [0, 0, 1, 2][pick(4)],
    skipUTF8Validation: pick(3) === 0,
    binaryType: ['nodebuffer', 'fragments'][pick(2)],
    allowSynchronousEvents: pick(4) > 0,
    ...(deflates && { deflate: pick(2) > 0 ? {} : { server_no_context_takeover: [true] } }),
  };
}

describe('Random input for a Receiver', () => {
  it('has the events of ws', async () => {
    const pick = picker(3);
    const endings = new Map();
    for (let i = 0; i < SEQUENCES; i++) {
      const options = randomOptions(pick);
      const bytes = randomFrames(options.isServer, pick);
      const [kind, detail] = (await compare(options, cut(bytes, pick))).at(-1) ?? [];
      const ending = detail?.message ?? kind;
      endings.set(ending, (endings.get(ending) ?? 0) + 1);
    }
    assert.ok(endings.size > 20, [...endings.keys()].join());
  });
});
