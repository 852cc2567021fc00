'use strict';

const { NORMAL, closed } = require('../harness/expect');

/** The fields of a frame that a `frame` listener reads. */
function recordFrames(t, connection, lane) {
  connection.on('frame', (frame) => {
    lane.add('fields', {
      instance: frame instanceof t.ws.frame,
      fin: frame.fin,
      rsv: [frame.rsv1, frame.rsv2, frame.rsv3],
      mask: frame.mask,
      opcode: frame.opcode,
      length: frame.length,
      closeStatus: frame.closeStatus,
      payload: frame.binaryPayload,
      text: String(frame),
    });
  });
}

async function framed(t, act, frames, { config, client } = {}) {
  const options = { config: { assembleFragments: false, ...config } };
  const { connection, peer } = await (client ? t.connected(options) : t.accepted(options));
  recordFrames(t, connection, t.lane());
  await t.lane().until('resume');
  act(peer, connection);
  await t.lane().until('frame', frames);
  return { connection, peer };
}

/** Frames that may be refused. The peer does not answer the refusal. */
async function disputed(t, act, frames = 1) {
  const { connection, peer } = await t.accepted({
    config: { assembleFragments: false },
    dial: { answersClose: false },
  });
  const lane = t.lane();
  recordFrames(t, connection, lane);
  await lane.until('resume');
  act(peer);
  await Promise.race([lane.until('frame', frames), lane.until('close')]);
  await t.turns();
  if (lane.count('close') === 0) await t.farewell(peer);
  await peer.seen('gone');
}

/** The fields that a listener records of a client's frame. */
const shown = (opcode, payload, fields) => [
  ['frame', '[WebSocketFrame]'],
  [
    'fields',
    {
      instance: true,
      fin: true,
      rsv: [false, false, false],
      mask: true,
      opcode,
      length: payload.length,
      closeStatus: -1,
      payload: `Buffer(${payload.length}) ${payload.toString('hex')}`,
      text: `Opcode: ${opcode}, fin: true, length: ${payload.length}, hasPayload: true, masked: true`,
      ...fields,
    },
  ],
];

/**
 * Upstream delivers a frame out of sequence and closes normally. This package drops the connection.
 */
const outOfSequence = (opcode, payload, reason) => [
  {
    row: 'fragmentSequence',
    lane: 'connection',
    upstream: [
      ...shown(opcode, Buffer.from(payload)),
      ...shown(8, Buffer.from([0x03, 0xe8]), { closeStatus: 1000, payload: 'Buffer(0)' }),
      ...NORMAL,
    ],
    ours: closed(1002, reason),
  },
  {
    row: 'fragmentSequence',
    lane: 'peer',
    upstream: [['frame', 'close', '1000']],
    ours: [['frame', 'close', `1002 ${reason}`]],
  },
];

module.exports = [
  {
    name: 'assembleFragments: false gives frames, and no messages',
    async run(t) {
      const act = (peer) => {
        peer.text('whole');
        peer.send('binary', [1, 2, 3]);
        peer.text('');
        peer.send('binary', Buffer.alloc(300, 7));
      };
      const { peer } = await framed(t, act, 4);
      await t.farewell(peer);
    },
  },
  {
    name: 'assembleFragments: false gives each fragment',
    async run(t) {
      const act = (peer) => {
        peer.text('one', { fin: false });
        peer.send('continuation', 'two', { fin: false });
        peer.send('ping', 'between');
        peer.send('continuation', 'three');
      };
      const { peer } = await framed(t, act, 4);
      await peer.seen('frame');
      await t.farewell(peer);
    },
  },
  {
    name: 'assembleFragments: false gives control frames, and their own events too',
    async run(t) {
      const act = (peer) => {
        peer.send('ping', 'p');
        peer.send('pong', 'q');
      };
      const { peer } = await framed(t, act, 2);
      await t.lane().until('pong');
      await peer.seen('frame');
      peer.close(4000, 'done');
      await peer.seen('gone');
      await t.lane().until('close');
    },
  },
  {
    name: 'assembleFragments: false takes any bytes as text',
    run: (t) => disputed(t, (peer) => peer.text([0x61, 0xff, 0xfe])),
  },
  {
    name: 'assembleFragments: false takes a continuation without a start',
    run: (t) => disputed(t, (peer) => peer.send('continuation', 'without a start')),
    differs: outOfSequence(0, 'without a start', 'Unexpected Continuation Frame'),
  },
  {
    name: 'assembleFragments: false takes a start within a message',
    async run(t) {
      const act = (peer) => {
        peer.text('a start', { fin: false });
        peer.text('another');
      };
      await disputed(t, act, 2);
    },
    differs: outOfSequence(
      1,
      'another',
      'Illegal frame opcode 0x1 received in middle of fragmented message.',
    ),
  },
  {
    name: 'assembleFragments: false refuses reserved bits',
    run: (t) => disputed(t, (peer) => peer.text('x', { rsv: 4 })),
  },
  {
    name: 'assembleFragments: false refuses an unknown opcode, with its frame or without',
    run: (t) => disputed(t, (peer) => peer.send(3, 'what?')),
    differs: [
      {
        row: 'earlyViolations',
        lane: 'connection',
        upstream: [
          ['frame', '[WebSocketFrame]'],
          [
            'fields',
            {
              instance: true,
              fin: true,
              rsv: [false, false, false],
              mask: true,
              opcode: 3,
              length: 5,
              closeStatus: -1,
              payload: 'Buffer(5) 776861743f',
              text: 'Opcode: 3, fin: true, length: 5, hasPayload: true, masked: true',
            },
          ],
        ],
        ours: [],
      },
    ],
  },
  {
    name: 'assembleFragments: false knows no limit for messages',
    async run(t) {
      const act = (peer) => {
        peer.send('binary', Buffer.alloc(80, 1), { fin: false });
        peer.send('continuation', Buffer.alloc(80, 2));
      };
      const { peer } = await framed(t, act, 2, { config: { maxReceivedMessageSize: 100 } });
      await t.farewell(peer);
    },
  },
  {
    name: 'assembleFragments: false on a client',
    async run(t) {
      const act = (peer) => {
        peer.text('from the server', { fin: false });
        peer.send('continuation', '.');
      };
      const { peer } = await framed(t, act, 2, { client: true });
      await t.farewell(peer);
    },
  },
];
