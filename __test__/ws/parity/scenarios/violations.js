'use strict';

const { onEachRole } = require('../roles');
const { squeeze } = require('../deflate');

/**
 * What the peer sends. `options` are the connection's, `deflate` negotiates compression. `bytes`
 * makes the input with the peer's role.
 */
const VIOLATIONS = {
  RSV1: { bytes: (p) => p.frame('text', 'a', { rsv: 4 }) },
  RSV2: { bytes: (p) => p.frame('text', 'a', { rsv: 2 }) },
  RSV3: { bytes: (p) => p.frame('text', 'a', { rsv: 1 }) },
  'RSV2 with compression': { deflate: true, bytes: (p) => p.frame('text', 'a', { rsv: 2 }) },
  'RSV1 of a continuation, with compression': {
    deflate: true,
    bytes: (p) => [
      p.frame('text', squeeze('a'), { rsv: 4, fin: false }),
      p.frame('continuation', 'b', { rsv: 4 }),
    ],
  },
  'RSV1 of a ping, with compression': {
    deflate: true,
    bytes: (p) => p.frame('ping', 'a', { rsv: 4 }),
  },
  'RSV1 of a close frame, with compression': {
    deflate: true,
    bytes: (p) => p.frame('close', Buffer.from([3, 232]), { rsv: 4 }),
  },
  'opcode 3': { bytes: (p) => p.frame(3, 'a') },
  'opcode 7': { bytes: (p) => p.frame(7, 'a') },
  'opcode 11': { bytes: (p) => p.frame(11, 'a') },
  'opcode 15': { bytes: (p) => p.frame(15, 'a') },
  'a continuation without a message': { bytes: (p) => p.frame('continuation', 'a') },
  'a text inside of a message': {
    bytes: (p) => [p.frame('text', 'a', { fin: false }), p.frame('text', 'b')],
  },
  'a binary inside of a message': {
    bytes: (p) => [p.frame('binary', 'a', { fin: false }), p.frame('binary', 'b')],
  },
  'a ping in pieces': { bytes: (p) => p.frame('ping', 'a', { fin: false }) },
  'a close frame in pieces': { bytes: (p) => p.frame('close', '', { fin: false }) },
  'a ping of 126 bytes': { bytes: (p) => p.frame('ping', Buffer.alloc(126)) },
  'a ping whose length takes 64 bits': {
    bytes: (p) => p.frame('ping', '', { lengthForm: 64, declaredLength: 5 }),
  },
  'a close frame of 1 byte': { bytes: (p) => p.frame('close', Buffer.from([3])) },
  'a frame with the wrong mask': {
    bytes: (p, role) => p.frame('text', 'a', { mask: role !== 'server' }),
  },
  ...Object.fromEntries(
    [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000].map((code) => [
      `close code ${code}`,
      { bytes: (p) => p.frame('close', Buffer.from([code >> 8, code & 255])) },
    ]),
  ),
  'invalid UTF-8 in a text': { bytes: (p) => p.frame('text', Buffer.from([0xce, 0xba, 0xe1])) },
  'invalid UTF-8 in fragments': {
    bytes: (p) => [
      p.frame('text', Buffer.from([0xff]), { fin: false }),
      p.frame('continuation', 'fine', { fin: false }),
      p.frame('continuation', 'end'),
    ],
  },
  'invalid UTF-8 in a close reason': {
    bytes: (p) => p.frame('close', Buffer.from([3, 232, 0xff, 0xfe])),
  },
  'a length of 2^53': {
    bytes: (p) => p.frame('binary', '', { lengthForm: 64, declaredLength: 2 ** 53 }),
  },
  'a length of 2^63': {
    bytes: (p) => p.frame('binary', '', { lengthForm: 64, declaredLength: 2n ** 63n }),
  },
  'a length of 2^53 - 1 above maxPayload': {
    bytes: (p) => p.frame('binary', '', { lengthForm: 64, declaredLength: 2 ** 53 - 1 }),
  },
  'a frame above maxPayload': {
    options: { maxPayload: 10 },
    bytes: (p) => p.frame('binary', Buffer.alloc(11)),
  },
  'a header above maxPayload, without its payload': {
    options: { maxPayload: 10 },
    bytes: (p) => p.frame('binary', '', { declaredLength: 11 }),
  },
  'fragments above maxPayload': {
    options: { maxPayload: 10 },
    bytes: (p) => [
      p.frame('binary', Buffer.alloc(6), { fin: false }),
      p.frame('continuation', Buffer.alloc(5)),
    ],
  },
  'an inflated message above maxPayload': {
    options: { maxPayload: 100 },
    deflate: true,
    bytes: (p) => p.frame('binary', squeeze(Buffer.alloc(101)), { rsv: 4 }),
  },
  'an inflated message above maxPayload in fragments': {
    options: { maxPayload: 100 },
    deflate: true,
    bytes: (p) => {
      const whole = squeeze(Buffer.alloc(1000));
      return [
        p.frame('binary', whole.subarray(0, 3), { rsv: 4, fin: false }),
        p.frame('continuation', whole.subarray(3)),
      ];
    },
  },
  'more fragments than maxFragments': {
    options: { maxFragments: 2 },
    bytes: (p) => [
      p.frame('text', 'a', { fin: false }),
      p.frame('continuation', 'b', { fin: false }),
      p.frame('continuation', 'c', { fin: false }),
    ],
  },
  'more empty fragments than maxFragments': {
    options: { maxFragments: 2 },
    bytes: (p) => [
      p.frame('text', '', { fin: false }),
      p.frame('continuation', '', { fin: false }),
      p.frame('continuation', '', { fin: false }),
      p.frame('continuation', '', { fin: false }),
    ],
  },
  'bytes that are not deflate': {
    deflate: true,
    bytes: (p) => p.frame('text', Buffer.from([0xff, 0xff, 0xff]), { rsv: 4 }),
  },
  'a compressed text that is not UTF-8': {
    deflate: true,
    bytes: (p) => p.frame('text', squeeze(Buffer.from([0xff, 0xfe])), { rsv: 4 }),
  },
  'RSV2 before a wrong mask and a wrong opcode': {
    bytes: (p, role) => p.frame(3, 'a', { rsv: 2, mask: role !== 'server' }),
  },
  'a wrong mask before a long ping': {
    bytes: (p, role) => p.frame('text', 'a', { declaredLength: 200, mask: role !== 'server' }),
  },
  'no FIN before the length of a ping': {
    bytes: (p) => p.frame('ping', Buffer.alloc(126), { fin: false }),
  },
};

