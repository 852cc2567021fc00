'use strict';

// Receiver without a connection, against npm `ws`.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { describe, it } = require('node:test');
const { constants, deflateRawSync } = require('node:zlib');

const PerMessageDeflate = require('../../lib/ws/PerMessageDeflate');
const Receiver = require('../../lib/ws/Receiver');
const { picker } = require('./support/oracle');
const { ORACLE, OURS, received } = require('./support/receiving');

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

/**
 * @param {Buffer} bytes
 * @param {(below: number) => number} pick
 * @returns {Buffer[]} the bytes in chunks of random lengths
 */
function cut(bytes, pick) {
  const chunks = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + pick(pick(3) === 0 ? 3 : bytes.length);
    chunks.push(bytes.subarray(at, end));
    at = end;
  }
  return chunks;
}

/** Whether ours emits what ws emits. */
async function compare(options, chunks) {
  const [ours, theirs] = await Promise.all([
    received(OURS, options, chunks),
    received(ORACLE, options, chunks),
  ]);
  const shown = chunks.map((chunk) => chunk.toString('hex')).join(' ');
  assert.deepEqual(ours, theirs, `${JSON.stringify(options)} ${shown}`);
  return ours;
}

/**
 * @param {number} first
 * @param {Buffer} payload
 * @param {boolean} masked
 */
function frame(first, payload, masked) {
  const { length } = payload;
  const header = length < 126 ? [first, length] : [first, 126, length >> 8, length & 0xff];
  if (!masked) return Buffer.concat([Buffer.from(header), payload]);
  header[1] |= 0x80;
  return Buffer.concat([
    Buffer.from([...header, 1, 2, 3, 4]),
    payload.map((byte, at) => byte ^ ((at & 3) + 1)),
  ]);
}

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
    binaryType: ['nodebuffer', 'arraybuffer'][pick(2)],
    allowSynchronousEvents: pick(4) > 0,
    ...(deflates && { deflate: pick(2) > 0 ? {} : { server_no_context_takeover: [true] } }),
  };
}

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

