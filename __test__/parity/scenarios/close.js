'use strict';

const expect = require('../harness/expect');

/** The connection closes first, and the peer answers. */
async function closing(t, act, { client, config } = {}) {
  const { connection, peer } = await (client ? t.connected({ config }) : t.accepted({ config }));
  const lane = t.lane();
  await lane.until('resume');
  act(connection, lane);
  lane.add('fields', connection.state, connection.connected, connection.waitingForCloseResponse);
  await lane.until('close');
  await peer.seen('gone');
  lane.add('fields', connection.state, connection.connected, connection.waitingForCloseResponse);
  lane.add('closeEventEmitted', connection.closeEventEmitted);
}

/** The peer closes first: `close` sends `code` and `reason`, or raw bytes. */
async function closedByPeer(t, close, { client } = {}) {
  const { connection, peer } = await (client ? t.connected() : t.accepted());
  const lane = t.lane();
  await lane.until('resume');
  close(peer);
  await lane.until('close');
  await peer.seen('gone');
  lane.add('fields', connection.state, connection.connected, connection.receivedEnd);
  lane.add('reason', connection.closeReasonCode, connection.closeDescription);
}

const rawClose = (bytes) => (peer) => peer.send('close', bytes);

const CODES = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1014, 3000, 4999];
const INVALID_CODES = [0, 999, 1004, 1005, 1006, 1016, 1100, 2999, 5000, 65535];

