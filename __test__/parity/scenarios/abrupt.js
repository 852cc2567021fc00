'use strict';

const expect = require('../harness/expect');

async function cut(t, act, { client, error = true, config, peer: options } = {}) {
  const { connection, peer } = await (client
    ? t.connected({ config, peer: options })
    : t.accepted({ config, dial: options }));
  const lane = t.lane();
  // The recorder's own listener would hide what happens without one.
  if (!error) connection.removeAllListeners('error');
  await lane.until('resume');
  await act(peer, connection);
  await lane.until('close');
  lane.add('fields', connection.state, connection.connected, connection.receivedEnd);
  lane.add('socketHadError', connection.socketHadError);
  await peer.seen('gone');
}

/** A connection that closes, and a peer that does not answer. */
async function unanswered(t, { client } = {}) {
  const silent = { answersClose: false, answersEnd: false };
  const config = { closeTimeout: 50 };
  const { connection, peer } = await (client
    ? t.connected({ config, peer: silent })
    : t.accepted({ config, dial: silent }));
  const lane = t.lane();
  await lane.until('resume');
  connection.socket.on('close', () => lane.add('socket closed'));
  connection.close(4000, 'anybody?');
  lane.add('waiting', connection.waitingForCloseResponse);
  await peer.seen('end');
  while (connection.waitingForCloseResponse) await new Promise(setImmediate);
  await t.turns();
  lane.add('timed out', connection.state, connection.socket.destroyed);
  peer.end();
  await lane.until('close');
  await peer.seen('gone');
}

const timedOut = [
  {
    row: 'closeTimer',
    lane: 'connection',
    upstream: [
      ['timed out', 'closed', false],
      ...expect.closed(4000, 'anybody?'),
      ['socket closed'],
    ],
    ours: [...expect.closed(4000, 'anybody?'), ['socket closed'], ['timed out', 'closed', true]],
  },
];

module.exports = [
  {
    name: 'the stream of the peer ends without a close frame',
    run: (t) => cut(t, (peer) => peer.end()),
  },
  {
    name: 'the stream of the server ends without a close frame',
    run: (t) => cut(t, (peer) => peer.end(), { client: true }),
  },
  {
    name: 'the stream ends in the middle of a frame',
    run: (t) =>
      cut(t, (peer) => {
        peer.write(peer.frame('text', 'whole'));
        peer.write(peer.frame('text', 'cut off').subarray(0, 9));
        peer.end();
      }),
  },
  {
    name: 'the stream ends in the middle of a fragmented message',
    run: (t) =>
      cut(t, (peer) => {
        peer.text('never finished', { fin: false });
        peer.end();
      }),
  },
  {
    name: 'messages just before the end of the stream are delivered',
    run: (t) =>
      cut(t, (peer) => {
        const frames = ['1', '2', '3'].map((text) => peer.frame('text', text));
        peer.socket.end(Buffer.concat(frames));
      }),
  },
  {
    name: 'a reset is an error and a close',
    run: (t) => cut(t, (peer) => peer.reset()),
  },
  {
    name: 'a reset without an error listener is only a close',
    run: (t) => cut(t, (peer) => peer.reset(), { error: false }),
  },
  {
    name: 'a reset on a client',
    run: (t) => cut(t, (peer) => peer.reset(), { client: true }),
  },
  {
    name: 'a reset after messages were delivered',
    run: (t) =>
      cut(t, async (peer) => {
        peer.text('one');
        await t.lane().until('message');
        peer.reset();
      }),
  },
  {
    name: 'a reset while the answer to close() is awaited',
    run: (t) =>
      cut(
        t,
        async (peer, connection) => {
          connection.close(4000, 'closing');
          await peer.seen('frame');
          peer.reset();
        },
        { peer: { answersClose: false, answersEnd: false } },
      ),
  },
  {
    name: 'the stream ends while the answer to close() is awaited',
    run: (t) =>
      cut(
        t,
        async (peer, connection) => {
          connection.close(4000, 'closing');
          await peer.seen('frame');
          peer.end();
        },
        { peer: { answersClose: false } },
      ),
  },
  {
    name: 'socket.destroy() by the application',
    run: (t) => cut(t, (_peer, connection) => connection.socket.destroy()),
  },
  {
    name: 'socket.destroy() with an error by the application',
    run: (t) =>
      cut(t, (_peer, connection) => {
        const error = Object.assign(new Error('by hand'), { code: 'EHAND', syscall: 'test' });
        connection.socket.destroy(error);
      }),
  },
  {
    name: 'socket.end() by the application',
    run: (t) => cut(t, (_peer, connection) => connection.socket.end()),
  },
  {
    name: 'close() that the peer never answers, on a server',
    run: (t) => unanswered(t),
    differs: timedOut,
  },
  {
    name: 'close() that the peer never answers, on a client',
    run: (t) => unanswered(t, { client: true }),
    differs: timedOut,
  },
];
