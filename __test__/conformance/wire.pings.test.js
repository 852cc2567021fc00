'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');

const { it, onEachSide } = require('../support/connect');
const { until } = require('../support/events');
const { PLAIN, openWire } = require('./wire');

/** A ping whose payload is a number in eight hex digits and 117 zero bytes. */
function pingOf(number) {
  return `897d ${number.toString(16).padStart(8, '0')}${'00'.repeat(121)}`;
}

function numberOf(pong) {
  assert.ok(pong.startsWith('8a7d '), pong.slice(0, 20));
  return Number.parseInt(pong.slice(5, 13), 16);
}

/** About 25 MB in all, which is more than the buffers of two sockets hold. */
const ROUNDS = 100;
const PINGS_A_ROUND = 2000;

/** The most unsent bytes that a peer may cause with pings whose answers it does not read. */
const BOUND = 2 * 1024 * 1024;

onEachSide(
  'A peer that pings',
  (side) => {
    it('gets each payload back, from empty to the longest', async (t) => {
      const { wire } = await openWire(t, side);
      wire.send('8900', '8905 48656c6c6f', `897d ${'ff'.repeat(125)}`, '8802 03e8');
      assert.deepEqual(await wire.rest(), [
        ...['8a00', '8a05 48656c6c6f', `8a7d ${'ff'.repeat(125)}`],
        ...['8802 03e8', 'FIN'],
      ]);
    });

    it('is answered between the fragments of its message', async (t) => {
      const { wire, messages } = await openWire(t, side);
      wire.send('0101 41', '8901 31');
      assert.equal(await wire.next(), '8a01 31');
      wire.send('0001 42', '8901 32', '8001 43', '8802 03e8');
      assert.deepEqual(await wire.rest(), ['8a01 32', '8802 03e8', 'FIN']);
      assert.deepEqual(messages, ['ABC']);
    });

    it('or sends unsolicited pongs gets no answer to a pong', async (t) => {
      const { wire } = await openWire(t, side);
      wire.send('8a00', '8a05 48656c6c6f', '8802 03e8');
      assert.deepEqual(await wire.rest(), ['8802 03e8', 'FIN']);
    });
  },
  PLAIN,
);

onEachSide(
  'A peer that floods with pings and reads no pong',
  (side) => {
    it('causes bounded output, and gets the answer to its latest ping', async (t) => {
      const { connection, wire } = await openWire(t, side);
      const { socket } = wire.peer;
      socket.pause();
      let most = 0;
      for (let round = 0; round < ROUNDS; round++) {
        const first = round * PINGS_A_ROUND;
        const pings = Array.from({ length: PINGS_A_ROUND }, (_, i) => pingOf(first + i));
        const more = wire.send(...pings);
        if (!more) await once(socket, 'drain');
        most = Math.max(most, connection.bufferedAmount);
      }
      wire.send('8105 48656c6c6f');
      await once(connection, 'message');
      most = Math.max(most, connection.bufferedAmount);
      assert.ok(most > 0, 'the answers had to wait');
      assert.ok(most < BOUND, `${most} bytes waited`);

      socket.resume();
      const last = ROUNDS * PINGS_A_ROUND - 1;
      const numbers = [];
      while (numbers.at(-1) !== last) numbers.push(numberOf(await wire.next()));
      assert.ok(numbers.length < last, 'not every ping is answered');
      for (let i = 1; i < numbers.length; i++) assert.ok(numbers[i - 1] < numbers[i], 'in order');
      await until(() => connection.bufferedAmount === 0);

      wire.send('8901 21', '8802 03e8');
      assert.deepEqual(await wire.rest(), ['8a01 21', '8802 03e8', 'FIN']);
    });

    it('can be closed by us like any other', async (t) => {
      const config = { closeTimeout: 60 };
      const { connection, wire, closed } = await openWire(t, { ...side, config });
      wire.peer.socket.pause();
      wire.peer.socket.on('error', () => {});
      const pings = Array.from({ length: PINGS_A_ROUND }, (_, i) => pingOf(i));
      while (connection.bufferedAmount === 0) {
        if (!wire.send(...pings)) await once(wire.peer.socket, 'drain');
      }
      connection.close(4001, '');
      assert.deepEqual(await closed, [4001, '']);
      assert.equal(connection.socket.destroyed, true);
    });
  },
  PLAIN,
);
