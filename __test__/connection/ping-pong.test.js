'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');

const { it, onEachSide, open } = require('../support/connect');
const { gather, textsOf, until } = require('../support/events');
const { PING, PONG, TEXT } = require('../support/frames');

onEachSide('A ping from the peer', (side) => {
  it('is answered with its payload, without an event', async (t) => {
    const { connection, peer } = await open(t, side);
    const texts = textsOf(connection);
    for (const payload of ['', 'x', 'y'.repeat(125)]) {
      peer.ping(payload);
      const pong = await peer.expect(PONG);
      assert.equal(pong.payload.toString(), payload);
      assert.deepEqual([pong.fin, pong.masked], [true, side.role === 'client']);
    }
    assert.deepEqual(texts, []);
  });

  it('is answered in order, one pong for each ping', async (t) => {
    const { peer } = await open(t, side);
    peer.send(...Array.from({ length: 100 }, (_, i) => ({ opcode: PING, payload: `${i}` })));
    for (let i = 0; i < 100; i++) {
      assert.equal((await peer.expect(PONG)).payload.toString(), `${i}`);
    }
  });

  it('is emitted while there is a listener, and answered after it', async (t) => {
    const { connection, peer } = await open(t, side);
    const pings = [];
    const listener = (cancel, data) => {
      assert.equal(typeof cancel, 'function');
      assert.ok(Buffer.isBuffer(data));
      pings.push(`${data}`);
      connection.sendUTF(`about to answer ${data}`);
    };
    connection.on('ping', listener);
    assert.equal(connection._pingListenerCount, 1);
    peer.ping('heard');
    assert.equal((await peer.expect(TEXT)).payload.toString(), 'about to answer heard');
    assert.equal((await peer.expect(PONG)).payload.toString(), 'heard');

    connection.removeListener('ping', listener);
    assert.equal(connection._pingListenerCount, 0);
    peer.ping('unheard');
    assert.equal((await peer.expect(PONG)).payload.toString(), 'unheard');
    assert.deepEqual(pings, ['heard']);
  });

  it('is not answered when a listener cancels, unless a listener calls pong()', async (t) => {
    const { connection, peer } = await open(t, side);
    connection.on('ping', (cancel, data) => {
      if (`${data}` !== 'answer me') cancel();
      if (`${data}` === 'by hand') connection.pong(Buffer.from('hand-made'));
    });
    peer.send(
      { opcode: PING, payload: 'ignored' },
      { opcode: PING, payload: 'by hand' },
      { opcode: PING, payload: 'answer me' },
    );
    assert.equal((await peer.expect(PONG)).payload.toString(), 'hand-made');
    assert.equal((await peer.expect(PONG)).payload.toString(), 'answer me');
  });

  it('can be cancelled by any of several listeners', async (t) => {
    const { connection, peer } = await open(t, side);
    const heard = [];
    connection.on('ping', () => heard.push('first'));
    connection.on('ping', (cancel) => {
      heard.push('second');
      cancel();
    });
    peer.ping('');
    peer.text('behind it');
    await once(connection, 'message');
    connection.sendUTF('and no pong');
    assert.deepEqual(heard, ['first', 'second']);
    assert.equal((await peer.next()).payload.toString(), 'and no pong');
  });

  it('is emitted once to a listener that listens once', async (t) => {
    const { connection, peer } = await open(t, side);
    const heard = [];
    connection.once('ping', (_cancel, data) => heard.push(`${data}`));
    for (const payload of ['a', 'b', 'c']) {
      peer.ping(payload);
      assert.equal((await peer.expect(PONG)).payload.toString(), payload);
    }
    assert.deepEqual(heard, ['a']);
  });

  it('keeps its place among messages', async (t) => {
    const { connection, peer } = await open(t, side);
    const log = [];
    connection.on('ping', (_cancel, data) => log.push(`ping ${data}`));
    connection.on('message', ({ utf8Data }) => log.push(`message ${utf8Data}`));
    const done = gather(connection, 'message', 2);
    peer.send(
      { opcode: PING, payload: '1' },
      { opcode: TEXT, payload: '2' },
      { opcode: PING, payload: '3' },
      { opcode: TEXT, payload: '4' },
    );
    await done;
    assert.deepEqual(log, ['ping 1', 'message 2', 'ping 3', 'message 4']);
  });
});

onEachSide('A pong from the peer', (side) => {
  it('is emitted, solicited or not', async (t) => {
    const { connection, peer } = await open(t, side);
    const pongs = gather(connection, 'pong', 3);
    connection.ping('asked for');
    peer.pong((await peer.expect(PING)).payload);
    peer.pong('not asked for');
    peer.pong('');
    const payloads = await pongs;
    assert.ok(payloads.every(Buffer.isBuffer));
    assert.deepEqual(
      payloads.map((payload) => `${payload}`),
      ['asked for', 'not asked for', ''],
    );
  });
});

onEachSide('A ping or pong of ours', (side) => {
  it('has the payload that was given, as text or bytes', async (t) => {
    const { connection, peer } = await open(t, side);
    connection.ping();
    connection.ping('é');
    connection.ping(42);
    connection.ping(Buffer.from([1, 2]));
    connection.ping('z'.repeat(125));
    for (const payload of ['', 'é', '42', '\x01\x02', 'z'.repeat(125)]) {
      const frame = await peer.expect(PING);
      assert.equal(frame.payload.toString(), payload);
      assert.deepEqual([frame.fin, frame.masked], [true, side.role === 'client']);
    }
    connection.pong();
    connection.pong(Buffer.from('unasked'));
    assert.equal((await peer.expect(PONG)).payload.length, 0);
    assert.equal((await peer.expect(PONG)).payload.toString(), 'unasked');
  });

  it('is cut to 124 bytes if it is longer than 125', async (t) => {
    const { connection, peer } = await open(t, side);
    connection.ping('x'.repeat(126));
    connection.pong(Buffer.alloc(5000));
    assert.equal((await peer.expect(PING)).payload.toString(), 'x'.repeat(124));
    assert.equal((await peer.expect(PONG)).payload.length, 124);
  });
});

onEachSide('A peer that pings and never reads', (side) => {
  it('gets the answer to its latest ping when it reads on, and costs no memory until then', async (t) => {
    const { connection, peer } = await open(t, side);
    peer.socket.pause();
    const pings = Array.from({ length: 2000 }, () => ({ opcode: PING, payload: 'p'.repeat(125) }));
    const burst = Buffer.concat(pings.map((ping) => peer.frame(ping)));
    let most = 0;
    for (let i = 0; i < 100; i++) {
      const more = peer.write(burst);
      most = Math.max(most, connection.bufferedAmount);
      if (!more) await once(peer.socket, 'drain');
    }
    peer.ping('the latest');
    peer.text('done');
    await once(connection, 'message');
    // Answers to all of them would take 25 MB.
    assert.ok(most < 4e6, `${most} bytes waited`);
    peer.socket.resume();
    let pong = await peer.expect(PONG);
    while (`${pong.payload}` !== 'the latest') pong = await peer.expect(PONG);
    await until(() => connection.bufferedAmount === 0);
  });
});
