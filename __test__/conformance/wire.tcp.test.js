'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');

const { it, onEachSide } = require('../support/connect');
const { until, fill } = require('../support/events');
const { PLAIN, ascii, openWire } = require('./wire');

const DROPPED = [1006, 'Connection dropped by remote peer.'];

/** The arguments of 'close' when a frame had to be sent after our side of TCP had ended. */
const UNSENDABLE = /^1006 Socket Error: (undefined ERR_STREAM_WRITE_AFTER_END|write EPIPE)$/;

const MEGABYTE = Array(64).fill(`827e4000 ${'00'.repeat(0x4000)}`);

const WHOLE = { fragmentOutgoingMessages: false };

onEachSide(
  'The peer half-closes TCP while the connection is open',
  (side) => {
    for (const [what, frames, messages] of [
      ['and has sent nothing', [], []],
      ['after a message', ['8105 48656c6c6f'], ['Hello']],
      ['in a header', ['81'], []],
      ['in a length', ['827e00'], []],
      ['in a payload', ['8106 48656c6c6f'], []],
      ['in a fragmented message', ['0105 48656c6c6f', '0000'], []],
      ['in a character', ['0102 e282'], []],
      ['in a ping', ['8905 4865'], []],
    ]) {
      it(`${what}: TCP ends without a close frame`, async (t) => {
        const { wire, messages: seen, closed } = await openWire(t, side);
        if (frames[0]?.length === 2) wire.peer.write(Buffer.from(frames[0], 'hex'));
        else wire.send(...frames);
        wire.peer.end();
        assert.deepEqual(await wire.rest(), ['FIN']);
        assert.deepEqual(await closed, DROPPED);
        assert.deepEqual(seen, messages);
      });
    }

    it('and reads on: our earlier messages arrive', async (t) => {
      const { connection, wire, closed } = await openWire(t, { ...side, config: WHOLE });
      wire.peer.socket.pause();
      const sent = await fill(connection);
      wire.peer.end();
      await until(() => connection.receivedEnd);
      wire.peer.socket.resume();
      const rest = await wire.rest();
      assert.equal(rest.length, sent + 1);
      assert.equal(rest.at(-1), 'FIN');
      assert.deepEqual(await closed, DROPPED);
    });

    it('while we pause: earlier messages are delivered first', async (t) => {
      const { connection, wire, messages, closed } = await openWire(t, side);
      connection.pause();
      wire.send('8105 48656c6c6f', '0101 41', '8001 42');
      const sent = once(wire.peer.socket, 'finish');
      wire.peer.end();
      await sent;
      assert.deepEqual([connection.state, messages], ['open', []]);
      connection.resume();
      assert.deepEqual(await wire.rest(), ['FIN']);
      assert.deepEqual(await closed, DROPPED);
      assert.deepEqual(messages, ['Hello', 'AB']);
    });

    it('at the moment when we close: the peer gets our close frame', async (t) => {
      const { connection, wire, closed } = await openWire(t, side);
      wire.peer.end();
      connection.close(4001, '');
      assert.deepEqual(await wire.rest(), ['8802 0fa1', 'FIN']);
      assert.deepEqual(await closed, [4001, '']);
    });

    it('after a violation: it gets our close frame', async (t) => {
      const { wire, closed } = await openWire(t, side);
      wire.send('8300');
      wire.peer.end();
      assert.deepEqual(await wire.rest(), [`881a 03ea${ascii('Unrecognized Opcode: 0x3')}`, 'FIN']);
      assert.equal((await closed)[0], 1002);
    });
  },
  PLAIN,
);

