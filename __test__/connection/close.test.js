'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');

const { connection: WebSocketConnection } = require('../..');
const { it, onEachSide, onEachTransport, open, pair } = require('../support/connect');
const { gather, record, textsOf } = require('../support/events');
const { BINARY, CLOSE, PONG, TEXT, closeBody } = require('../support/frames');

const { CLOSE_DESCRIPTIONS } = WebSocketConnection;

/** The fields that show an application the state of closing. */
function stateOf(connection) {
  const { connected, state, closeReasonCode, closeDescription, closeEventEmitted } = connection;
  return { connected, state, closeReasonCode, closeDescription, closeEventEmitted };
}

onEachSide('close()', (side) => {
  it('completes the closing handshake and then ends TCP', async (t) => {
    const { connection, peer } = await open(t, side);
    const log = record(connection);
    assert.deepEqual(stateOf(connection), {
      ...{ connected: true, state: 'open', closeReasonCode: -1, closeDescription: null },
      closeEventEmitted: false,
    });
    const closed = once(connection, 'close');
    connection.close(4321, 'until later');
    const closing = { connected: false, closeReasonCode: 4321, closeDescription: 'until later' };
    assert.deepEqual(stateOf(connection), {
      ...closing,
      state: 'ending',
      closeEventEmitted: false,
    });
    assert.equal(connection.waitingForCloseResponse, true);

    assert.deepEqual(await peer.expectClose(), { code: 4321, reason: 'until later' });
    assert.equal(await peer.ended(), 'FIN', 'and we have ended our side');
    assert.deepEqual(log, [], 'the peer has not answered yet');
    peer.close(4321);
    peer.end();
    assert.deepEqual(await closed, [4321, 'until later']);
    assert.deepEqual(stateOf(connection), { ...closing, state: 'closed', closeEventEmitted: true });
    assert.equal(connection.waitingForCloseResponse, false);
    assert.deepEqual(log, [['close', 4321, 'until later']]);
  });

  for (const [args, code, reason] of [
    [[], 1000, 'Normal connection closure'],
    [[1001], 1001, 'Remote peer is going away'],
    [[4000], 4000, ''],
    [[1011, ''], 1011, ''],
    [[3999, 'é€𝄞'], 3999, 'é€𝄞'],
    [['1001', 'no number'], 1000, 'no number'],
    [[1000, 'é'.repeat(100)], 1000, 'é'.repeat(61)],
  ]) {
    it(`with ${JSON.stringify(args).slice(1, -1).slice(0, 40)} sends ${code}`, async (t) => {
      const { connection, peer } = await open(t, side);
      connection.close(...args);
      assert.deepEqual(await peer.expectClose(), { code, reason });
    });
  }

  it('throws for codes that must not be sent, and changes nothing', async (t) => {
    const { connection, peer } = await open(t, side);
    const codes = [-1, 0, 1, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65536 + 1000];
    for (const code of [...codes, 1000 - 65536, Number.POSITIVE_INFINITY, Number.NaN, 1000.5]) {
      const message = `Close code ${code} is not valid.`;
      assert.throws(() => connection.close(code), { message }, `${code}`);
    }
    assert.deepEqual(stateOf(connection), {
      ...{ connected: true, state: 'open', closeReasonCode: -1, closeDescription: null },
      closeEventEmitted: false,
    });
    connection.sendUTF('still here');
    assert.equal((await peer.expect(TEXT)).payload.toString(), 'still here');
  });

  it('does nothing a second time', async (t) => {
    const { connection, peer } = await open(t, side);
    const closed = once(connection, 'close');
    connection.close(4001, 'first');
    connection.close(4002, 'second');
    connection.close(0);
    assert.deepEqual(await peer.expectClose(), { code: 4001, reason: 'first' });
    peer.close(4001);
    peer.end();
    assert.deepEqual(await closed, [4001, 'first']);
    connection.close(4003);
    assert.equal(connection.closeReasonCode, 4001);
    assert.equal(await peer.ended(), 'FIN');
  });

  it('sends everything that was sent before', async (t) => {
    const { connection, peer } = await open(t, {
      ...side,
      config: { fragmentOutgoingMessages: false },
    });
    peer.socket.pause();
    for (let i = 0; i < 16; i++) connection.sendBytes(Buffer.alloc(1024 * 1024, i));
    connection.sendUTF('the last one');
    connection.close();
    peer.socket.resume();
    for (let i = 0; i < 16; i++) {
      assert.ok((await peer.expect(BINARY)).payload.equals(Buffer.alloc(1024 * 1024, i)));
    }
    assert.equal((await peer.expect(TEXT)).payload.toString(), 'the last one');
    assert.equal((await peer.expectClose()).code, 1000);
    assert.equal(await peer.ended(), 'FIN');
  });

  it("is followed by no event but 'close', whatever still arrives", async (t) => {
    const { connection, peer } = await open(t, side);
    const log = record(connection, ['message', 'frame', 'ping', 'pong', 'error', 'close']);
    const closed = once(connection, 'close');
    connection.close();
    await peer.expectClose();
    peer.text('too late');
    peer.ping('too late');
    peer.pong('too late');
    peer.close(1000);
    peer.end();
    await closed;
    assert.deepEqual(log, [['close', 1000, CLOSE_DESCRIPTIONS[1000]]]);
    assert.equal(await peer.ended(), 'FIN', 'the ping is not answered');
  });

  it('works when the peer closes at the same time', async (t) => {
    const { connection, peer } = await open(t, side);
    const log = record(connection);
    const closed = once(connection, 'close');
    connection.close(4001, 'ours');
    peer.close(4002, 'theirs');
    assert.deepEqual(await peer.expectClose(), { code: 4001, reason: 'ours' });
    assert.equal(await peer.ended(), 'FIN', 'one close frame is all');
    peer.end();
    assert.deepEqual(await closed, [4001, 'ours']);
    assert.equal(log.length, 1);
  });

  for (const [what, answers] of [
    ['stays silent', false],
    ['answers and keeps TCP open', true],
  ]) {
    it(`ends at closeTimeout when the peer ${what}`, async (t) => {
      const { connection, peer } = await open(t, { ...side, config: { closeTimeout: 80 } });
      const closed = once(connection, 'close');
      const from = performance.now();
      connection.close(4001, 'anybody?');
      assert.deepEqual(await peer.expectClose(), { code: 4001, reason: 'anybody?' });
      if (answers) peer.close(4001);
      assert.deepEqual(await closed, [4001, 'anybody?']);
      const took = performance.now() - from;
      assert.ok(took >= 75, `${took} ms`);
      assert.equal(connection.socket.destroyed, true);
    });
  }
});

