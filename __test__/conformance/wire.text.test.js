'use strict';

const assert = require('node:assert/strict');

const { it, onEachSide } = require('../support/connect');
const { until } = require('../support/events');
const { PLAIN, ascii, openWire } = require('./wire');

const REFUSED = `881d 03ef${ascii('Invalid UTF-8 Data Received')}`;

/**
 * Invalid UTF-8, cut after the last byte that could still be valid. The next byte is the first bad
 * one.
 */
const NOT_TEXT = [
  ['a continuation byte alone', '', '80'],
  ['a continuation byte after ASCII', '48', 'bf'],
  ['two bytes, the second of which is ASCII', 'c3', '28'],
  ['an overlong NUL', '', 'c0'],
  ['an overlong slash', '', 'c1'],
  ['three bytes that would do with two', 'e0', '9f'],
  ['three bytes, the third of which is ASCII', 'e282', '28'],
  ['the first surrogate', 'ed', 'a0'],
  ['the last surrogate', 'ed', 'bf'],
  ['four bytes that would do with three', 'f0', '8f'],
  ['four bytes, the third of which begins another character', 'f09d', 'c3'],
  ['four bytes, the fourth of which is ASCII', 'f09d84', '41'],
  ['U+110000', 'f4', '90'],
  ['a lead byte of more than U+13FFFF', '', 'f5'],
  ['five bytes', '', 'f8'],
  ['0xfe', '', 'fe'],
  ['0xff', '', 'ff'],
];

/** é, €, 𝄞: characters of two, three and four bytes. */
const TEXT = 'é€𝄞';
const UTF8 = 'c3a9e282acf09d849e';
const BOUNDARIES = Array.from({ length: UTF8.length / 2 - 1 }, (_, i) => i + 1);

function lengthOf(payload) {
  return (payload.length / 2).toString(16).padStart(2, '0');
}

/** The frame that `start` begins, with its length and payload. */
function frame(start, payload) {
  return `${start}${lengthOf(payload)} ${payload}`;
}

onEachSide(
  'The examples of RFC 6455 §5.7',
  (side) => {
    const masks = side.role === 'server';

    for (const [what, fromServer, fromClient, messages, answer] of [
      ['a text message', '810548656c6c6f', '818537fa213d7f9f4d5158', ['Hello'], []],
      [
        'a text message in fragments',
        '010348656c80026c6f',
        '018337fa213d7f9f4d808237fa213d5b95',
        ['Hello'],
        [],
      ],
      ['a ping', '890548656c6c6f', '898537fa213d7f9f4d5158', [], ['8a05 48656c6c6f']],
      [
        '256 bytes of binary',
        `827e0100${'5a'.repeat(256)}`,
        `82fe010000000000${'5a'.repeat(256)}`,
        ['5a'.repeat(256)],
        [],
      ],
      [
        '64 KiB of binary',
        `827f0000000000010000${'5a'.repeat(0x10000)}`,
        `82ff000000000001000000000000${'5a'.repeat(0x10000)}`,
        ['5a'.repeat(0x10000)],
        [],
      ],
    ]) {
      it(`${what} is received`, async (t) => {
        const opened = await openWire(t, side);
        opened.wire.peer.write(Buffer.from(masks ? fromClient : fromServer, 'hex'));
        opened.wire.send('8802 03e8');
        assert.deepEqual(await opened.wire.rest(), [...answer, '8802 03e8', 'FIN']);
        assert.deepEqual(opened.messages, messages);
      });
    }

    it('are sent', async (t) => {
      const config = { fragmentOutgoingMessages: false };
      const { connection, wire } = await openWire(t, { ...side, config });
      connection.sendUTF('Hello');
      connection.ping('Hello');
      connection.sendBytes(Buffer.alloc(256, 'Z'));
      connection.sendBytes(Buffer.alloc(0x10000, 'Z'));
      connection.close(1000, '');
      assert.deepEqual(await wire.rest(), [
        '8105 48656c6c6f',
        '8905 48656c6c6f',
        `827e0100 ${'5a'.repeat(256)}`,
        `827f0000000000010000 ${'5a'.repeat(0x10000)}`,
        '8802 03e8',
        'FIN',
      ]);
    });
  },
  PLAIN,
);