onEachSide(
  'The peer half-closes TCP while the connection is closing',
  (side) => {
    it('right after its close frame: it gets our answer', async (t) => {
      const { wire, closed } = await openWire(t, side);
      wire.send('8802 0fa1');
      wire.peer.end();
      assert.deepEqual(await wire.rest(), ['8802 03e8', 'FIN']);
      assert.equal((await closed)[0], 4001);
    });

    it('right after its close frame, with much left to read: it gets all, and our answer', async (t) => {
      const { connection, wire, closed } = await openWire(t, { ...side, config: WHOLE });
      wire.peer.socket.pause();
      const sent = await fill(connection);
      wire.send('8802 0fa1');
      wire.peer.end();
      await until(() => connection.state !== 'open');
      wire.peer.socket.resume();
      const rest = await wire.rest();
      assert.equal(rest.length, sent + 2);
      assert.deepEqual(rest.slice(-2), ['8802 03e8', 'FIN']);
      assert.equal((await closed)[0], 4001);
    });

    it('after our answer', async (t) => {
      const { wire, closed } = await openWire(t, side);
      wire.send('8802 0fa1');
      assert.deepEqual(await wire.rest(), ['8802 03e8', 'FIN']);
      await wire.finish();
      assert.equal((await closed)[0], 4001);
    });

    it('instead of answering our close frame', async (t) => {
      const { connection, wire, closed } = await openWire(t, side);
      connection.close(4001, '');
      assert.deepEqual(await wire.rest(), ['8802 0fa1', 'FIN']);
      await wire.finish();
      assert.deepEqual(await closed, [4001, '']);
    });

    it('in the middle of its answer', async (t) => {
      const { connection, wire, closed } = await openWire(t, side);
      connection.close(4001, '');
      assert.deepEqual(await wire.rest(), ['8802 0fa1', 'FIN']);
      wire.send('8802 0f');
      await wire.finish();
      assert.deepEqual(await closed, [4001, '']);
    });

    it('after it was dropped', async (t) => {
      const { connection, wire, closed } = await openWire(t, side);
      connection.drop(1008, 'go');
      assert.deepEqual(await wire.rest(), ['8804 03f0676f', 'FIN']);
      await wire.finish();
      assert.deepEqual(await closed, [1008, 'go']);
    });
  },
  PLAIN,
);

onEachSide(
  'We have half-closed TCP',
  (side) => {
    it('by socket.end(): the peer’s messages still arrive', async (t) => {
      const { connection, wire, messages, closed } = await openWire(t, side);
      connection.socket.end();
      assert.deepEqual(await wire.rest(), ['FIN']);
      assert.equal(connection.state, 'open');
      wire.send('8105 48656c6c6f', '0101 41', '8001 42');
      await wire.finish();
      assert.deepEqual(await closed, DROPPED);
      assert.deepEqual(messages, ['Hello', 'AB']);
    });

    // No frame can leave any more. An action that needs one fails as in npm `websocket`.
    for (const [what, act, says] of [
      ['the peer closes', (_, wire) => wire.send('8802 0fa1'), UNSENDABLE],
      ['the peer pings', (_, wire) => wire.send('8900'), UNSENDABLE],
      ['we close', (connection) => connection.close(4001, ''), UNSENDABLE],
      ['we send a message', (connection) => connection.sendUTF('late'), UNSENDABLE],
      ['the peer breaks the protocol', (_, wire) => wire.send('8300'), /^1002 Unrecognized Opcode/],
      ['we drop it', (connection) => connection.drop(4001, 'go'), /^4001 go$/],
    ]) {
      it(`by socket.end(), and then ${what}: 'close', and nothing is reset`, async (t) => {
        const { connection, wire, closed } = await openWire(t, side);
        connection.socket.end();
        assert.deepEqual(await wire.rest(), ['FIN']);
        act(connection, wire);
        assert.match((await closed).join(' '), says);
        assert.equal(connection.state, 'closed');
        await wire.finish();
      });
    }

    it('by socket.end(), with a close frame of the peer on its way', async (t) => {
      const { connection, wire, messages, closed } = await openWire(t, side);
      connection.on('message', () => connection.socket.end());
      wire.send('8105 48656c6c6f', '8802 0fa1');
      assert.deepEqual(await wire.rest(), ['FIN']);
      assert.match((await closed).join(' '), UNSENDABLE);
      assert.deepEqual(messages, ['Hello']);
      await wire.finish();
    });

    for (const [what, close] of [
      ['with our close frame', (connection) => connection.close(4001, '')],
      ['with a dropped connection', (connection) => connection.drop(4001, '')],
    ]) {
      it(`${what}: a peer that sends much more is not reset before it has read that`, async (t) => {
        const { connection, wire, messages, closed } = await openWire(t, side);
        wire.send(...MEGABYTE);
        close(connection);
        wire.send(...MEGABYTE);
        assert.deepEqual(await wire.rest(), ['8802 0fa1', 'FIN']);
        wire.send(...MEGABYTE, '8802 0fa1');
        await wire.finish();
        assert.deepEqual(await closed, [4001, '']);
        assert.deepEqual(messages, []);
      });
    }

    it('with our answer to its close frame: the peer may answer late', async (t) => {
      const { connection, wire, closed } = await openWire(t, side);
      wire.send('8802 0fa1');
      assert.deepEqual(await wire.rest(), ['8802 03e8', 'FIN']);
      assert.equal(connection.closeEventEmitted, false, 'close says that TCP has ended');
      await wire.finish();
      assert.equal((await closed)[0], 4001);
    });
  },
  PLAIN,
);

