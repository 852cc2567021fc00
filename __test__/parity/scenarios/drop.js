'use strict';

/** A connection that is dropped. The peer records the end of its stream. */
async function dropping(t, act, { client } = {}) {
  const quiet = { answersClose: false };
  const { connection, peer } = await (client
    ? t.connected({ peer: quiet })
    : t.accepted({ dial: quiet }));
  const lane = t.lane();
  await lane.until('resume');
  act(connection, lane);
  lane.add('after', connection.state, connection.connected, connection.closeEventEmitted);
  await peer.seen('gone');
  lane.add('reason', connection.closeReasonCode, connection.closeDescription);
}

module.exports = [
  {
    name: 'drop() without arguments emits close at once',
    run: (t) => dropping(t, (connection) => connection.drop()),
  },
  {
    name: 'drop() with a code',
    run: (t) => dropping(t, (connection) => connection.drop(1008)),
  },
  {
    name: 'drop() with code and description',
    run: (t) => dropping(t, (connection) => connection.drop(4000, 'out')),
  },
  {
    name: 'drop() without a close frame',
    run: (t) => dropping(t, (connection) => connection.drop(1006, 'gone', true)),
  },
  {
    name: 'drop() takes codes that close() refuses',
    run: (t) => dropping(t, (connection) => connection.drop(1, 'any code')),
    differs: [
      {
        row: 'unsendableCode',
        lane: 'peer',
        upstream: [['frame', 'close', '1 any code']],
        ours: [['frame', 'close', 'Buffer(0)']],
      },
    ],
  },
  {
    name: 'drop() on a client',
    run: (t) => dropping(t, (connection) => connection.drop(1002, 'bad server'), { client: true }),
  },
  {
    name: 'drop() twice emits close once',
    run: (t) =>
      dropping(t, (connection, lane) => {
        lane.attempt('first', () => connection.drop(4000, 'first'));
        lane.attempt('second', () => connection.drop(4001, 'second'));
        lane.attempt('close', () => connection.close());
      }),
  },
  {
    name: 'messages sent before drop() arrive before its close frame',
    run: (t) =>
      dropping(t, (connection) => {
        connection.sendUTF('one');
        connection.sendUTF('two');
        connection.drop(4000, 'three');
      }),
  },
  {
    name: 'drop() in a message handler ends the messages',
    async run(t) {
      const { connection, peer } = await t.accepted({ dial: { answersClose: false } });
      await t.lane().until('resume');
      connection.on('message', ({ utf8Data }) => {
        if (utf8Data === '2') connection.drop(4000, 'enough');
      });
      const frames = ['1', '2', '3', '4'].map((text) => peer.frame('text', text));
      peer.write(Buffer.concat(frames));
      await t.lane().until('close');
      await peer.seen('gone');
    },
  },
  {
    name: 'drop() after close() does not wait for the peer',
    run: (t) =>
      dropping(t, (connection) => {
        connection.close(4000, 'closing');
        connection.drop(4001, 'dropped');
      }),
  },
  {
    name: 'drop() in the close listener changes nothing',
    run: (t) =>
      dropping(t, (connection, lane) => {
        connection.on('close', () => lane.attempt('drop', () => connection.drop(1011, 'again')));
        connection.drop(4000, 'first');
      }),
  },
];
