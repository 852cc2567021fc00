'use strict';

const { onEachRole } = require('../roles');

const raise = (what) => () => {
  throw new Error(`from ${what}`);
};

const uncaught = (t, times) => t.lane('process').until('uncaught', times);

module.exports = [
  ...onEachRole('an exception in the callback of a send', async (t, role) => {
    const { ws, peer } = await t.open(role);
    ws.send('one', raise('callback'));
    ws.send('two', () => t.lane('sends').add('second'));
    await uncaught(t);
    await t.lane('sends').until('second');
    await peer.seen('frame', 2);
    await t.farewell(peer);
  }),
  ...onEachRole('an exception in the callback of a failed send', async (t, role) => {
    const { ws, peer } = await t.open(role);
    ws.close();
    ws.send('one', (error) => {
      throw error;
    });
    await uncaught(t);
    await t.gone(peer);
  }),
  ...onEachRole('an exception in a close listener', async (t, role) => {
    const { ws, peer } = await t.open(role);
    ws.on('close', raise('close'));
    await t.farewell(peer);
    await uncaught(t);
    t.lane().add('state', ws.readyState);
  }),
  ...onEachRole('an exception in an error listener', async (t, role) => {
    const { ws, peer } = await t.open(role, { dial: { answersClose: false } });
    ws.on('error', raise('error'));
    peer.send(3, 'a');
    await uncaught(t);
    await t.gone(peer);
    t.lane().add('state', ws.readyState);
  }),
  ...onEachRole('an exception in an on… attribute for close', async (t, role) => {
    const { ws, peer } = await t.open(role);
    ws.onclose = raise('onclose');
    await t.farewell(peer);
    await uncaught(t);
  }),
  {
    name: 'an exception in an open listener of a client',
    async run(t) {
      let peer;
      const port = await t.rawServer((raw, key) => {
        peer = raw;
        t.agree(raw, key);
      });
      const ws = t.client(port);
      const lane = t.watch(ws);
      ws.on('open', raise('open'));
      await uncaught(t);
      lane.add('state', ws.readyState);
      peer.text('one');
      await lane.until('message');
      await t.farewell(peer);
    },
  },
  {
    name: 'an exception in a connection listener of a server',
    async run(t) {
      const { wss, port } = await t.server();
      wss.on('connection', (ws) => {
        t.watch(ws);
        throw new Error('from connection');
      });
      const peer = t.dial(port);
      await uncaught(t);
      peer.text('one');
      await t.lane().until('message');
      await t.farewell(peer);
    },
  },
];
