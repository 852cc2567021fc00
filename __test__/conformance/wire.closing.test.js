'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');

const native = require('../../lib/internal/engine/native');
const { it, onEachSide } = require('../support/connect');
const { gather } = require('../support/events');
const { PLAIN, ascii, openWire } = require('./wire');

/** RFC 6455 §7.4, with the codes that IANA has registered since. */
const CODES = [
  { first: 1000, last: 1003 },
  { first: 1007, last: 1014 },
  { first: 3000, last: 4999 },
];

/** Codes that no close frame may have, from every invalid range. */
const NOT_FOR_THE_WIRE = [
  ...[0, 1, 500, 999],
  ...[1004, 1005, 1006, 1015],
  ...[1016, 1100, 2000, 2999],
  ...[5000, 10000, 32768, 65535],
];

function hexOfCode(code) {
  return code.toString(16).padStart(4, '0');
}

it('1000–1003, 1007–1014 and 3000–4999 are close codes, and no others are', () => {
  for (let code = 0; code <= 0xffff; code++) {
    const expected = CODES.some(({ first, last }) => code >= first && code <= last);
    assert.equal(native.isCloseCode(code), expected, `${code}`);
  }
});

onEachSide(
  'A close frame from the peer',
  (side) => {
    for (const code of CODES.flatMap(({ first, last }) => [first, first + 1, last])) {
      it(`with ${code} is answered with 1000`, async (t) => {
        const { wire, closed } = await openWire(t, side);
        wire.send(`8805 ${hexOfCode(code)}627965`);
        assert.deepEqual(await wire.rest(), ['8802 03e8', 'FIN']);
        await wire.finish();
        assert.deepEqual(await closed, [code, 'bye']);
      });
    }

    for (const code of NOT_FOR_THE_WIRE) {
      it(`with ${code}, which must not be sent, is answered with 1002`, async (t) => {
        for (const frame of [`8802 ${hexOfCode(code)}`, `8805 ${hexOfCode(code)}627965`]) {
          const { wire, closed } = await openWire(t, side);
          wire.send(frame);
          assert.deepEqual(await wire.rest(), ['8802 03ea', 'FIN']);
          await wire.finish();
          // The application gets the peer's code, valid or not, as with npm `websocket`.
          assert.equal((await closed)[0], code);
        }
      });
    }

    it('without a body is answered with 1000', async (t) => {
      const { wire, closed } = await openWire(t, side);
      wire.send('8800');
      assert.deepEqual(await wire.rest(), ['8802 03e8', 'FIN']);
      await wire.finish();
      assert.equal((await closed)[0], 1006);
    });

    it('with half a code is answered with 1002', async (t) => {
      const { wire } = await openWire(t, side);
      wire.send('8801 03');
      assert.deepEqual(await wire.rest(), ['8802 03ea', 'FIN']);
      await wire.finish();
    });

    it('with 123 bytes of reason is answered with 1000', async (t) => {
      const { wire, closed } = await openWire(t, side);
      wire.send(`887d 0fa1${'c3a9'.repeat(61)}21`);
      assert.deepEqual(await wire.rest(), ['8802 03e8', 'FIN']);
      await wire.finish();
      assert.deepEqual(await closed, [4001, `${'é'.repeat(61)}!`]);
    });

    it('amid a fragmented message is answered, and the message is dropped', async (t) => {
      for (const fragments of [['0103 e282ac'], ['0102 e282'], ['0200', '0001 41']]) {
        const { wire, messages, closed } = await openWire(t, side);
        wire.send(...fragments, '8802 0fa1', '8001 41');
        assert.deepEqual(await wire.rest(), ['8802 03e8', 'FIN']);
        await wire.finish();
        assert.deepEqual(await closed, [4001, undefined]);
        assert.deepEqual(messages, []);
      }
    });

    it('is the last frame to be delivered, whatever follows in the same segment', async (t) => {
      for (const late of [
        ['8101 41', '8900', '8a00'],
        ['8802 0fa2'],
        ['c100'],
        ['8101 ff'],
        ['8105 48'],
        ['827f8000000000000000'],
      ]) {
        const { wire, messages, closed } = await openWire(t, side);
        wire.send('8802 0fa1', ...late);
        assert.deepEqual(await wire.rest(), ['8802 03e8', 'FIN']);
        await wire.finish();
        assert.equal((await closed)[0], 4001);
        assert.deepEqual(messages, []);
      }
    });

    it('is the last frame to be delivered, although the peer goes on after our answer', async (t) => {
      const { wire, messages, closed } = await openWire(t, side);
      wire.send('8802 0fa1');
      assert.deepEqual(await wire.rest(), ['8802 03e8', 'FIN']);
      wire.send('8101 41', '8900', '8802 0fa2', 'c100');
      wire.send(...Array(64).fill(`827e4000 ${'00'.repeat(0x4000)}`));
      await wire.finish();
      assert.equal((await closed)[0], 4001);
      assert.deepEqual(messages, []);
    });

    it('is answered after the answers to the messages before it', async (t) => {
      const { connection, wire, messages } = await openWire(t, side);
      connection.on('message', ({ utf8Data }) => connection.sendUTF(utf8Data));
      wire.send('8101 41', '8901 70', '8101 42', '8802 0fa1');
      const rest = await wire.rest();
      assert.deepEqual(
        rest.filter((frame) => frame !== '8a01 70'),
        ['8101 41', '8101 42', '8802 03e8', 'FIN'],
      );
      assert.equal(rest.length, 5, 'and the ping is answered');
      assert.deepEqual(messages, ['A', 'B']);
      await wire.finish();
    });
  },
  PLAIN,
);

