'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');

const { w3cwebsocket: W3CWebSocket } = require('../..');
const connecting = require('../support/connect');
const { gather } = require('../support/events');
const { BINARY, PING, PONG, TEXT } = require('../support/frames');

const { authority, it, onEachSide, onEachTransport, open, optionFor, pair, serve } = connecting;

/** A Buffer over memory that other threads may share. */
function shared(size, value) {
  return Buffer.from(new SharedArrayBuffer(size)).fill(value);
}

onEachSide('Bytes in shared memory', (side) => {
  it('are sent like those of any Buffer, and stay unchanged', async (t) => {
    const { connection, peer } = await open(t, side);
    const bytes = shared(5, 'hello');
    connection.sendBytes(bytes);
    connection.send(bytes);
    connection.sendUTF(bytes);
    connection.ping(bytes);
    connection.pong(bytes);
    for (const opcode of [BINARY, BINARY, TEXT, PING, PONG]) {
      assert.equal((await peer.expect(opcode)).payload.toString(), 'hello');
    }
    assert.equal(bytes.toString(), 'hello');
  });

  it('are sent as they were at the time of the call', async (t) => {
    const config = { fragmentOutgoingMessages: false };
    const { connection, peer } = await open(t, { ...side, config });
    for (const size of [5, 100_000, 2_000_000]) {
      const bytes = shared(size, 'a');
      connection.sendBytes(bytes);
      bytes.fill('b');
      assert.ok((await peer.expect(BINARY)).payload.equals(Buffer.alloc(size, 'a')), `${size}`);
    }
  });

  it('are accepted in a Buffer only', async (t) => {
    const { connection } = await open(t, side);
    const memory = new SharedArrayBuffer(5);
    for (const value of [memory, new Uint8Array(memory), new DataView(memory)]) {
      assert.throws(
        () => connection.sendBytes(value),
        /^Error: You must pass a Node Buffer object/,
      );
    }
  });
});

onEachTransport('Bytes in shared memory, between two of ours', (transport) => {
  it('are sent in any form by a W3CWebSocket', async (t) => {
    const config = { autoAcceptConnections: true };
    const { wsServer, url } = await serve(t, { transport, config });
    const accepted = once(wsServer, 'connect');
    const tlsOptions = { ca: authority() };
    const options = { tlsOptions, transport: optionFor(transport) };
    const socket = new W3CWebSocket(url, [], null, null, null, options);
    await new Promise((resolve) => socket.addEventListener('open', resolve));
    const [connection] = await accepted;
    const messages = gather(connection, 'message', 4);
    const bytes = shared(5, 'hello');
    const { buffer } = bytes;
    for (const form of [bytes, buffer, new Uint8Array(buffer), new DataView(buffer)]) {
      socket.send(form);
    }
    for (const { type, binaryData } of await messages) {
      assert.equal(type, 'binary');
      assert.equal(binaryData.toString(), 'hello');
    }
    connection.drop();
  });

  it('are compressed and broadcast like any others', async (t) => {
    const perMessageDeflate = { threshold: 0 };
    const { accepted, connected, wsServer } = await pair(t, {
      transport,
      server: { perMessageDeflate },
      client: { perMessageDeflate },
    });
    const messages = gather(connected, 'message', 2);
    accepted.sendBytes(shared(10_000, 'a'));
    wsServer.broadcastBytes(shared(10_000, 'b'));
    const [first, second] = await messages;
    assert.ok(first.binaryData.equals(Buffer.alloc(10_000, 'a')));
    assert.ok(second.binaryData.equals(Buffer.alloc(10_000, 'b')));
    const closed = once(connected, 'close');
    accepted.close();
    await closed;
  });
});