async function violate(t, role, { options = {}, deflate = false, bytes }) {
  const setting = { options, dial: { answersClose: false } };
  const { ws, peer } = await (deflate ? t.openDeflated(role, setting) : t.open(role, setting));
  ws.on('close', () => t.lane().add('timer', ws._closeTimer?._destroyed));
  peer.write(Buffer.concat([peer.frame('text', 'before'), [bytes(peer, role)].flat()].flat()));
  await t.gone(peer);
}

/** What is accepted although it is unusual. */
const ACCEPTED = {
  'a length in more bytes than it needs': (p) => [
    p.frame('text', 'a', { lengthForm: 16 }),
    p.frame('text', 'b', { lengthForm: 64 }),
  ],
  'empty messages and fragments': (p) => [
    p.frame('text', ''),
    p.frame('binary', ''),
    p.frame('text', '', { fin: false }),
    p.frame('continuation', '', { fin: false }),
    p.frame('continuation', ''),
  ],
  'control frames inside of a message': (p) => [
    p.frame('text', 'a', { fin: false }),
    p.frame('ping', 'p'),
    p.frame('continuation', 'b', { fin: false }),
    p.frame('pong', 'q'),
    p.frame('continuation', 'c'),
  ],
  'a character split between fragments': (p) => [
    p.frame('text', Buffer.from([0xc3]), { fin: false }),
    p.frame('continuation', Buffer.from([0xbc])),
  ],
};

module.exports = [
  ...Object.entries(VIOLATIONS).flatMap(([name, violation]) =>
    onEachRole(`violation: ${name}`, (t, role) => violate(t, role, violation)),
  ),
  ...Object.entries(ACCEPTED).flatMap(([name, bytes]) =>
    onEachRole(`accepted: ${name}`, async (t, role) => {
      const { peer } = await t.open(role);
      peer.write(Buffer.concat(bytes(peer)));
      peer.text('end');
      await t.farewell(peer);
    }),
  ),
  ...onEachRole(
    'violation: without an error listener it is an uncaught exception',
    async (t, role) => {
      const { ws, peer } = await t.open(role, { events: ['close'], dial: { answersClose: false } });
      peer.send(3, 'a');
      await t.lane('process').until('uncaught');
      t.lane().add('state', ws.readyState);
      await t.gone(peer);
    },
  ),
  ...onEachRole(
    'violation: a peer that never ends TCP is destroyed by the timer',
    async (t, role) => {
      const { peer } = await t.open(role, {
        options: { closeTimeout: 50 },
        dial: { answersClose: false, answersEnd: false },
      });
      peer.send(3, 'a');
      await t.lane().until('close');
      peer.end();
      await peer.seen('gone');
    },
  ),
  ...onEachRole(
    'violation: a close frame of the peer behind it does not count',
    async (t, role) => {
      const { ws, peer } = await t.open(role, { dial: { answersClose: false } });
      peer.write(Buffer.concat([peer.frame(3, 'a'), peer.frame('close', Buffer.from([3, 232]))]));
      await t.gone(peer);
      t.lane().add('received', ws._closeFrameReceived, ws._closeFrameSent, ws._closeCode);
    },
  ),
  ...onEachRole('violation: behind a handler that destroys the socket', async (t, role) => {
    const { ws, peer } = await t.open(role, { dial: { answersClose: false } });
    ws.on('message', () => ws._socket.destroy());
    peer.write(Buffer.concat([peer.frame('text', 'last'), peer.frame(3, 'a')]));
    await t.lane().until('close');
  }),
  ...onEachRole('violation: while closing', async (t, role) => {
    const { ws, peer } = await t.open(role, { dial: { answersClose: false } });
    ws.close(4000);
    await peer.seen('frame');
    peer.send(3, 'a');
    await t.gone(peer);
  }),
  ...onEachRole('skipUTF8Validation', async (t, role) => {
    const { peer } = await t.open(role, { options: { skipUTF8Validation: true } });
    peer.send('text', Buffer.from([0xff, 0xfe]));
    await t.lane().until('message');
    peer.send('close', Buffer.from([3, 232, 0xff]));
    await t.gone(peer);
  }),
];
