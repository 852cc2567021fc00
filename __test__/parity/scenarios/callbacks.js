'use strict';

/**
 * A callback that records the error it was called with. Whether the absence of one is null or
 * undefined depends on the version of Node.
 */
const recorder = (lane, label) => (error) => lane.add(label, error ?? 'no error');

async function opened(t, options) {
  const { connection, peer } = await t.accepted(options);
  await t.lane().until('resume');
  return { connection, peer, lane: t.lane() };
}

/** More than the kernel takes for a peer that does not read. */
const BLOCKS = 150;
const BLOCK = Buffer.alloc(65536);

/**
 * Which callbacks of many sends in one turn got an error, when the socket closes before everything
 * has left.
 */
async function cutShort(t, cut) {
  const { connection, peer, lane } = await opened(t, {
    config: { fragmentOutgoingMessages: false },
  });
  peer.socket.pause();
  let fine = 0;
  let failed = 0;
  for (let i = 0; i < BLOCKS; i++) {
    connection.sendBytes(BLOCK, (error) => {
      if (error) failed += 1;
      else fine += 1;
      if (error && failed === 1) lane.add('first error', fine > 0, fine < BLOCKS);
    });
  }
  connection.sendUTF('last', (error) => lane.add('last', error?.code ?? 'no error'));
  cut(connection);
  await lane.until('last');
  lane.add('all', fine + failed, failed > 0);
  peer.socket.destroy();
}

module.exports = [
  {
    name: 'the callbacks of unsent messages get an error after destroy()',
    run: (t) => cutShort(t, (connection) => connection.socket.destroy()),
  },
  {
    name: 'the callbacks of unsent messages get an error after drop() without a close frame',
    run: (t) => cutShort(t, (connection) => connection.drop(4000, 'enough', true)),
  },
  {
    name: 'callbacks of sends come later, in order, without an error',
    async run(t) {
      const { connection, peer, lane } = await opened(t);
      connection.send('a', recorder(lane, 'send'));
      connection.sendUTF('b', recorder(lane, 'sendUTF'));
      connection.sendBytes(Buffer.from('c'), recorder(lane, 'sendBytes'));
      lane.add('sent');
      await lane.until('sendBytes');
      await t.farewell(peer);
    },
  },
  {
    name: 'a message in fragments calls back once',
    async run(t) {
      const { connection, peer, lane } = await opened(t, {
        config: { fragmentationThreshold: 4 },
      });
      connection.sendUTF('0123456789', recorder(lane, 'fragmented'));
      connection.sendUTF('end', recorder(lane, 'whole'));
      await lane.until('whole');
      await t.farewell(peer);
    },
  },
  {
    name: 'a callback that sends again',
    async run(t) {
      const { connection, peer, lane } = await opened(t);
      let left = 3;
      const again = (error) => {
        lane.add('sent', left, error ?? 'no error');
        left -= 1;
        if (left > 0) connection.sendUTF(`${left}`, again);
      };
      connection.sendUTF('first', again);
      await lane.until('sent', 3);
      await t.farewell(peer);
    },
  },
  {
    name: 'the callback of a close frame',
    async run(t) {
      const { connection, peer, lane } = await opened(t);
      connection.sendCloseFrame(4000, 'by hand', recorder(lane, 'sent'));
      await lane.until('sent');
      await lane.until('close');
      await peer.seen('gone');
    },
  },
  {
    name: 'a callback that is no function is ignored',
    async run(t) {
      const { connection, peer, lane } = await opened(t);
      for (const callback of [undefined, null]) {
        lane.call(`${callback}`, () => connection.sendUTF(`${callback}`, callback));
      }
      await t.farewell(peer);
    },
  },
  {
    name: 'sends on a connection that was dropped',
    async run(t) {
      const { connection, peer, lane } = await opened(t, { dial: { answersClose: false } });
      connection.drop(4000, 'enough');
      lane.call('sendUTF', () => connection.sendUTF('late', recorder(lane, 'late text')));
      lane.call('ping', () => connection.ping('late'));
      lane.call('close', () => connection.close());
      await lane.until('late text');
      await peer.seen('gone');
    },
  },
  {
    name: 'sends on a connection whose stream has ended',
    async run(t) {
      const { connection, peer, lane } = await opened(t);
      peer.end();
      await lane.until('close');
      lane.call('sendUTF', () => connection.sendUTF('late', recorder(lane, 'late text')));
      lane.call('sendBytes', () => connection.sendBytes(Buffer.from('late')));
      lane.call('ping', () => connection.ping());
      lane.call('pong', () => connection.pong());
      await lane.until('late text');
      await peer.seen('gone');
    },
  },
  {
    name: 'sends after close(), before the answer of the peer',
    async run(t) {
      const { connection, peer, lane } = await opened(t, { dial: { answersClose: false } });
      connection.close(4000, 'closing');
      lane.call('sendUTF', () => connection.sendUTF('late', recorder(lane, 'late text')));
      await lane.until('late text');
      await lane.until('close');
      await peer.seen('gone');
    },
  },
  {
    name: 'sends in the close listener',
    async run(t) {
      const { connection, peer, lane } = await opened(t);
      connection.on('close', () => {
        lane.call('sendUTF', () => connection.sendUTF('late', recorder(lane, 'late text')));
      });
      await t.farewell(peer);
      await lane.until('late text');
    },
  },
];
