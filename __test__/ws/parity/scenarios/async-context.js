'use strict';

const { AsyncLocalStorage } = require('node:async_hooks');
const { onEachRole } = require('../roles');

/** Records the store of each event. */
function overhear(t, ws, storage) {
  const lane = t.lane('stores');
  for (const event of ['open', 'message', 'ping', 'pong', 'close', 'error']) {
    ws.on(event, () => lane.add(event, storage.getStore() ?? 'none'));
  }
  return lane;
}

module.exports = [
  ...onEachRole(
    'callbacks of sends run in the context of the send',
    async (t, role) => {
      const storage = new AsyncLocalStorage();
      const { ws, peer } = await t.open(role);
      const lane = t.lane('stores');
      for (const name of ['send', 'ping', 'pong']) {
        storage.run(name, () => ws[name]('a', () => lane.add(name, storage.getStore())));
      }
      ws.send('b', () => lane.add('none', storage.getStore() ?? 'none'));
      storage.run('long', () => {
        ws.send(Buffer.alloc(1 << 20), () => lane.add('long', storage.getStore()));
      });
      await lane.until('long');
      await peer.seen('frame', 5);
      ws.close();
      storage.run('late', () => ws.send('c', () => lane.add('late', storage.getStore())));
      await lane.until('late');
      await t.gone(peer);
    },
    () => [
      {
        row: 'sendContexts',
        on: 'tls',
        lane: 'stores',
        upstream: [
          ['ping', 'send'],
          ['pong', 'send'],
          ['none', 'send'],
          ['long', 'send'],
        ],
        ours: [
          ['ping', 'ping'],
          ['pong', 'pong'],
          ['none', 'none'],
          ['long', 'long'],
        ],
      },
    ],
  ),
  ...onEachRole(
    'callbacks of compressed sends run in the context of the send',
    async (t, role) => {
      const storage = new AsyncLocalStorage();
      const { ws, peer } = await t.openDeflated(role);
      const lane = t.lane('stores');
      for (const name of ['first', 'second', 'third']) {
        storage.run(name, () => ws.send(name, () => lane.add(name, storage.getStore())));
      }
      await lane.until('third');
      await t.farewell(peer);
    },
    () => [
      {
        row: 'sendContexts',
        lane: 'stores',
        upstream: [
          ['second', 'first'],
          ['third', 'first'],
        ],
        ours: [
          ['second', 'second'],
          ['third', 'third'],
        ],
      },
    ],
  ),
  ...onEachRole('callbacks of a Blob run in the context of the send', async (t, role) => {
    const storage = new AsyncLocalStorage();
    const { ws, peer } = await t.open(role);
    const lane = t.lane('stores');
    storage.run('blob', () => ws.send(new Blob(['a']), () => lane.add('blob', storage.getStore())));
    storage.run('text', () => ws.send('b', () => lane.add('text', storage.getStore())));
    await lane.until('text');
    await t.farewell(peer);
  }),
  {
    name: 'events of a client run in the context of its constructor',
    async run(t) {
      const storage = new AsyncLocalStorage();
      let peer;
      const port = await t.rawServer((raw, key) => {
        peer = raw;
        t.agree(raw, key);
      });
      const ws = storage.run('constructor', () => t.client(port));
      t.watch(ws);
      const lane = overhear(t, ws, storage);
      await lane.until('open');
      peer.text('one');
      await lane.until('message');
      storage.run('sending', () => ws.send('two'));
      peer.text('three');
      peer.send('ping', 'p');
      peer.send('pong', 'q');
      await lane.until('pong');
      await t.farewell(peer);
      await lane.until('close');
    },
  },
  {
    name: 'events of a server’s WebSocket run in no context of the calls that use it',
    async run(t) {
      const storage = new AsyncLocalStorage();
      const lane = t.lane('stores');
      const { ws, peer } = await t.accepted({
        onOpen: (opened) => {
          lane.add('connection', storage.getStore() ?? 'none');
          storage.run('connection', () => overhear(t, opened, storage));
        },
      });
      peer.text('one');
      await lane.until('message');
      storage.run('sending', () => ws.send('two'));
      peer.text('three');
      peer.send('ping', 'p');
      await lane.until('ping');
      storage.run('closing', () => ws.close());
      await t.gone(peer);
      await lane.until('close');
    },
  },
  ...onEachRole('close after terminate() in a context', async (t, role) => {
    const storage = new AsyncLocalStorage();
    const { ws, peer } = await t.open(role, { onOpen: (opened) => overhear(t, opened, storage) });
    storage.run('terminating', () => ws.terminate());
    await t.lane('stores').until('close');
    await t.gone(peer);
  }),
];
