'use strict';

const { onEachRole } = require('../roles');

const texts = (peer, ...names) => Buffer.concat(names.map((name) => peer.frame('text', name)));

module.exports = [
  ...onEachRole('pause() and resume()', async (t, role) => {
    const { ws, peer } = await t.open(role);
    const lane = t.lane();
    lane.add('isPaused', ws.isPaused);
    lane.attempt('pause', () => ws.pause());
    lane.attempt('again', () => ws.pause());
    lane.add('isPaused', ws.isPaused, ws._socket.isPaused());
    peer.text('one');
    await t.roundTrip();
    lane.add('nothing yet');
    lane.attempt('resume', () => ws.resume());
    lane.attempt('again', () => ws.resume());
    lane.add('isPaused', ws.isPaused, ws._socket.isPaused());
    await lane.until('message');
    await t.farewell(peer);
  }),
  ...onEachRole('pause() inside of a listener, and messages of later chunks', async (t, role) => {
    const { ws, peer } = await t.open(role);
    const lane = t.lane();
    ws.once('message', () => ws.pause());
    peer.text('one');
    await lane.until('message');
    peer.text('two');
    peer.text('three');
    await t.roundTrip();
    lane.add('resume');
    ws.resume();
    await lane.until('message', 3);
    await t.farewell(peer);
  }),
  ...onEachRole('pause() inside of a listener, and messages of the same chunk', async (t, role) => {
    const { ws, peer } = await t.open(role);
    const lane = t.lane();
    ws.once('message', () => ws.pause());
    peer.write(texts(peer, 'one', 'two', 'three'));
    await lane.until('message');
    await t.turns();
    ws.resume();
    await lane.until('message', 3);
    await t.farewell(peer);
  }),
  ...onEachRole('pause() and resume() in one turn', async (t, role) => {
    const { ws, peer } = await t.open(role);
    ws.on('message', () => {
      ws.pause();
      ws.resume();
    });
    peer.write(texts(peer, 'one', 'two', 'three'));
    await t.lane().until('message', 3);
    await t.farewell(peer);
  }),
  ...onEachRole('pause() in connection or open', async (t, role) => {
    const { ws, peer } = await t.open(role, { onOpen: (opened) => opened.pause() });
    peer.text('one');
    await t.roundTrip();
    t.lane().add('isPaused', ws.isPaused);
    ws.resume();
    await t.lane().until('message');
    await t.farewell(peer);
  }),
  ...onEachRole('sends while paused', async (t, role) => {
    const { ws, peer } = await t.open(role);
    ws.pause();
    ws.send('out', (error) => t.lane().add('sent', error));
    await peer.seen('frame');
    ws.resume();
    await t.farewell(peer);
  }),
  ...onEachRole('close() while paused', async (t, role) => {
    const { ws, peer } = await t.open(role);
    ws.pause();
    ws.close(4000, 'x');
    await peer.seen('frame');
    await t.roundTrip();
    t.lane().add('state', ws.readyState);
    ws.resume();
    await t.gone(peer);
  }),
  ...onEachRole('a ping while paused', async (t, role) => {
    const { ws, peer } = await t.open(role);
    ws.pause();
    peer.send('ping', 'p');
    await t.roundTrip();
    t.lane('peer').add('no pong so far');
    ws.resume();
    await peer.seen('frame');
    await t.farewell(peer);
  }),
  ...onEachRole('pause() and resume() after the end', async (t, role) => {
    const { ws, peer } = await t.open(role);
    await t.farewell(peer);
    t.lane().attempt('pause', () => ws.pause());
    t.lane().attempt('resume', () => ws.resume());
    t.lane().add('isPaused', ws.isPaused);
  }),
  {
    name: 'pause() and resume() while CONNECTING',
    async run(t) {
      const { port } = await t.server();
      const ws = t.client(port);
      const lane = t.watch(ws);
      lane.attempt('pause', () => ws.pause());
      lane.attempt('resume', () => ws.resume());
      lane.add('isPaused', ws.isPaused);
      await lane.until('open');
      lane.add('isPaused', ws.isPaused);
      ws.close();
      await lane.until('close');
    },
  },
  ...onEachRole('pause() of the socket', async (t, role) => {
    const { ws, peer } = await t.open(role);
    const lane = t.lane();
    ws._socket.pause();
    lane.add('isPaused', ws.isPaused, ws._socket.isPaused());
    peer.text('one');
    await t.roundTrip();
    lane.add('nothing yet');
    ws._socket.resume();
    await lane.until('message');
    await t.farewell(peer);
  }),
  ...onEachRole('the end of a paused connection with nothing left to read', async (t, role) => {
    const { ws, peer } = await t.open(role);
    const lane = t.lane();
    ws.pause();
    peer.end();
    await lane.until('close');
    lane.add('isPaused', ws.isPaused);
  }),
  ...onEachRole('the end of a paused connection behind a message', async (t, role) => {
    const { ws, peer } = await t.open(role);
    const lane = t.lane();
    ws.pause();
    peer.text('one');
    peer.end();
    await t.roundTrip();
    lane.add('nothing yet');
    ws.resume();
    await lane.until('close');
  }),
  ...onEachRole('the end of a connection whose socket is paused', async (t, role) => {
    const { ws, peer } = await t.open(role);
    ws._socket.pause();
    peer.end();
    await t.lane().until('close');
  }),
];
