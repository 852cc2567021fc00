'use strict';

const { onEachRole } = require('../roles');

function duplex(t, ws, options) {
  const stream = t.ws.createWebSocketStream(ws, options);
  const lane = t.lane('stream');
  for (const event of ['data', 'end', 'finish', 'close', 'error', 'drain']) {
    stream.on(event, (...values) => lane.add(event, ...values));
  }
  return { stream, lane };
}

module.exports = [
  ...onEachRole('a stream reads and writes', async (t, role) => {
    const { ws, peer } = await t.open(role, { events: [] });
    const { stream, lane } = duplex(t, ws);
    peer.text('one');
    peer.send('binary', 'two');
    await lane.until('data', 2);
    stream.write('out', () => lane.add('written'));
    stream.write(Buffer.from('bytes'));
    await peer.seen('frame', 2);
    stream.end();
    await peer.seen('gone');
    await lane.until('close');
  }),
  ...onEachRole('a stream whose peer closes', async (t, role) => {
    const { ws, peer } = await t.open(role, { events: [] });
    const { stream, lane } = duplex(t, ws);
    peer.text('one');
    peer.close(1000);
    await lane.until('end');
    stream.end();
    await peer.seen('gone');
    await lane.until('close');
  }),
  ...onEachRole('a stream with readableObjectMode and an encoding', async (t, role) => {
    const { ws, peer } = await t.open(role, { events: [] });
    const { stream, lane } = duplex(t, ws, { readableObjectMode: true });
    peer.text('grüße');
    peer.send('binary', 'bytes');
    await lane.until('data', 2);
    peer.close(1000);
    await lane.until('end');
    stream.end();
    await lane.until('close');
  }),
  ...onEachRole('a stream that is destroyed', async (t, role) => {
    const { ws, peer } = await t.open(role, { events: [] });
    const { stream, lane } = duplex(t, ws);
    stream.destroy();
    await lane.until('close');
    await peer.seen('gone');
  }),
  ...onEachRole('a stream that is destroyed with an error', async (t, role) => {
    const { ws, peer } = await t.open(role, { events: [] });
    const { stream, lane } = duplex(t, ws);
    stream.destroy(new Error('mine'));
    await lane.until('close');
    await peer.seen('gone');
  }),
  ...onEachRole('a stream and a violation', async (t, role) => {
    const { ws, peer } = await t.open(role, { events: [], dial: { answersClose: false } });
    const { lane } = duplex(t, ws);
    peer.send(3, 'a');
    await lane.until('close');
    await peer.seen('gone');
  }),
  {
    name: 'a stream of a client that connects',
    async run(t) {
      const { wss, port } = await t.server();
      wss.on('connection', (ws) => ws.on('message', (data) => ws.send(data)));
      const ws = t.client(port);
      t.watch(ws, { events: [] });
      const { stream, lane } = duplex(t, ws);
      stream.write('early');
      await lane.until('data');
      stream.end('late');
      await lane.until('close');
    },
  },
];
