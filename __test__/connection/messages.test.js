'use strict';

const assert = require('node:assert/strict');
const { AsyncLocalStorage } = require('node:async_hooks');
const { once, on } = require('node:events');
const { MessageChannel, receiveMessageOnPort } = require('node:worker_threads');

const { it, onEachSide, onEachTransport, open, pair } = require('../support/connect');
const { closing, contentOf, gather, record, textsOf } = require('../support/events');
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

/**
 * The limits of the three length encodings (RFC 6455 §5.2), and more than a single read returns.
 */
const SIZES = [0, 1, 125, 126, 127, 65535, 65536, 1024 * 1024];

/**
 * Characters of two, three and four bytes of UTF-8 in turn, so that pieces of any size split some
 * of them.
 */
const MULTI_BYTE = 'é€𝄞';

const LARGE = {
  maxReceivedFrameSize: 4 * 1024 * 1024,
  maxReceivedMessageSize: 4 * 1024 * 1024,
};

function bytesOf(size) {
  return Buffer.from(Uint8Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8)) & 0xff));
}

/**
 * The next `count` texts, each awaited by its own listener. Fewer if the connection closes first.
 */
async function takeOneByOne(connection, count) {
  const closed = closing(connection).then(() => []);
  const texts = [];
  while (texts.length < count) {
    const [message] = await Promise.race([once(connection, 'message'), closed]);
    if (message === undefined) break;
    texts.push(message.utf8Data);
  }
  return texts;
}

onEachSide('A received message', (side) => {
  it('is { type: "utf8", utf8Data } or { type: "binary", binaryData: Buffer }', async (t) => {
    const { connection, peer } = await open(t, side);
    const messages = gather(connection, 'message', 2);
    peer.text('hello');
    peer.binary(Buffer.from([1, 2, 3]));
    const [text, binary] = await messages;
    assert.deepEqual(text, { type: 'utf8', utf8Data: 'hello' });
    assert.deepEqual(binary, { type: 'binary', binaryData: Buffer.from([1, 2, 3]) });
    assert.ok(Buffer.isBuffer(binary.binaryData));
  });

  for (const size of SIZES) {
    it(`arrives whole with ${size} bytes`, async (t) => {
      const { connection, peer } = await open(t, { ...side, config: LARGE });
      const messages = gather(connection, 'message', 2);
      peer.text('x'.repeat(size));
      peer.binary(bytesOf(size));
      const [text, binary] = await messages;
      assert.equal(text.utf8Data, 'x'.repeat(size));
      assert.ok(binary.binaryData.equals(bytesOf(size)));
    });
  }

  it('keeps characters of several bytes, of one frame and of many reads', async (t) => {
    const { connection, peer } = await open(t, { ...side, config: LARGE });
    const messages = gather(connection, 'message', 3);
    const texts = [MULTI_BYTE, `\u0000\u007f\u0080\uffff${MULTI_BYTE}`, MULTI_BYTE.repeat(120000)];
    for (const text of texts) peer.text(text);
    assert.deepEqual((await messages).map(contentOf), texts);
  });

  it('is the same however its bytes are split', async (t) => {
    const { connection, peer } = await open(t, side);
    const wire = Buffer.concat([
      peer.frame({ opcode: TEXT, payload: MULTI_BYTE }),
      peer.frame({ opcode: BINARY, payload: bytesOf(300) }),
      peer.frame({ opcode: TEXT, payload: 'é€', fin: false }),
      peer.frame({ opcode: CONTINUATION, payload: '𝄞' }),
    ]);
    peer.socket.setNoDelay(true);
    for (const step of [1, 2, 3, 7, wire.length]) {
      const messages = gather(connection, 'message', 3);
      for (let at = 0; at < wire.length; at += step) {
        await new Promise((resolve) => peer.socket.write(wire.subarray(at, at + step), resolve));
      }
      const contents = (await messages).map(contentOf);
      assert.deepEqual(contents, [MULTI_BYTE, bytesOf(300), MULTI_BYTE], `in steps of ${step}`);
    }
  });

  for (const size of [100, 10000, 60000, 500000]) {
    it(`of ${size} bytes can be transferred to another thread`, async (t) => {
      const { connection, peer } = await open(t, { ...side, config: LARGE });
      const message = once(connection, 'message');
      peer.binary(Buffer.alloc(size, 7));
      const [{ binaryData }] = await message;
      const { port1, port2 } = new MessageChannel();
      t.after(() => port1.close());
      port1.postMessage(binaryData, [binaryData.buffer]);
      assert.equal(binaryData.length, 0);
      const { message: received } = receiveMessageOnPort(port2);
      assert.ok(Buffer.alloc(size, 7).equals(received));
    });
  }

  it('gives a Buffer that stays as it is when more arrives', async (t) => {
    const { connection, peer } = await open(t, side);
    const messages = gather(connection, 'message', 200);
    for (let i = 0; i < 200; i++) peer.binary(Buffer.alloc(64, i));
    const contents = (await messages).map(contentOf);
    for (let i = 0; i < 200; i++) assert.ok(contents[i].equals(Buffer.alloc(64, i)));
    contents[0].fill(255);
    assert.ok(contents[1].equals(Buffer.alloc(64, 1)), 'messages share no memory');
  });
});

