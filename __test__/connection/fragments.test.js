'use strict';

const assert = require('node:assert/strict');

const { frame: WebSocketFrame } = require('../..');
const { it, onEachSide, onEachTransport, open, pair } = require('../support/connect');
const { contentOf, gather, record } = require('../support/events');
const { BINARY, CONTINUATION, PING, PONG, TEXT } = require('../support/frames');

const DEFAULT_THRESHOLD = 0x4000;

/** The next `count` frames as opcode, FIN and length. */
async function shapes(peer, count) {
  const frames = [];
  while (frames.length < count) frames.push(await peer.next());
  return {
    shapes: frames.map(({ opcode, fin, payload }) => [opcode, fin, payload.length]),
    payload: Buffer.concat(frames.map(({ payload }) => payload)),
  };
}

onEachSide('Outgoing fragmentation', (side) => {
  it('begins above 16 KiB by default, in fragments of 16 KiB', async (t) => {
    const { connection, peer } = await open(t, side);
    connection.sendBytes(Buffer.alloc(DEFAULT_THRESHOLD));
    connection.sendBytes(Buffer.alloc(DEFAULT_THRESHOLD + 1));
    connection.sendUTF('x'.repeat(3 * DEFAULT_THRESHOLD));
    assert.deepEqual((await shapes(peer, 6)).shapes, [
      [BINARY, true, DEFAULT_THRESHOLD],
      [BINARY, false, DEFAULT_THRESHOLD],
      [CONTINUATION, true, 1],
      [TEXT, false, DEFAULT_THRESHOLD],
      [CONTINUATION, false, DEFAULT_THRESHOLD],
      [CONTINUATION, true, DEFAULT_THRESHOLD],
    ]);
  });

  it('cuts at the bytes of fragmentationThreshold, also within characters', async (t) => {
    const { connection, peer } = await open(t, { ...side, config: { fragmentationThreshold: 4 } });
    connection.sendUTF('a€b€c');
    const sent = await shapes(peer, 3);
    assert.deepEqual(sent.shapes, [
      [TEXT, false, 4],
      [CONTINUATION, false, 4],
      [CONTINUATION, true, 1],
    ]);
    assert.equal(sent.payload.toString(), 'a€b€c');
  });

  it('does not happen with fragmentOutgoingMessages: false', async (t) => {
    const config = { fragmentOutgoingMessages: false, fragmentationThreshold: 10 };
    const { connection, peer } = await open(t, { ...side, config });
    connection.sendUTF('x'.repeat(100000));
    assert.deepEqual((await shapes(peer, 1)).shapes, [[TEXT, true, 100000]]);
  });

  it('is applied to a WebSocketFrame by fragmentAndSend()', async (t) => {
    const { connection, peer } = await open(t, { ...side, config: { fragmentationThreshold: 3 } });
    const frame = new WebSocketFrame();
    Object.assign(frame, { opcode: BINARY, binaryPayload: Buffer.from('abcdefgh') });
    connection.fragmentAndSend(frame);
    const sent = await shapes(peer, 3);
    assert.deepEqual(sent.shapes, [
      [BINARY, false, 3],
      [CONTINUATION, false, 3],
      [CONTINUATION, true, 2],
    ]);
    assert.equal(sent.payload.toString(), 'abcdefgh');
  });

  it('does not mix the fragments of two messages', async (t) => {
    const { connection, peer } = await open(t, { ...side, config: { fragmentationThreshold: 2 } });
    connection.sendUTF('aaaa');
    connection.ping('p');
    connection.sendUTF('bbbb');
    assert.deepEqual((await shapes(peer, 5)).shapes, [
      [TEXT, false, 2],
      [CONTINUATION, true, 2],
      [PING, true, 1],
      [TEXT, false, 2],
      [CONTINUATION, true, 2],
    ]);
  });
});