describe('A Receiver', () => {
  const texts = ['', 'a', 'é', '\ufeffx', 'x'.repeat(200), 'é'.repeat(40000)];

  it('emits text as Buffers', async () => {
    for (const text of texts.slice(0, 5)) {
      const log = await compare({}, [frame(0x81, Buffer.from(text), false)]);
      assert.deepEqual(log, [['message', Buffer.from(text).toString('hex'), false]]);
    }
  });

  it('takes lengths that need not be so long', () =>
    compare({}, [
      Buffer.from('827e0001617f', 'hex').subarray(0, 5),
      Buffer.from('827f000000000000000162', 'hex'),
    ]));

  for (const binaryType of ['nodebuffer', 'arraybuffer', 'blob']) {
    it(`emits binary messages as ${binaryType}`, async () => {
      for (const hex of [
        '8203616263',
        '8200',
        '020161000000026263800164',
        '0200000080016b',
        '02008000',
      ]) {
        const [ours, theirs] = await Promise.all(
          [OURS, ORACLE].map(async ({ Receiver }) => {
            const receiver = new Receiver({ binaryType });
            const heard = once(receiver, 'message');
            receiver.end(Buffer.from(hex, 'hex'));
            const [data, isBinary] = await heard;
            const bytes = data instanceof Blob ? await data.arrayBuffer() : data;
            return [data.constructor.name, bytes, isBinary];
          }),
        );
        assert.deepEqual(ours, theirs, hex);
      }
    });
  }

  it('emits for random input what ws emits', async () => {
    const pick = picker(3);
    const endings = new Map();
    for (let i = 0; i < 3000; i++) {
      const options = randomOptions(pick);
      const bytes = randomFrames(options.isServer, pick);
      const [kind, detail] = (await compare(options, cut(bytes, pick))).at(-1) ?? [];
      const ending = detail?.message ?? kind;
      endings.set(ending, (endings.get(ending) ?? 0) + 1);
    }
    assert.ok(endings.size > 20, [...endings.keys()].join());
  });

  it('takes another binaryType and another limit while it works', async () => {
    const receiver = new Receiver({ maxPayload: 1 });
    const heard = [];
    receiver.on('message', (data) => heard.push(data));
    receiver.write(Buffer.from('820161', 'hex'));
    receiver._maxPayload = 4;
    receiver.write(Buffer.from('0202626380026465', 'hex'));
    receiver._binaryType = 'arraybuffer';
    receiver.write(Buffer.from('820166', 'hex'));
    receiver._maxPayload = 0;
    receiver.end(Buffer.from('8205676768696a', 'hex'));
    await once(receiver, 'close');
    assert.deepEqual(heard, [
      Buffer.from('a'),
      Buffer.from('bcde'),
      new Uint8Array([0x66]).buffer,
      new Uint8Array([0x67, 0x67, 0x68, 0x69, 0x6a]).buffer,
    ]);
  });

  it('inflates messages, in order with the rest', async () => {
    const sender = new PerMessageDeflate();
    sender.accept([{}]);
    const deflate = (data, fin) =>
      new Promise((resolve) => sender.compress(data, fin, (_error, result) => resolve(result)));
    const masked = (first, payload) => frame(first, payload, true);
    const bytes = Buffer.concat([
      masked(0xc1, await deflate(Buffer.from('hello hello'), true)),
      masked(0x89, Buffer.from('ping')),
      masked(0xc2, await deflate(Buffer.alloc(100000, 'hello'), true)),
      masked(0x41, await deflate(Buffer.from('hel'), false)),
      masked(0x8a, Buffer.from('pong')),
      masked(0x00, Buffer.alloc(0)),
      masked(0x80, await deflate(Buffer.from('lo'), true)),
      masked(0x82, Buffer.from('plain')),
      masked(0x88, Buffer.from([0x03, 0xe8, 0x62, 0x79, 0x65])),
    ]);
    const pick = picker(5);
    for (let i = 0; i < 20; i++) {
      const options = { isServer: true, deflate: {}, allowSynchronousEvents: i % 2 === 0 };
      const log = await compare(options, cut(bytes, pick));
      assert.equal(log.length, 7);
    }
  });

  it('ignores everything behind a close frame', async () => {
    const log = await compare({}, [Buffer.from('8900880203e88101618300', 'hex')]);
    assert.deepEqual(log, [
      ['ping', ''],
      ['conclude', 1000, ''],
    ]);
    assert.deepEqual(await compare({}, [Buffer.from('8800', 'hex')]), [['conclude', 1005, '']]);
  });

  it('takes any text without the check of UTF-8', async () => {
    const bytes = Buffer.from('8101ff880303e8ff', 'hex');
    const log = await compare({ skipUTF8Validation: true }, [bytes]);
    assert.deepEqual(log, [
      ['message', 'ff', false],
      ['conclude', 1000, 'ff'],
    ]);
  });

  it('emits each event in a turn of its own on demand', async () => {
    const turns = [];
    const receiver = new Receiver({ allowSynchronousEvents: false });
    for (const event of ['message', 'ping', 'pong']) {
      receiver.on(event, (data) => {
        turns.push(`${data}`);
        process.nextTick(() => Promise.resolve().then(() => turns.push(`behind ${data}`)));
      });
    }
    receiver.end(Buffer.from('8101318901328a0133820134', 'hex'));
    await once(receiver, 'close');
    const expected = ['1', '2', '3', '4'].flatMap((text) => [text, `behind ${text}`]);
    assert.deepEqual(turns, expected);
  });

  it('goes on behind a listener that throws', async () => {
    const receiver = new Receiver();
    const heard = [];
    const failure = new Error('of the listener');
    receiver.on('message', (data) => {
      heard.push(`${data}`);
      if (heard.length === 1) throw failure;
    });
    assert.throws(() => receiver.write(Buffer.from('810131810132', 'hex')), failure);
    receiver.end(Buffer.from('810133', 'hex'));
    await once(receiver, 'close');
    assert.deepEqual(heard, ['1', '2', '3']);
  });

  it('lets a listener write and destroy', async () => {
    const receiver = new Receiver();
    const heard = [];
    receiver.on('message', (data) => {
      heard.push(`${data}`);
      if (heard.length === 1) receiver.write(Buffer.from('810132', 'hex'));
      else receiver.destroy();
    });
    receiver.write(Buffer.from('810131', 'hex'));
    await once(receiver, 'close');
    assert.deepEqual(heard, ['1', '2']);
  });

  it('does not call a listener for what is still inflated when it is destroyed', async () => {
    const { promise, receiver } = destroyedWhileInflating();
    await promise;
    assert.equal(receiver.destroyed, true);
  });
});

function destroyedWhileInflating() {
  const deflate = new PerMessageDeflate();
  deflate.accept([{}]);
  const receiver = new Receiver({ extensions: { 'permessage-deflate': deflate } });
  receiver.on('message', () => assert.fail('a message'));
  receiver.write(Buffer.from('c1034a0400', 'hex'));
  const promise = once(receiver, 'close');
  receiver.destroy();
  return { promise, receiver };
}