onEachSide(
  'A close frame of ours',
  (side) => {
    for (const [what, args, frame] of [
      ['close()', [], `881b 03e8${ascii('Normal connection closure')}`],
      ['close(1000)', [1000], `881b 03e8${ascii('Normal connection closure')}`],
      ['close(4999, "")', [4999, ''], '8802 1387'],
      ['close(3000, "€")', [3000, '€'], '8805 0bb8e282ac'],
      ['a reason of 125 bytes', [1000, 'é'.repeat(62)], `887c 03e8${'c3a9'.repeat(61)}`],
    ]) {
      it(`after ${what}`, async (t) => {
        const { connection, wire } = await openWire(t, side);
        connection.close(...args);
        assert.deepEqual(await wire.rest(), [frame, 'FIN']);
      });
    }

    it('never has a forbidden code: close() throws and sends nothing', async (t) => {
      const { connection, wire } = await openWire(t, side);
      for (const code of NOT_FOR_THE_WIRE) assert.throws(() => connection.close(code), /not valid/);
      wire.send('8900', '8802 03e8');
      assert.deepEqual(await wire.rest(), ['8a00', '8802 03e8', 'FIN']);
    });

    it('never has a forbidden code: drop() sends none', async (t) => {
      for (const code of [...NOT_FOR_THE_WIRE, -1, 65536 + 1000]) {
        const { connection, wire, closed } = await openWire(t, side);
        connection.drop(code, 'for us only');
        assert.deepEqual(await wire.rest(), ['8800', 'FIN'], `${code}`);
        assert.deepEqual(await closed, [code, 'for us only']);
      }
    });

    it('never has a forbidden code: sendCloseFrame() sends none', async (t) => {
      for (const code of NOT_FOR_THE_WIRE) {
        const { connection, wire } = await openWire(t, side);
        connection.sendCloseFrame(code, 'for us only');
        assert.deepEqual(await wire.rest(), ['8800', 'FIN'], `${code}`);
      }
    });

    it('never has a reason that is too long, by sendCloseFrame() or drop()', async (t) => {
      for (const method of ['sendCloseFrame', 'drop']) {
        const { connection, wire } = await openWire(t, side);
        connection[method](1000, 'é'.repeat(62));
        assert.deepEqual(await wire.rest(), [`887c 03e8${'c3a9'.repeat(61)}`, 'FIN'], method);
      }
    });

    it('follows all fragments of earlier messages', async (t) => {
      const config = { fragmentationThreshold: 2 };
      const { connection, wire } = await openWire(t, { ...side, config });
      connection.sendUTF('abcde');
      connection.close(1000, '');
      assert.deepEqual(await wire.rest(), [
        ...['0102 6162', '0002 6364', '8001 65'],
        ...['8802 03e8', 'FIN'],
      ]);
    });

    it('amid a fragmented message of the peer ends it, and the peer’s answer is understood', async (t) => {
      const { connection, wire, messages, closed } = await openWire(t, side);
      wire.send('0101 41', '8900');
      assert.equal(await wire.next(), '8a00');
      connection.close(4001, '');
      assert.deepEqual(await wire.rest(), ['8802 0fa1', 'FIN']);
      wire.send('0001 42', '8900', '8001 43', '8802 0fa1');
      await wire.finish();
      assert.deepEqual(await closed, [4001, '']);
      assert.deepEqual(messages, []);
    });

    it('is the last frame, whatever the peer sends before its answer', async (t) => {
      for (const late of [['8101 41', '8900'], ['c100'], ['8101 ff'], ['8802 03ed'], ['8801 00']]) {
        const { connection, wire, messages, closed } = await openWire(t, side);
        connection.close(4001, '');
        wire.send(...late, '8802 0fa1');
        assert.deepEqual(await wire.rest(), ['8802 0fa1', 'FIN']);
        await wire.finish();
        assert.deepEqual(await closed, [4001, '']);
        assert.deepEqual(messages, []);
      }
    });

    it('is the last frame, although the application goes on', async (t) => {
      const { connection, wire } = await openWire(t, side);
      connection.on('error', () => {});
      connection.close(4001, '');
      connection.sendUTF('late');
      connection.ping();
      connection.sendCloseFrame(4002, '');
      connection.close(4003);
      connection.drop(4004);
      assert.deepEqual(await wire.rest(), ['8802 0fa1', 'FIN']);
    });
  },
  PLAIN,
);

