'use strict';

const { encodeFrame } = require('../../../parity/harness/wire');
const { onEachRole } = require('../roles');

/** One of each: text, binary, empty, in fragments. */
function variety(peer) {
  return Buffer.concat([
    peer.frame('text', 'grüße'),
    peer.frame('binary', 'bytes'),
    peer.frame('text', ''),
    peer.frame('binary', ''),
    peer.frame('binary', 'one', { fin: false }),
    peer.frame('continuation', 'two', { fin: false }),
    peer.frame('continuation', ''),
    peer.frame('text', 'a', { fin: false }),
    peer.frame('continuation', 'b'),
    peer.frame('binary', Buffer.alloc(70_000, 5)),
    peer.frame('ping', 'p'),
    peer.frame('ping', ''),
    peer.frame('pong', 'q'),
  ]);
}

/** The content of a Blob is read later, so only its kind and size are recorded. */
function showBlobs(t, ws) {
  ws.on('message', (data, isBinary) => {
    if (data instanceof Blob) t.lane('blobs').add('blob', data.type, data.size, isBinary);
  });
}

const KINDS = ['nodebuffer', 'arraybuffer', 'blob', 'fragments'];

module.exports = [
  ...KINDS.flatMap((kind) =>
    onEachRole(`binaryType ${kind}`, async (t, role) => {
      const { ws, peer } = await t.open(role);
      ws.binaryType = kind;
      t.lane().add('binaryType', ws.binaryType);
      showBlobs(t, ws);
      peer.write(variety(peer));
      await t.lane().until('pong');
      await t.farewell(peer);
    }),
  ),
  ...onEachRole('binaryType set to something else', async (t, role) => {
    const { ws, peer } = await t.open(role);
    for (const kind of ['Blob', '', undefined, null, 7]) {
      t.lane().attempt(String(kind), () => {
        ws.binaryType = kind;
        return ws.binaryType;
      });
    }
    await t.farewell(peer);
  }),
  ...onEachRole('binaryType changes between two messages', async (t, role) => {
    const { ws, peer } = await t.open(role);
    const kinds = ['arraybuffer', 'fragments', 'nodebuffer'];
    ws.on('message', () => {
      ws.binaryType = kinds.shift() ?? 'nodebuffer';
    });
    const frames = ['1', '2', '3', '4'].map((text) => peer.frame('binary', text));
    peer.write(Buffer.concat(frames));
    await t.lane().until('message', 4);
    await t.farewell(peer);
  }),
  ...onEachRole('a message Buffer is the listener’s own', async (t, role) => {
    const { ws, peer } = await t.open(role);
    const kept = [];
    ws.on('message', (data) => kept.push(data));
    for (let i = 0; i < 5; i += 1) peer.send('binary', Buffer.alloc(20, i));
    await t.lane().until('message', 5);
    kept[0].fill(9);
    peer.send('binary', Buffer.alloc(20, 7));
    await t.lane().until('message', 6);
    t.lane().add('kept', kept);
    await t.farewell(peer);
  }),
  ...onEachRole('pings are answered without a listener', async (t, role) => {
    const { peer } = await t.open(role, { events: ['close'] });
    peer.send('ping', 'one');
    peer.send('ping', '');
    peer.send('ping', Buffer.alloc(125, 1));
    await peer.seen('frame', 3);
    await t.farewell(peer);
  }),
  ...onEachRole('an automatic pong is queued before the ping event', async (t, role) => {
    const { ws, peer } = await t.open(role);
    ws.on('ping', (data) => ws.send(`heard ${data}`));
    peer.send('ping', 'one');
    peer.send('ping', 'two');
    await peer.seen('frame', 4);
    await t.farewell(peer);
  }),
  ...[60, 61].map((count) => ({
    name: `${count} pings in one chunk, by default`,
    async run(t) {
      const { peer } = await t.accepted({ events: ['close'] });
      const pings = Array.from({ length: count }, () => peer.frame('ping', ''));
      peer.write(Buffer.concat([...pings, peer.frame('close', '')]));
      await t.gone(peer);
    },
  })),
  ...onEachRole('autoPong: false', async (t, role) => {
    const { ws, peer } = await t.open(role, { options: { autoPong: false } });
    peer.send('ping', 'one');
    await t.lane().until('ping');
    ws.pong('mine');
    await peer.seen('frame');
    await t.farewell(peer);
  }),
  ...onEachRole('pings while closing are told and not answered', async (t, role) => {
    const { ws, peer } = await t.open(role, { dial: { answersClose: false } });
    ws.close();
    await peer.seen('frame');
    peer.send('ping', 'late');
    await t.lane().until('ping');
    peer.close();
    await t.gone(peer);
  }),
  ...onEachRole('messages together with the handshake', async (t, role) => {
    const early = {
      after: encodeFrame('text', 'early', {
        mask: role === 'server',
      }),
    };
    const setting = role === 'server' ? { dial: early } : early;
    const { peer } = await t.open(role, setting);
    await t.lane().until('message');
    peer.text('later');
    await t.farewell(peer);
  }),
  ...onEachRole('bytes one by one', async (t, role) => {
    const { peer } = await t.open(role);
    const bytes = Buffer.concat([
      peer.frame('text', 'slow', { fin: false }),
      peer.frame('ping', 'p'),
      peer.frame('continuation', Buffer.alloc(130, 0x61)),
    ]);
    for (const byte of bytes) {
      peer.write(Buffer.from([byte]));
      await new Promise(setImmediate);
    }
    await t.lane().until('message');
    await t.farewell(peer);
  }),
  ...onEachRole('messages of exactly maxPayload', async (t, role) => {
    const { peer } = await t.open(role, { options: { maxPayload: 10, maxFragments: 2 } });
    peer.send('binary', Buffer.alloc(10, 1));
    peer.write(
      Buffer.concat([
        peer.frame('binary', Buffer.alloc(5), { fin: false }),
        peer.frame('continuation', Buffer.alloc(5)),
      ]),
    );
    await t.lane().until('message', 2);
    await t.farewell(peer);
  }),
  ...onEachRole('limits of 0 and below are none', async (t, role) => {
    const options = {
      maxPayload: 0,
      maxFragments: -1,
      maxBufferedChunks: 0,
      maxPendingAutoPongs: 0,
    };
    const { peer } = await t.open(role, { options });
    const frames = Array.from({ length: 50 }, () =>
      peer.frame('continuation', 'b', { fin: false }),
    );
    peer.write(
      Buffer.concat([
        peer.frame('text', 'a', { fin: false }),
        ...frames,
        peer.frame('continuation', 'c'),
        peer.frame('binary', Buffer.alloc(200_000)),
      ]),
    );
    await t.lane().until('message', 2);
    await t.farewell(peer);
  }),
  ...onEachRole('listeners that are added and removed between messages', async (t, role) => {
    const { ws, peer } = await t.open(role, { events: ['close'] });
    const lane = t.lane();
    const second = (data) => lane.add('second', data);
    ws.once('message', (data) => {
      lane.add('first', data);
      ws.on('message', second);
    });
    peer.write(Buffer.concat(['1', '2', '3'].map((text) => peer.frame('text', text))));
    await lane.until('second', 2);
    ws.off('message', second);
    peer.text('unheard');
    await t.farewell(peer);
  }),
];
