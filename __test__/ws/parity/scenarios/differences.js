'use strict';

const { RSV1, squeeze } = require('../deflate');
const { onEachRole } = require('../roles');

/** What ws and this package do differently on purpose. */
module.exports = [
  ...onEachRole(
    'a message listener that throws',
    async (t, role) => {
      const { ws, peer } = await t.open(role);
      ws.once('message', () => {
        throw new Error('from message');
      });
      peer.write(Buffer.concat([peer.frame('text', 'one'), peer.frame('text', 'two')]));
      await t.lane('process').until('uncaught');
      await t.roundTrip();
      // ws does not even emit 'close' any more.
      ws.terminate();
      await peer.seen('gone');
      await t.roundTrip();
    },
    () => [
      {
        row: 'throwingListeners',
        lane: 'ws',
        upstream: [],
        ours: [
          ['message', 'Buffer(3) 74776f', false, 'state 1'],
          ['close', 1006, 'Buffer(0)', 'state 3'],
        ],
      },
    ],
  ),
  ...onEachRole(
    'more chunks of a frame than maxBufferedChunks',
    async (t, role) => {
      const { peer } = await t.open(role, {
        options: { maxBufferedChunks: 2 },
        dial: { answersClose: false },
      });
      const frame = peer.frame('text', 'one');
      for (const byte of frame) {
        peer.write(Buffer.from([byte]));
        await t.roundTrip();
      }
      await Promise.race([t.lane().until('message'), t.lane().until('error')]);
      peer.end();
      await t.gone(peer);
    },
    (role) => [
      {
        row: 'bufferedChunks',
        lane: 'ws',
        upstream: [
          [
            'error',
            {
              error: 'RangeError',
              message: 'Too many buffered chunks',
              code: 'WS_ERR_TOO_MANY_BUFFERED_PARTS',
            },
            'state 2',
          ],
        ],
        ours: [['message', 'Buffer(3) 6f6e65', false, 'state 1']],
      },
      {
        row: 'bufferedChunks',
        lane: 'peer',
        upstream: [['frame', role === 'client' ? 'close, masked' : 'close', '1008']],
        ours: [],
      },
    ],
  ),
  ...onEachRole(
    'binaryType fragments of a compressed message',
    async (t, role) => {
      const { ws, peer } = await t.openDeflated(role);
      ws.binaryType = 'fragments';
      const bytes = squeeze('compressed text');
      peer.send('binary', bytes.subarray(0, 5), { ...RSV1, fin: false });
      peer.send('continuation', bytes.subarray(5));
      await t.lane().until('message');
      await t.farewell(peer);
    },
    () => [
      {
        row: 'compressedFragments',
        lane: 'ws',
        upstream: [
          ['message', ['Buffer(4) 636f6d70', 'Buffer(11) 7265737365642074657874'], true, 'state 1'],
        ],
        ours: [['message', ['Buffer(15) 636f6d707265737365642074657874'], true, 'state 1']],
      },
    ],
  ),
  ...onEachRole(
    'removeAllListeners("data") of _socket',
    async (t, role) => {
      const { ws, peer } = await t.open(role);
      await t.turns();
      ws._socket.removeAllListeners('data');
      peer.text('one');
      if (t.transport === 'native') await t.lane().until('message');
      else await t.roundTrip();
      ws.terminate();
      await t.gone(peer);
    },
    (role) => [
      {
        row: 'dataListeners',
        on: role === 'client' ? ['native', 'tls'] : 'native',
        lane: 'ws',
        upstream: [],
        ours: [['message', 'Buffer(3) 6f6e65', false, 'state 1']],
      },
    ],
  ),
];