onEachSide(
  'A peer that does not finish closing is cut off after closeTimeout',
  (side) => {
    const closeTimeout = 200;
    const config = { ...WHOLE, closeTimeout };

    async function cutOff(connection, closed, expected) {
      assert.deepEqual(await closed, expected);
      assert.equal(connection.socket.destroyed, true);
      assert.deepEqual([connection.connected, connection.state], [false, 'closed']);
    }

    it('if it never answers', async (t) => {
      const { connection, wire, closed } = await openWire(t, { ...side, config });
      const from = performance.now();
      connection.close(4001, '');
      assert.deepEqual(await wire.rest(), ['8802 0fa1', 'FIN']);
      await cutOff(connection, closed, [4001, '']);
      const took = performance.now() - from;
      assert.ok(took > closeTimeout - 5, `it had only ${took} ms for an answer`);
    });

    it('if it answers and keeps its side of TCP open', async (t) => {
      const { connection, wire, closed } = await openWire(t, { ...side, config });
      connection.close(4001, '');
      assert.equal(await wire.next(), '8802 0fa1');
      wire.send('8802 0fa1');
      await cutOff(connection, closed, [4001, '']);
      assert.deepEqual(await wire.rest(), ['FIN']);
    });

    it('if it closes and keeps its side of TCP open', async (t) => {
      const { connection, wire, closed } = await openWire(t, { ...side, config });
      wire.send('8802 0fa1');
      assert.deepEqual(await wire.rest(), ['8802 03e8', 'FIN']);
      await cutOff(connection, closed, [4001, undefined]);
    });

    it('if it sends messages instead of answering', async (t) => {
      const { connection, wire, messages, closed } = await openWire(t, { ...side, config });
      wire.peer.socket.on('error', () => {});
      const talk = setInterval(() => wire.send('8105 48656c6c6f', '8900'), 5);
      t.after(() => clearInterval(talk));
      await once(connection, 'message');
      connection.close(4001, '');
      const heard = messages.length;
      await cutOff(connection, closed, [4001, '']);
      assert.equal(messages.length, heard);
    });

    it('if it never reads, so that our close frame does not even leave', async (t) => {
      const { connection, wire, closed } = await openWire(t, { ...side, config });
      wire.peer.socket.pause();
      await fill(connection);
      connection.close(4001, '');
      await cutOff(connection, closed, [4001, '']);
    });

    it('if it closes and never reads, so that our answer does not leave', async (t) => {
      const { connection, wire, closed } = await openWire(t, { ...side, config });
      wire.peer.socket.pause();
      await fill(connection);
      wire.send('8802 0fa1');
      await cutOff(connection, closed, [4001, undefined]);
    });
  },
  PLAIN,
);
