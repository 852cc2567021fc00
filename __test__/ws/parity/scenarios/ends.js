'use strict';

const { onEachRole } = require('../roles');

module.exports = [
  ...onEachRole('a reset gives only close 1006', async (t, role) => {
    const { peer } = await t.open(role);
    peer.text('one');
    await t.lane().until('message');
    peer.reset();
    await t.gone(peer);
  }),
  ...onEachRole('a reset while closing', async (t, role) => {
    const { ws, peer } = await t.open(role, { dial: { answersClose: false } });
    ws.close(1000);
    await peer.seen('frame');
    peer.reset();
    await t.gone(peer);
  }),
  ...onEachRole('a socket that the application destroys with an error', async (t, role) => {
    const { ws, peer } = await t.open(role);
    ws._socket.destroy(new Error('mine'));
    t.lane().add('state', ws.readyState);
    await t.gone(peer);
  }),
  ...onEachRole('a socket that emits an error', async (t, role) => {
    const { ws, peer } = await t.open(role);
    ws._socket.emit('error', new Error('emitted'));
    t.lane().add('state', ws.readyState);
    await t.gone(peer);
  }),
  ...onEachRole('a socket that the application ends', async (t, role) => {
    const { ws, peer } = await t.open(role);
    ws._socket.end();
    await t.gone(peer);
  }),
  ...onEachRole('the end of TCP inside of a frame', async (t, role) => {
    const { peer } = await t.open(role);
    peer.write(peer.frame('text', 'whole'));
    peer.write(peer.frame('text', 'half', { declaredLength: 40 }));
    peer.end();
    await t.gone(peer);
  }),
  ...onEachRole('the end of TCP inside of a message', async (t, role) => {
    const { peer } = await t.open(role);
    peer.write(peer.frame('text', 'half', { fin: false }));
    peer.end();
    await t.gone(peer);
  }),
  ...onEachRole('close comes behind the socket’s close', async (t, role) => {
    const { ws, peer } = await t.open(role);
    const lane = t.lane();
    for (const event of ['end', 'close']) ws._socket.on(event, () => lane.add(`socket ${event}`));
    await t.farewell(peer);
    lane.add('destroyed', ws._socket.destroyed);
  }),
  ...onEachRole('1005 for an empty close frame, and 1006 without one', async (t, role) => {
    const { peer } = await t.open(role);
    peer.close();
    await t.gone(peer);
  }),
  ...onEachRole('a failed send emits no error', async (t, role) => {
    const { ws, peer } = await t.open(role);
    const lane = t.lane('sends');
    peer.reset();
    await peer.seen('gone');
    ws.send('a', () => lane.add('first'));
    await t.lane().until('close');
    ws.send('b', (error) => lane.add('late', error));
    await lane.until('late');
  }),
  ...onEachRole('close events of many at once', async (t, role) => {
    const { ws, peer } = await t.open(role);
    ws.once('close', () => t.lane().add('once'));
    ws.onclose = (event) => t.lane().add('onclose', event.code, event.reason, event.wasClean);
    await t.farewell(peer);
  }),
];