onEachSide(
  'When both sides close at the same time',
  (side) => {
    it("each sends one close frame, and 'close' has our code and reason", async (t) => {
      const { connection, wire, closed } = await openWire(t, side);
      wire.send('8802 0fa2');
      connection.close(4001, '');
      assert.deepEqual(await wire.rest(), ['8802 0fa1', 'FIN']);
      await wire.finish();
      assert.deepEqual(await closed, [4001, '']);
    });

    it('the same holds if the peer’s frame has been read when we close', async (t) => {
      const { connection, wire, messages, closed } = await openWire(t, side);
      // Both frames are in one segment, so the close frame has arrived together with the message.
      connection.on('message', () => connection.close(4001, ''));
      wire.send('8101 41', '8802 0fa2');
      assert.deepEqual(await wire.rest(), ['8802 0fa1', 'FIN']);
      await wire.finish();
      assert.deepEqual(await closed, [4001, '']);
      assert.deepEqual(messages, ['A']);
    });

    it('the same holds for frames that cross in the network', async (t) => {
      const { connection, wire, closed } = await openWire(t, side);
      const closes = gather(connection, 'close', 1);
      connection.close(4001, '');
      assert.equal(await wire.next(), '8802 0fa1');
      wire.send('8805 0fa2627965');
      assert.deepEqual(await wire.rest(), ['FIN']);
      await wire.finish();
      assert.deepEqual(await closed, [4001, '']);
      assert.deepEqual(await closes, [4001]);
    });

    it('the same holds for frames that are no answer: invalid codes', async (t) => {
      const { connection, wire, closed } = await openWire(t, side);
      connection.close(4001, '');
      wire.send('8802 03ee');
      assert.deepEqual(await wire.rest(), ['8802 0fa1', 'FIN']);
      const gone = once(connection.socket, 'close');
      await wire.finish();
      await gone;
      assert.deepEqual(await closed, [4001, '']);
    });
  },
  PLAIN,
);