onEachSide(
  'Text that can’t be UTF-8 is refused at its first bad byte',
  (side) => {
    for (const [what, good, bad] of NOT_TEXT) {
      it(`${what}, before the rest of the frame arrives`, async (t) => {
        const { wire, messages, closed } = await openWire(t, side);
        wire.send(`8164 ${good}${bad}`);
        assert.deepEqual(await wire.rest(), [REFUSED, 'FIN']);
        assert.deepEqual(await closed, [1007, 'Invalid UTF-8 Data Received']);
        assert.deepEqual(messages, []);
        await wire.finish();
      });

      it(`${what}, and not before, while fragments still arrive`, async (t) => {
        const { wire, messages, closed } = await openWire(t, side);
        wire.send(frame('01', good), '8900');
        assert.equal(await wire.next(), '8a00', 'what is good so far passes');
        wire.send(frame('00', bad));
        assert.deepEqual(await wire.rest(), [REFUSED, 'FIN']);
        assert.deepEqual(await closed, [1007, 'Invalid UTF-8 Data Received']);
        assert.deepEqual(messages, []);
        await wire.finish();
      });
    }

    for (const start of ['c3', 'e2', 'e282', 'f0', 'f09d', 'f09d84', `${UTF8}c3`]) {
      it(`a message that ends inside a character: ${start}`, async (t) => {
        for (const frames of [[frame('81', start)], [frame('01', start), '8000']]) {
          const { wire, messages } = await openWire(t, side);
          wire.send(...frames);
          assert.deepEqual(await wire.rest(), [REFUSED, 'FIN']);
          assert.deepEqual(messages, []);
        }
      });
    }

    it('after messages of valid text', async (t) => {
      const { wire, messages } = await openWire(t, side);
      wire.send(frame('81', UTF8), '8101 80', frame('81', UTF8));
      assert.deepEqual(await wire.rest(), [REFUSED, 'FIN']);
      assert.deepEqual(messages, [TEXT]);
    });

    it('and the same bytes are accepted in a binary message only', async (t) => {
      const { wire, messages } = await openWire(t, side);
      wire.send('8203 ff80c3', '0201 c3', '8001 28', '8802 03e8');
      assert.deepEqual(await wire.rest(), ['8802 03e8', 'FIN']);
      assert.deepEqual(messages, ['ff80c3', 'c328']);
    });
  },
  PLAIN,
);

onEachSide(
  'Text may be split inside a character',
  (side) => {
    const headerLength = side.role === 'server' ? 6 : 2;

    for (const at of BOUNDARIES) {
      const [start, end] = [UTF8.slice(0, 2 * at), UTF8.slice(2 * at)];

      it(`at byte ${at}, into fragments`, async (t) => {
        const { wire, messages } = await openWire(t, side);
        wire.send(frame('01', start), '8900', frame('80', end), '8802 03e8');
        assert.deepEqual(await wire.rest(), ['8a00', '8802 03e8', 'FIN']);
        assert.deepEqual(messages, [TEXT]);
      });

      it(`at byte ${at}, into TCP segments that are read one by one`, async (t) => {
        const { connection, wire, messages } = await openWire(t, side);
        const { peer } = wire;
        const bytes = peer.frame({ opcode: 0x1, payload: Buffer.from(UTF8, 'hex') });
        peer.write(bytes.subarray(0, headerLength + at));
        await until(() => connection.bytesReceived === headerLength + at);
        peer.write(bytes.subarray(headerLength + at));
        wire.send('8802 03e8');
        assert.deepEqual(await wire.rest(), ['8802 03e8', 'FIN']);
        assert.deepEqual(messages, [TEXT]);
      });
    }

    it('at every byte, into fragments, some of them empty', async (t) => {
      const { wire, messages } = await openWire(t, side);
      const bytes = UTF8.match(/../g);
      wire.send('0100', ...bytes.flatMap((byte) => [`0001 ${byte}`, '0000']), '8000', '8802 03e8');
      assert.deepEqual(await wire.rest(), ['8802 03e8', 'FIN']);
      assert.deepEqual(messages, [TEXT]);
    });

    it('at every byte, header and all, into TCP segments that are read one by one', async (t) => {
      const { connection, wire, messages } = await openWire(t, side);
      const { peer } = wire;
      const bytes = peer.frame({ opcode: 0x1, payload: Buffer.from(UTF8, 'hex') });
      for (let read = 0; read < bytes.length; read++) {
        peer.write(bytes.subarray(read, read + 1));
        await until(() => connection.bytesReceived === read + 1);
      }
      wire.send('8802 03e8');
      assert.deepEqual(await wire.rest(), ['8802 03e8', 'FIN']);
      assert.deepEqual(messages, [TEXT]);
    });
  },
  PLAIN,
);