onEachSide('The peer closes', (side) => {
  for (const [what, body, reply, event] of [
    ['with a code and a reason', closeBody(4001, 'é€𝄞'), 1000, [4001, 'é€𝄞']],
    ['with a code alone', closeBody(1001), 1000, [1001, CLOSE_DESCRIPTIONS[1001]]],
    ['with a code without a name', closeBody(3000), 1000, [3000, undefined]],
    ['with nothing', closeBody(), 1000, [1006, 'Connection dropped by remote peer.']],
    [
      'with a reason as long as can be',
      closeBody(1000, 'r'.repeat(123)),
      1000,
      [1000, 'r'.repeat(123)],
    ],
    [
      'with 1005, which is not for the wire',
      closeBody(1005),
      1002,
      [1005, CLOSE_DESCRIPTIONS[1005]],
    ],
    ['with 1006 and a reason', closeBody(1006, 'so there'), 1002, [1006, 'so there']],
    ['with a code out of range', closeBody(999), 1002, [999, undefined]],
    ['with half a code', Buffer.from([3]), 1002, [1005, CLOSE_DESCRIPTIONS[1005]]],
  ]) {
    it(`${what}: we answer ${reply} and end TCP`, async (t) => {
      const { connection, peer } = await open(t, side);
      const log = record(connection);
      const closed = once(connection, 'close');
      peer.send({ opcode: CLOSE, payload: body });
      assert.deepEqual(await peer.expectClose(), { code: reply, reason: '' });
      assert.equal(await peer.ended(), 'FIN');
      assert.equal(connection.connected, false);
      peer.end();
      assert.deepEqual(await closed, event);
      assert.deepEqual(log, [['close', ...event]]);
    });
  }

  it('with a reason that is not UTF-8: we answer 1007', async (t) => {
    const { connection, peer } = await open(t, side);
    const closed = once(connection, 'close');
    const body = Buffer.concat([closeBody(1000), Buffer.from([0xc3, 0x28])]);
    peer.send({ opcode: CLOSE, payload: body });
    const event = [1007, 'Invalid UTF-8 Data Received'];
    assert.deepEqual(Object.values(await peer.expectClose()), event);
    assert.equal(await peer.ended(), 'FIN');
    assert.deepEqual(await closed, event);
  });

  it('after messages: those are delivered first, and later ones are ignored', async (t) => {
    const { connection, peer } = await open(t, side);
    const log = record(connection);
    const closed = once(connection, 'close');
    peer.send(
      { opcode: TEXT, payload: 'first' },
      { opcode: CLOSE, payload: closeBody(4001, 'done') },
      { opcode: TEXT, payload: 'never' },
      { opcode: CLOSE, payload: closeBody(4002, 'never') },
    );
    peer.end();
    await closed;
    assert.deepEqual(log, [
      ['message', { type: 'utf8', utf8Data: 'first' }],
      ['close', 4001, 'done'],
    ]);
    assert.equal((await peer.expectClose()).code, 1000);
    assert.equal(await peer.ended(), 'FIN');
  });

  it('and keeps TCP open: we end it at closeTimeout', async (t) => {
    const { connection, peer } = await open(t, { ...side, config: { closeTimeout: 80 } });
    const closed = once(connection, 'close');
    const from = performance.now();
    peer.close(4001, 'done');
    assert.deepEqual(await closed, [4001, 'done']);
    const took = performance.now() - from;
    assert.ok(took >= 75, `${took} ms`);
  });

  it('while our own messages are on the way: they all arrive', async (t) => {
    const { connection, peer } = await open(t, {
      ...side,
      config: { fragmentOutgoingMessages: false },
    });
    peer.socket.pause();
    for (let i = 0; i < 8; i++) connection.sendBytes(Buffer.alloc(1024 * 1024, i));
    const texts = textsOf(connection);
    const closed = once(connection, 'close');
    peer.text('go on');
    peer.close(1000);
    peer.socket.resume();
    for (let i = 0; i < 8; i++) {
      assert.ok((await peer.expect(BINARY)).payload.equals(Buffer.alloc(1024 * 1024, i)));
    }
    assert.equal((await peer.expectClose()).code, 1000);
    peer.end();
    await closed;
    assert.deepEqual(texts, ['go on']);
  });
});

