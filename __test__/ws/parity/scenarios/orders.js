'use strict';

const { onEachRole } = require('../roles');

/**
 * Three messages in one chunk, with ticks and microtasks of their listener. `lanes` are those of
 * the latter.
 */
async function between(t, role, options, lanes) {
  const { ws, peer } = await t.open(role, { options });
  const [ticks, microtasks] = lanes.map((name) => t.lane(name));
  ws.on('message', (data) => {
    process.nextTick(() => ticks.add('tick', data.toString()));
    Promise.resolve().then(() => microtasks.add('microtask', data.toString()));
  });
  peer.write(Buffer.concat(['one', 'two', 'three'].map((text) => peer.frame('text', text))));
  await microtasks.until('microtask', 3);
  await ticks.until('tick', 3);
  await t.farewell(peer);
}

/**
 * Fills the kernel's buffers of a peer that does not read, and then sends more. Resolves with what
 * the callbacks of the latter got. Node calls those of what it is writing without an error.
 */
async function sendBehindFlood(t, ws, peer) {
  peer.socket.pause();
  ws.send(Buffer.alloc(1 << 26));
  await t.roundTrip();
  const lane = t.lane('callbacks');
  for (const name of ['one', 'two', 'three']) ws.send(name, (error) => lane.add(name, error?.code));
  t.lane().add('bufferedAmount', ws.bufferedAmount > 0);
  return { settled: lane.until('three') };
}

/**
 * Calls `send`, and waits until the connection has received something of it. Where another thread
 * reads, that may take longer than a round trip, which then also lets it hand over the events.
 */
async function receive(t, ws, send) {
  const { bytesRead } = ws._socket;
  send();
  while (ws._socket.bytesRead === bytesRead) await t.turns();
  await t.roundTrip();
}

/**
 * What the peer does while the connection is paused, and what is told after `resume()`. `event`
 * is the one by which the connection tells of it before that, if any.
 */
async function whilePaused(t, role, act, event) {
  const { ws, peer } = await t.open(role);
  const lane = t.lane();
  ws.pause();
  lane.add('isPaused', ws.isPaused);
  // One write, so that a reset behind it can't overtake the second message.
  const frames = Buffer.concat([peer.frame('text', 'one'), peer.frame('text', 'two')]);
  await receive(t, ws, () => peer.write(frames));
  act(peer);
  await (event ? lane.until(event) : t.roundTrip());
  lane.add('still', ws.readyState);
  ws.resume();
  await t.gone(peer);
}

