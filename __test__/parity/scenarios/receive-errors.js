'use strict';

const { closed } = require('../harness/expect');

/**
 * A server connection whose peer violates the protocol, until it is dropped. The peer does not
 * answer the close frame, because unread bytes would turn the end of the stream into a reset.
 */
async function wrong(t, act, { config } = {}) {
  const { connection, peer } = await t.accepted({ config, dial: { answersClose: false } });
  await t.lane().until('resume');
  act(peer, connection);
  await t.lane().until('close');
  await peer.seen('gone');
}

/** The same for a client connection. */
async function wrongServer(t, act, { config } = {}) {
  const { connection, peer } = await t.connected({ config, peer: { answersClose: false } });
  await t.lane().until('resume');
  act(peer, connection);
  await t.lane().until('close');
  await peer.seen('gone');
}

const UNSUPPORTED = 'Unsupported 64-bit length frame received';

/** Only the header, which is enough to refuse the frame. */
const headerOf = (peer, declaredLength) => peer.frame('binary', '', { declaredLength });

module.exports = [
  {
    name: 'a continuation without a start',
    run: (t) => wrong(t, (peer) => peer.send('continuation', 'x')),
  },
  {
    name: 'a text frame in the middle of a fragmented message',
    run: (t) =>
      wrong(t, (peer) => {
        peer.send('binary', [1], { fin: false });
        peer.text('x');
      }),
  },
  {
    name: 'a binary start in the middle of a fragmented text',
    run: (t) =>
      wrong(t, (peer) => {
        peer.text('a', { fin: false });
        peer.send('binary', [1], { fin: false });
      }),
  },
  {
    name: 'an unknown data opcode',
    run: (t) => wrong(t, (peer) => peer.send(3, 'x')),
  },
  {
    name: 'an unknown control opcode',
    run: (t) => wrong(t, (peer) => peer.send(0xb, 'x')),
  },
  ...[1, 2, 4].map((rsv) => ({
    name: `a frame with the reserved bit ${4 / rsv === 4 ? 3 : 4 / rsv} set`,
    run: (t) => wrong(t, (peer) => peer.text('x', { rsv })),
  })),
  {
    name: 'a ping of 126 bytes',
    run: (t) => wrong(t, (peer) => peer.send('ping', Buffer.alloc(126))),
  },
  {
    name: 'a ping that is not final',
    run: (t) => wrong(t, (peer) => peer.send('ping', 'x', { fin: false })),
  },
  {
    name: 'text that is not UTF-8',
    run: (t) => wrong(t, (peer) => peer.text([0x61, 0xc3, 0x28])),
  },
  {
    name: 'text that ends within a character',
    run: (t) => wrong(t, (peer) => peer.text([0x61, 0xf0, 0x9f])),
  },
  {
    name: 'text with a surrogate',
    run: (t) => wrong(t, (peer) => peer.text([0xed, 0xa0, 0x80])),
  },
  {
    name: 'fragmented text that is not UTF-8 together',
    run: (t) =>
      wrong(t, (peer) => {
        peer.text([0x61, 0xc3], { fin: false });
        peer.send('continuation', [0x28]);
      }),
  },
  {
    name: 'a frame above maxReceivedFrameSize',
    run: (t) =>
      wrong(t, (peer) => peer.write(headerOf(peer, 101)), {
        config: { maxReceivedFrameSize: 100 },
      }),
  },
  {
    name: 'a frame of exactly maxReceivedFrameSize, then one above it on a client',
    run: (t) =>
      wrongServer(
        t,
        (peer) => {
          peer.send('binary', Buffer.alloc(100));
          peer.write(headerOf(peer, 101));
        },
        { config: { maxReceivedFrameSize: 100 } },
      ),
  },
  {
    name: 'the frame limits of a server when nothing is configured',
    run: (t) =>
      wrong(t, (peer) => {
        peer.send('binary', Buffer.alloc(0x10000));
        peer.write(headerOf(peer, 0x10001));
      }),
  },
  {
    name: 'fragments above maxReceivedMessageSize',
    run: (t) =>
      wrong(
        t,
        (peer) => {
          peer.send('binary', Buffer.alloc(60), { fin: false });
          peer.send('continuation', Buffer.alloc(40), { fin: false });
          peer.send('continuation', Buffer.alloc(1), { fin: false });
        },
        { config: { maxReceivedMessageSize: 100 } },
      ),
  },
  {
    name: 'fragments of exactly maxReceivedMessageSize',
    async run(t) {
      const { peer } = await t.accepted({ config: { maxReceivedMessageSize: 100 } });
      await t.lane().until('resume');
      peer.send('binary', Buffer.alloc(60), { fin: false });
      peer.send('continuation', Buffer.alloc(40));
      await t.lane().until('message');
      await t.farewell(peer);
    },
  },
  {
    name: 'a whole message that only maxReceivedMessageSize would forbid',
    async run(t) {
      const { peer } = await t.accepted({ config: { maxReceivedMessageSize: 100 } });
      await t.lane().until('resume');
      peer.send('binary', Buffer.alloc(101));
      await t.lane().until('message');
      await t.farewell(peer);
    },
  },
  {
    name: 'a length with its highest bit set',
    run: (t) => wrong(t, (peer) => peer.write(headerOf(peer, 2n ** 63n))),
  },
  {
    name: 'a length of 2³² and more',
    run: (t) => wrong(t, (peer) => peer.write(headerOf(peer, 2n ** 32n + 5n))),
    differs: [
      {
        row: 'hugeLengths',
        lane: 'connection',
        upstream: closed(1002, UNSUPPORTED),
        ours: closed(1009, UNSUPPORTED),
      },
      {
        row: 'hugeLengths',
        lane: 'peer',
        upstream: [['frame', 'close', `1002 ${UNSUPPORTED}`]],
        ours: [['frame', 'close', `1009 ${UNSUPPORTED}`]],
      },
    ],
  },
  {
    name: 'messages after a violation in the same piece are not delivered',
    run: (t) =>
      wrong(t, (peer) => {
        const frames = [
          peer.frame('text', 'before'),
          peer.frame(3, 'x'),
          peer.frame('text', 'after'),
        ];
        peer.write(Buffer.concat(frames));
      }),
  },
  {
    name: 'violations on a client',
    run: (t) => wrongServer(t, (peer) => peer.send('continuation', 'x')),
  },
];