module.exports = [
  {
    name: 'close() without arguments',
    run: (t) => closing(t, (connection) => connection.close()),
  },
  {
    name: 'close() with a code and its own description',
    run: (t) => closing(t, (connection) => connection.close(1001)),
  },
  {
    name: 'close() with code and description',
    run: (t) => closing(t, (connection) => connection.close(4001, 'grüße')),
  },
  {
    name: 'close() with a code that has no description',
    run: (t) => closing(t, (connection) => connection.close(3500)),
  },
  {
    name: 'close() with an empty description',
    run: (t) => closing(t, (connection) => connection.close(1000, '')),
  },
  {
    name: 'close() with arguments of other types',
    run: (t) => closing(t, (connection) => connection.close('1001', 7)),
  },
  {
    name: 'close() on a client',
    run: (t) => closing(t, (connection) => connection.close(4000, 'bye'), { client: true }),
  },
  {
    name: 'close() refuses codes that may not be sent, and stays open',
    run: (t) =>
      closing(t, (connection, lane) => {
        for (const code of [0, 999, 1004, 1005, 1006, 1016, 2000, 5000, -1, Number.NaN, 1000.5]) {
          lane.attempt(`close ${code}`, () => connection.close(code));
        }
        lane.add('still', connection.connected, connection.state, connection.closeReasonCode);
        connection.close();
      }),
  },
  {
    name: 'close() twice sends one frame',
    run: (t) =>
      closing(t, (connection, lane) => {
        lane.attempt('first', () => connection.close(1001, 'first'));
        lane.attempt('second', () => connection.close(1002, 'second'));
        lane.attempt('invalid', () => connection.close(1));
        lane.add('reason', connection.closeReasonCode, connection.closeDescription);
      }),
  },
  {
    name: 'a description of 123 bytes',
    run: (t) => closing(t, (connection) => connection.close(4000, 'x'.repeat(123))),
  },
  {
    name: 'a description of more than 123 bytes',
    run: (t) => closing(t, (connection) => connection.close(4000, 'ü'.repeat(62))),
    differs: [
      {
        row: 'longReasons',
        lane: 'peer',
        upstream: [['frame', 'close', `4000 ${'ü'.repeat(62)}`]],
        ours: [['frame', 'close', `4000 ${'ü'.repeat(61)}`]],
      },
    ],
  },
  {
    name: 'close(1015)',
    run: (t) =>
      closing(t, (connection, lane) => {
        lane.attempt('close 1015', () => connection.close(1015));
        connection.close();
      }),
    differs: [
      {
        row: 'reservedCode',
        lane: 'connection',
        upstream: [['close 1015', 'returned', '(undefined)']],
        ours: [
          ['close 1015', 'threw', { error: 'Error', message: 'Close code 1015 is not valid.' }],
        ],
      },
      {
        row: 'reservedCode',
        lane: 'connection',
        upstream: expect.closed(1015, 'TLS Handshake Failed'),
        ours: expect.NORMAL,
      },
      {
        row: 'reservedCode',
        lane: 'peer',
        upstream: [['frame', 'close', '1015 TLS Handshake Failed']],
        ours: [['frame', 'close', '1000 Normal connection closure']],
      },
    ],
  },
  {
    name: 'messages sent before close() arrive before its close frame',
    run: (t) =>
      closing(t, (connection) => {
        connection.sendUTF('one');
        connection.sendBytes(Buffer.alloc(0x10000, 2));
        connection.ping('three');
        connection.close(1000, 'last');
      }),
  },
  {
    name: 'close() in a message handler ends the messages',
    async run(t) {
      const { connection, peer } = await t.accepted();
      await t.lane().until('resume');
      connection.on('message', ({ utf8Data }) => {
        if (utf8Data === '2') connection.close(4000, 'enough');
      });
      const frames = ['1', '2', '3', '4'].map((text) => peer.frame('text', text));
      peer.write(Buffer.concat(frames));
      await t.lane().until('close');
      await peer.seen('gone');
    },
  },
  {
    name: 'the peer closes with a code and a reason',
    run: (t) => closedByPeer(t, (peer) => peer.close(4002, 'grüße')),
  },
  {
    name: 'the peer closes with a code only',
    run: (t) => closedByPeer(t, (peer) => peer.close(4002)),
  },
  {
    name: 'the peer closes without a code',
    run: (t) => closedByPeer(t, (peer) => peer.close()),
  },
  {
    name: 'the peer closes with a reason of one byte',
    run: (t) => closedByPeer(t, (peer) => peer.close(1000, 'x')),
    differs: [
      {
        row: 'oneByteReason',
        lane: 'connection',
        upstream: expect.NORMAL,
        ours: expect.closed(1000, 'x'),
      },
      {
        row: 'oneByteReason',
        lane: 'connection',
        upstream: [['reason', 1000, 'Normal connection closure']],
        ours: [['reason', 1000, 'x']],
      },
    ],
  },
  {
    name: 'the peer closes with a payload of one byte',
    run: (t) => closedByPeer(t, rawClose([3])),
  },
  {
    name: 'the peer closes with a reason that is not UTF-8',
    run: (t) => closedByPeer(t, rawClose([0x03, 0xe8, 0xc3, 0x28])),
  },
  {
    name: 'the server closes a client',
    run: (t) => closedByPeer(t, (peer) => peer.close(1001, 'maintenance'), { client: true }),
  },
  ...CODES.map((code) => ({
    name: `the peer closes with ${code}`,
    run: (t) => closedByPeer(t, (peer) => peer.close(code)),
  })),
  ...INVALID_CODES.map((code) => ({
    name: `the peer closes with ${code}, which may not be sent`,
    run: (t) => closedByPeer(t, (peer) => peer.close(code, 'why')),
  })),
  {
    name: 'messages before the close of the peer are delivered, those behind it are not',
    run: (t) =>
      closedByPeer(t, (peer) => {
        const close = Buffer.from([0x03, 0xe8]);
        const frames = [
          peer.frame('text', 'before'),
          peer.frame('close', close),
          peer.frame('text', 'behind'),
        ];
        peer.write(Buffer.concat(frames));
      }),
  },
  {
    name: 'both sides close at once',
    async run(t) {
      const { connection, peer } = await t.accepted({ dial: { answersClose: false } });
      await t.lane().until('resume');
      connection.close(4002, 'from here');
      peer.close(4001, 'from the peer');
      await t.lane().until('close');
      await peer.seen('gone');
      t.lane().add('reason', connection.closeReasonCode, connection.closeDescription);
    },
  },
];