module.exports = [
  ...onEachRole('order 1: the callback of a small send', async (t, role) => {
    const { ws, peer } = await t.open(role);
    const lane = t.lane();
    await t.turns();
    ws.send('one', (error) => lane.add('callback', error));
    lane.add('after send', ws.bufferedAmount);
    await lane.until('callback');
    await peer.seen('frame');
    await t.farewell(peer);
  }),
  ...onEachRole('order 1: callbacks follow the order of the sends', async (t, role) => {
    const { ws, peer } = await t.open(role);
    const lane = t.lane();
    ws.send('a', () => lane.add('callback', 'send'));
    ws.ping('b', undefined, () => lane.add('callback', 'ping'));
    ws.pong('c', undefined, () => lane.add('callback', 'pong'));
    ws.send(Buffer.alloc(100_000), () => lane.add('callback', 'long'));
    ws.send('d', () => lane.add('callback', 'last'));
    await lane.until('callback', 5);
    await peer.seen('frame', 5);
    await t.farewell(peer);
  }),
  ...onEachRole('order 1: a callback is called before setImmediate', async (t, role) => {
    const { ws, peer } = await t.open(role);
    const lane = t.lane();
    await t.roundTrip();
    await new Promise((resolve) => {
      setImmediate(() => {
        ws.send('one', () => lane.add('callback'));
        setImmediate(() => {
          // The engine's thread encrypts for a client, and then the callback has no such order.
          if (role === 'server' || !t.secure) lane.add('immediate');
          resolve();
        });
      });
    });
    await lane.until('callback');
    await t.farewell(peer);
  }),
  ...onEachRole('order 2: messages after close() are still emitted', async (t, role) => {
    const { ws, peer } = await t.open(role, { dial: { answersClose: false } });
    const lane = t.lane();
    ws.close(4000, 'mine');
    lane.add('closing', ws.readyState);
    await peer.seen('frame');
    peer.text('one');
    peer.send('ping', 'two');
    peer.send('pong', 'three');
    peer.close(4001, 'theirs');
    await t.gone(peer);
  }),
  ...onEachRole('order 3: a bad frame behind messages', async (t, role) => {
    const { ws, peer } = await t.open(role, { dial: { answersClose: false } });
    const bad = peer.frame('text', 'bad', { rsv: 2 });
    ws.on('error', () => t.lane().add('in error', ws.readyState));
    peer.write(Buffer.concat([peer.frame('text', 'one'), peer.frame('text', 'two'), bad]));
    await t.gone(peer);
  }),
  ...onEachRole('order 3: what follows a bad frame is discarded', async (t, role) => {
    const { peer } = await t.open(role, { dial: { answersClose: false, answersEnd: false } });
    peer.write(peer.frame('text', 'bad', { rsv: 2 }));
    await peer.seen('end');
    peer.text('late');
    peer.close(1000);
    peer.end();
    await t.gone(peer);
  }),
  ...onEachRole('order 4: terminate() with queued output', async (t, role) => {
    const { ws, peer } = await t.open(role);
    const lane = t.lane();
    const { settled } = await sendBehindFlood(t, ws, peer);
    ws.terminate();
    lane.add('terminated', ws.readyState);
    await lane.until('close');
    await settled;
  }),
  ...onEachRole('order 4: terminate() without queued output', async (t, role) => {
    const { ws, peer } = await t.open(role);
    const lane = t.lane();
    ws.terminate();
    lane.add('terminated', ws.readyState);
    ws.send('late', (error) => lane.add('late', error));
    await t.gone(peer);
    lane.attempt('again', () => ws.terminate());
  }),
  ...onEachRole('order 5: a close frame while paused', (t, role) =>
    whilePaused(t, role, (peer) => peer.close(4000, 'bye')),
  ),
  ...onEachRole('order 5: the end of TCP while paused', (t, role) =>
    whilePaused(t, role, (peer) => peer.end()),
  ),
  ...onEachRole('order 5: a reset while paused', (t, role) =>
    whilePaused(t, role, (peer) => peer.reset(), 'close'),
  ),
  ...onEachRole('order 5: terminate() while paused', async (t, role) => {
    const { ws, peer } = await t.open(role);
    const lane = t.lane();
    ws.pause();
    await receive(t, ws, () => peer.text('one'));
    ws.terminate();
    lane.add('terminated', ws.readyState);
    await peer.seen('gone');
    await t.roundTrip();
    lane.add('resumes', ws.readyState);
    ws.resume();
    await lane.until('close');
  }),
  ...onEachRole('order 5: terminate() of a WebSocket that was paused at once', async (t, role) => {
    const { ws, peer } = await t.open(role, { onOpen: (opened) => opened.pause() });
    await receive(t, ws, () => peer.text('one'));
    ws.terminate();
    await t.gone(peer);
  }),
  ...onEachRole(
    'order 5: a close frame for a WebSocket that was paused at once',
    async (t, role) => {
      const { ws, peer } = await t.open(role, { onOpen: (opened) => opened.pause() });
      peer.write(Buffer.concat([peer.frame('text', 'one'), peer.frame('close', '')]));
      await t.roundTrip();
      t.lane().add('still', ws.readyState);
      ws.resume();
      await t.gone(peer);
    },
  ),
  ...onEachRole('order 6: the end of TCP without a close frame', async (t, role) => {
    const { ws, peer } = await t.open(role, { dial: { answersEnd: false } });
    peer.text('one');
    peer.end();
    await t.gone(peer);
    t.lane().add('codes', ws._closeCode, ws._closeFrameReceived, ws._closeFrameSent);
  }),
  ...onEachRole('order 7: ticks between events, allowSynchronousEvents: false', (t, role) =>
    between(t, role, { allowSynchronousEvents: false }, ['ws', 'ws']),
  ),
  ...onEachRole('order 7: ticks by default', (t, role) => between(t, role, {}, ['ws', 'ws'])),
];