onEachSide('Many messages at once', (side) => {
  const COUNT = 10000;

  it('arrive all and in order', async (t) => {
    const { connection, peer } = await open(t, side);
    const messages = gather(connection, 'message', COUNT);
    peer.send(...Array.from({ length: COUNT }, (_, i) => ({ opcode: TEXT, payload: `${i}` })));
    const texts = (await messages).map(contentOf);
    assert.deepEqual(
      texts,
      Array.from({ length: COUNT }, (_, i) => `${i}`),
    );
  });

  it('lose none in a loop over `await once(connection, "message")`', async (t) => {
    const { connection, peer } = await open(t, side);
    const numbers = Array.from({ length: 300 }, (_, i) => `${i}`);
    peer.send(...numbers.map((payload) => ({ opcode: TEXT, payload })));
    assert.deepEqual(await takeOneByOne(connection, 300), numbers);
  });

  it('lose none in such a loop when the peer closes right after them', async (t) => {
    const { connection, peer } = await open(t, side);
    const closed = closing(connection);
    peer.send(...['a', 'b', 'c', 'd'].map((payload) => ({ opcode: TEXT, payload })), {
      opcode: CLOSE,
      payload: closeBody(4000, 'that was all'),
    });
    peer.end();
    assert.deepEqual(await takeOneByOne(connection, 4), ['a', 'b', 'c', 'd']);
    assert.deepEqual(await closed, [4000, 'that was all']);
  });

  it('lose none in such a loop when the peer only ends TCP after them', async (t) => {
    const { connection, peer } = await open(t, side);
    const closed = closing(connection);
    peer.send(...['a', 'b', 'c', 'd'].map((payload) => ({ opcode: TEXT, payload })));
    peer.end();
    assert.deepEqual(await takeOneByOne(connection, 4), ['a', 'b', 'c', 'd']);
    assert.deepEqual(await closed, [1006, 'Connection dropped by remote peer.']);
  });

  it('lose none in a `for await` over events.on()', async (t) => {
    const { connection, peer } = await open(t, side);
    const texts = [];
    const messages = on(connection, 'message');
    peer.send(...['a', 'b', 'c'].map((payload) => ({ opcode: TEXT, payload })));
    for await (const [message] of messages) {
      texts.push(message.utf8Data);
      if (texts.length === 3) break;
    }
    assert.deepEqual(texts, ['a', 'b', 'c']);
  });

  it('go to a listener that replaces another one', async (t) => {
    const { connection, peer } = await open(t, side);
    const log = [];
    connection.once('message', (message) => {
      log.push(['first', message.utf8Data]);
      connection.on('message', (later) => log.push(['second', later.utf8Data]));
    });
    peer.send({ opcode: TEXT, payload: 'a' }, { opcode: TEXT, payload: 'b' });
    await once(connection, 'message');
    while (log.length < 2) await once(connection, 'message');
    assert.deepEqual(log, [
      ['first', 'a'],
      ['second', 'b'],
    ]);
  });
});

