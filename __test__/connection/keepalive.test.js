'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');

const { dialRaw, it, onEachSide, onEachTransport, open } = require('../support/connect');
const { serve, shakeHands } = require('../support/connect');
const { openDeflated, prose } = require('../support/deflate');
const { closing, record } = require('../support/events');
const { CLOSE, PING, TEXT } = require('../support/frames');

/** The grace period is long, because a test on a busy machine answers late. */
const KEEPALIVE = {
  keepalive: true,
  keepaliveInterval: 40,
  dropConnectionOnKeepaliveTimeout: true,
  keepaliveGracePeriod: 5000,
};

const IMPATIENT = { ...KEEPALIVE, keepaliveGracePeriod: 60 };

onEachSide('Keepalive', (side) => {
  it('pings a silent peer, and goes on as long as it answers', async (t) => {
    const { connection, peer } = await open(t, { ...side, config: KEEPALIVE });
    const log = record(connection, ['message', 'error', 'close']);
    const from = performance.now();
    for (let i = 0; i < 5; i++) {
      const { payload, masked } = await peer.expect(PING);
      assert.deepEqual([payload.length, masked], [0, side.role === 'client']);
      peer.pong('');
    }
    const took = performance.now() - from;
    assert.ok(took >= 4 * 40, `5 pings within ${took} ms`);
    assert.deepEqual([log, connection.connected], [[], true]);
  });

  it('accepts any received bytes as an answer', async (t) => {
    const { connection, peer } = await open(t, { ...side, config: KEEPALIVE });
    const from = performance.now();
    for (let i = 0; i < 6; i++) {
      await peer.expect(PING);
      // A whole message, an empty one, and single bytes of a frame: each counts as an answer.
      if (i === 0) peer.text('a message');
      else if (i === 1) peer.binary('');
      else peer.write(peer.frame({ opcode: TEXT, payload: 'in pieces' }).subarray(i - 2, i - 1));
    }
    assert.ok(performance.now() - from > 5 * 40);
    assert.equal(connection.connected, true);
  });

  it('drops a peer that does not answer, without a close frame', async (t) => {
    let log;
    let closed;
    // On a busy machine the grace period may be over before open() returns.
    const onConnection = (connection) => {
      log = record(connection);
      closed = closing(connection);
    };
    const { connection, peer } = await open(t, { ...side, config: IMPATIENT, onConnection });
    await peer.expect(PING);
    assert.deepEqual(await closed, [1006, 'Peer not responding.']);
    assert.deepEqual(log, [['resume'], ['close', 1006, 'Peer not responding.']]);
    await peer.ended();
    assert.equal(connection.socket.destroyed, true);
  });

  it('drops no peer with dropConnectionOnKeepaliveTimeout: false', async (t) => {
    const config = { ...KEEPALIVE, dropConnectionOnKeepaliveTimeout: false };
    const { connection, peer } = await open(t, { ...side, config });
    for (let i = 0; i < 5; i++) await peer.expect(PING);
    assert.equal(connection.connected, true);
  });

  it('does not call ping listeners, and its answers call pong listeners', async (t) => {
    const { connection, peer } = await open(t, { ...side, config: KEEPALIVE });
    const log = record(connection, ['ping', 'pong']);
    for (let i = 0; i < 2; i++) {
      await peer.expect(PING);
      peer.pong('alive');
    }
    await peer.expect(PING);
    assert.deepEqual(
      log.map(([name, data]) => [name, `${data}`]),
      [
        ['pong', 'alive'],
        ['pong', 'alive'],
      ],
    );
  });

  it('stops with close(), and then closeTimeout applies', async (t) => {
    const config = { ...KEEPALIVE, closeTimeout: 200 };
    const { connection, peer } = await open(t, { ...side, config });
    const closed = closing(connection);
    connection.close(4001, 'bye');
    assert.deepEqual(await closed, [4001, 'bye']);
    const opcodes = (await peer.rest()).map(({ opcode }) => opcode);
    assert.equal(opcodes.indexOf(CLOSE), opcodes.length - 1, `${opcodes}`);
  });

  it('does not wait until everything is deflated', async (t) => {
    const config = {
      ...KEEPALIVE,
      dropConnectionOnKeepaliveTimeout: false,
      fragmentOutgoingMessages: false,
    };
    const { connection, peer } = await openDeflated(t, { ...side, config });
    const text = prose(200000);
    for (let i = 0; i < 100; i++) connection.sendUTF(text);
    let before = 0;
    // A ping may also come before all of them.
    for (let ping = false; !ping; ) {
      const { opcode } = await peer.next();
      if (opcode === TEXT) before += 1;
      else ping = before > 0;
    }
    assert.ok(before < 100, 'it comes before the last');
  });

  it('can be driven by hand, by the methods that upstream has for it', async (t) => {
    const config = { ...IMPATIENT, keepaliveInterval: 10000 };
    const { connection, peer } = await open(t, { ...side, config });
    const closed = closing(connection);
    connection.handleKeepaliveTimer();
    await peer.expect(PING);
    assert.deepEqual(await closed, [1006, 'Peer not responding.']);
  });
});

onEachTransport('The defaults', (transport) => {
  it('are a ping after 20 s for servers and none for clients', async (t) => {
    const server = await serve(t, { transport, config: { autoAcceptConnections: true } });
    const accepted = once(server.wsServer, 'connect');
    await shakeHands(await dialRaw(t, server));
    const [{ config }] = await accepted;
    const { keepalive, keepaliveInterval, keepaliveGracePeriod } = config;
    assert.deepEqual([keepalive, keepaliveInterval, keepaliveGracePeriod], [true, 20000, 10000]);
    const client = await open(t, { transport, role: 'client' });
    assert.equal(client.connection.config.keepalive, undefined);
  });

  it('with useNativeKeepalive leave keepalive to TCP', async (t) => {
    const config = { ...KEEPALIVE, useNativeKeepalive: true };
    const { connection, peer } = await open(t, { transport, config });
    const other = await open(t, { transport, config: KEEPALIVE });
    for (let i = 0; i < 3; i++) {
      await other.peer.expect(PING);
      other.peer.pong('');
    }
    connection.sendUTF('no ping before this');
    assert.equal((await peer.next()).payload.toString(), 'no ping before this');
  });
});