onEachTransport('Two connections of ours', (transport) => {
  it('close from either side, and the server removes its connection from the list', async (t) => {
    for (const first of ['accepted', 'connected']) {
      const both = await pair(t, { transport });
      const { wsServer } = both;
      assert.deepEqual(wsServer.connections, [both.accepted]);
      const serverEvent = once(wsServer, 'close');
      const ends = [once(both.accepted, 'close'), once(both.connected, 'close')];
      both[first].close(4010, 'bye');
      const [one, other] = await Promise.all(ends);
      assert.deepEqual(
        [one, other],
        [
          [4010, 'bye'],
          [4010, 'bye'],
        ],
      );
      assert.deepEqual(await serverEvent, [both.accepted, 4010, 'bye']);
      assert.deepEqual(wsServer.connections, []);
    }
  });

  it('close at the same time, each with its own code and reason', async (t) => {
    const { accepted, connected } = await pair(t, { transport });
    const ends = [once(accepted, 'close'), once(connected, 'close')];
    accepted.close(4001, 'server');
    connected.close(4002, 'client');
    assert.deepEqual(await Promise.all(ends), [
      [4001, 'server'],
      [4002, 'client'],
    ]);
  });

  it('close with messages under way: earlier ones arrive, later ones do not', async (t) => {
    const { accepted, connected } = await pair(t, { transport });
    const texts = textsOf(connected);
    const ends = [once(accepted, 'close'), once(connected, 'close')];
    for (let i = 0; i < 1000; i++) accepted.sendUTF(`${i}`);
    accepted.close();
    await Promise.all(ends);
    assert.deepEqual(
      texts,
      Array.from({ length: 1000 }, (_, i) => `${i}`),
    );
  });

  it('answer a ping right before they close', async (t) => {
    const { connection, peer } = await open(t, { transport });
    const closed = once(connection, 'close');
    peer.ping('last');
    peer.close(1000);
    assert.equal((await peer.expect(PONG)).payload.toString(), 'last');
    assert.equal((await peer.expectClose()).code, 1000);
    peer.end();
    await closed;
  });

  it("emit 'close' for each of many connections", async (t) => {
    const all = await Promise.all(Array.from({ length: 20 }, () => pair(t, { transport })));
    const closes = all.flatMap(({ accepted, connected }) => [
      gather(accepted, 'close', 1),
      gather(connected, 'close', 1),
    ]);
    for (const { wsServer } of all) wsServer.closeAllConnections();
    const codes = (await Promise.all(closes)).flat();
    assert.deepEqual(
      codes,
      Array.from({ length: 40 }, () => 1000),
    );
  });
});