onEachSide('Incoming fragments', (side) => {
  const fragments = (opcode, ...payloads) =>
    payloads.map((payload, i) => ({
      opcode: i === 0 ? opcode : CONTINUATION,
      fin: i === payloads.length - 1,
      payload,
    }));

  it('become one message', async (t) => {
    const { connection, peer } = await open(t, side);
    const log = record(connection);
    const messages = gather(connection, 'message', 3);
    peer.send(...fragments(TEXT, 'one ', 'and ', 'only'));
    peer.send(...fragments(BINARY, Buffer.from([1]), Buffer.from([2, 3])));
    peer.send(...fragments(TEXT, '', '', 'mostly empty', ''));
    assert.deepEqual((await messages).map(contentOf), [
      'one and only',
      Buffer.from([1, 2, 3]),
      'mostly empty',
    ]);
    assert.equal(log.length, 3, 'a fragment is no event');
  });

  it('of nothing at all are an empty message', async (t) => {
    const { connection, peer } = await open(t, side);
    const messages = gather(connection, 'message', 2);
    peer.send(...fragments(TEXT, '', '', ''));
    peer.send(...fragments(BINARY, '', ''));
    assert.deepEqual((await messages).map(contentOf), ['', Buffer.alloc(0)]);
  });

  it('may cut through characters anywhere', async (t) => {
    const { connection, peer } = await open(t, side);
    const text = 'aé€𝄞z';
    const bytes = Buffer.from(text);
    const messages = gather(connection, 'message', bytes.length);
    for (let at = 0; at < bytes.length; at++) {
      peer.send(...fragments(TEXT, bytes.subarray(0, at), bytes.subarray(at)));
    }
    assert.deepEqual(
      (await messages).map(contentOf),
      Array.from({ length: bytes.length }, () => text),
    );
  });

  it('may be one byte each', async (t) => {
    const { connection, peer } = await open(t, side);
    const messages = gather(connection, 'message', 1);
    const bytes = [...Buffer.from('é€𝄞'.repeat(300))].map((byte) => Buffer.from([byte]));
    peer.send(...fragments(TEXT, ...bytes));
    assert.deepEqual((await messages).map(contentOf), ['é€𝄞'.repeat(300)]);
  });

  it('may have control frames between them, which come first', async (t) => {
    const { connection, peer } = await open(t, side);
    const log = [];
    connection.on('ping', (_cancel, data) => log.push(['ping', `${data}`]));
    connection.on('pong', (data) => log.push(['pong', `${data}`]));
    connection.on('message', (message) => log.push(['message', contentOf(message)]));
    const done = gather(connection, 'message', 1);
    const [first, second, third] = fragments(TEXT, 'a', 'b', 'c');
    peer.send(
      first,
      { opcode: PING, payload: 'between' },
      second,
      { opcode: PONG, payload: 'again' },
      third,
    );
    await done;
    assert.deepEqual(log, [
      ['ping', 'between'],
      ['pong', 'again'],
      ['message', 'abc'],
    ]);
    assert.equal((await peer.expect(PONG)).payload.toString(), 'between');
  });

  it('arrive whole when they are many and large', async (t) => {
    const config = { maxReceivedFrameSize: 0x10000, maxReceivedMessageSize: 0x400000 };
    const { connection, peer } = await open(t, { ...side, config });
    const messages = gather(connection, 'message', 1);
    const payloads = Array.from({ length: 64 }, (_, i) => Buffer.alloc(0x10000, i));
    peer.send(...fragments(BINARY, ...payloads));
    const [{ binaryData }] = await messages;
    assert.ok(binaryData.equals(Buffer.concat(payloads)));
  });
});

onEachTransport('Between a server and a client of ours', (transport) => {
  it('fragments are put together again, at any threshold', async (t) => {
    for (const fragmentationThreshold of [1, 2, 3, 125, 126, 1000]) {
      const { accepted, connected } = await pair(t, {
        transport,
        server: { fragmentationThreshold },
        client: { fragmentationThreshold },
      });
      const both = [gather(accepted, 'message', 2), gather(connected, 'message', 2)];
      const text = 'é€𝄞'.repeat(200);
      for (const connection of [accepted, connected]) {
        connection.sendUTF(text);
        connection.sendBytes(Buffer.from(text));
      }
      for (const messages of await Promise.all(both)) {
        assert.deepEqual(messages.map(contentOf), [text, Buffer.from(text)]);
      }
    }
  });
});