onEachSide('Bytes that come with the handshake', (side) => {
  const masked = side.role === 'server';
  const frame = (frame) => encode({ masked, ...frame });

  it('are delivered before later messages', async (t) => {
    let texts;
    let gathered;
    const head = ['a', 'b', 'c'].map((payload) => frame({ opcode: TEXT, payload }));
    const { peer } = await open(t, {
      ...side,
      head: Buffer.concat(head),
      onConnection: (connection) => {
        texts = textsOf(connection);
        gathered = gather(connection, 'message', 4);
      },
    });
    peer.text('d');
    await gathered;
    assert.deepEqual(texts, ['a', 'b', 'c', 'd']);
  });

  it('may end in the middle of a frame', async (t) => {
    let gathered;
    const wire = frame({ opcode: TEXT, payload: 'in two pieces' });
    const { peer } = await open(t, {
      ...side,
      head: wire.subarray(0, 5),
      onConnection: (connection) => {
        gathered = gather(connection, 'message', 1);
      },
    });
    peer.write(wire.subarray(5));
    assert.deepEqual((await gathered).map(contentOf), ['in two pieces']);
  });

  it('may be more than one read of Node', async (t) => {
    let gathered;
    const head = Array.from({ length: 40 }, (_, i) =>
      frame({ opcode: BINARY, payload: Buffer.alloc(8000, i) }),
    );
    await open(t, {
      ...side,
      head: Buffer.concat(head),
      onConnection: (connection) => {
        gathered = gather(connection, 'message', 40);
      },
    });
    const messages = await gathered;
    for (let i = 0; i < 40; i++) assert.ok(contentOf(messages[i]).equals(Buffer.alloc(8000, i)));
  });

  it('may hold a ping and a close', async (t) => {
    let closed;
    const { peer } = await open(t, {
      ...side,
      head: Buffer.concat([
        frame({ opcode: PING, payload: 'early' }),
        frame({ opcode: CLOSE, payload: closeBody(4001, 'changed my mind') }),
      ]),
      onConnection: (connection) => {
        closed = once(connection, 'close');
      },
    });
    const pong = await peer.next();
    assert.equal(pong.payload.toString(), 'early');
    assert.equal((await peer.expectClose()).code, 1000);
    peer.end();
    assert.deepEqual(await closed, [4001, 'changed my mind']);
  });
});

onEachTransport('Between a server and a client of ours', (transport) => {
  for (const size of SIZES) {
    it(`${size} bytes go there and back`, async (t) => {
      const { accepted, connected } = await pair(t, { transport, server: LARGE, client: LARGE });
      accepted.on('message', (message) => accepted.send(contentOf(message)));
      const messages = gather(connected, 'message', 2);
      connected.sendUTF('x'.repeat(size));
      connected.sendBytes(bytesOf(size));
      const [text, binary] = await messages;
      assert.equal(text.utf8Data, 'x'.repeat(size));
      assert.ok(binary.binaryData.equals(bytesOf(size)));
    });
  }

  it('1 MiB of multi-byte characters goes both ways at once', async (t) => {
    const { accepted, connected } = await pair(t, { transport, server: LARGE, client: LARGE });
    const text = MULTI_BYTE.repeat(Math.ceil((1024 * 1024) / Buffer.byteLength(MULTI_BYTE)));
    const both = [gather(accepted, 'message', 3), gather(connected, 'message', 3)];
    for (let i = 0; i < 3; i++) {
      accepted.sendUTF(text);
      connected.sendUTF(text);
    }
    for (const messages of await Promise.all(both)) {
      for (const message of messages) assert.ok(message.utf8Data === text);
    }
  });

  it('nothing but messages is emitted for messages', async (t) => {
    const { accepted, connected } = await pair(t, { transport });
    const log = record(connected);
    const done = gather(connected, 'message', 2);
    accepted.sendUTF('a');
    accepted.sendBytes(Buffer.from('b'));
    await done;
    assert.deepEqual(log, [
      ['message', { type: 'utf8', utf8Data: 'a' }],
      ['message', { type: 'binary', binaryData: Buffer.from('b') }],
    ]);
  });
});

onEachTransport('What a server connection receives', (transport) => {
  it('is delivered in the async context of its request, on every path', async (t) => {
    const storage = new AsyncLocalStorage();
    const heard = [];
    const hear = () => heard.push(storage.getStore());
    const { connection, peer } = await storage.run('listening', () => {
      return open(t, { transport, role: 'server', onConnection: hear });
    });
    for (const event of ['message', 'pong']) connection.on(event, hear);
    const first = once(connection, 'message');
    peer.text('by itself');
    await first;
    const last = once(connection, 'pong');
    peer.send(...['a', 'b', 'c'].map((payload) => ({ opcode: TEXT, payload })), { opcode: PONG });
    await last;
    // Node before 24 has no context here. Later ones have the context in which the server listens.
    assert.deepEqual(heard, Array(6).fill(heard[0]));
  });
});
