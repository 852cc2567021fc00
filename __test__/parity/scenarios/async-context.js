'use strict';

const { AsyncLocalStorage } = require('node:async_hooks');

/** Records in which store each event of a connection is heard. */
function overhear(t, storage, connection, lane) {
  t.watch(connection, 'watched');
  for (const event of ['message', 'pong', 'close']) {
    connection.on(event, () => lane.add(event, storage.getStore() ?? 'no store'));
  }
}

module.exports = [
  {
    name: 'a server connection is heard in no async context of those who deal with it',
    async run(t) {
      const storage = new AsyncLocalStorage();
      const lane = t.lane();
      const { ws, port } = await t.server();
      const opened = new Promise((resolve) => {
        ws.on('request', (request) => {
          lane.add('request', storage.getStore());
          storage.run('accepting', () => {
            const connection = request.accept();
            overhear(t, storage, connection, lane);
            resolve(connection);
          });
        });
      });
      const peer = await storage.run('dialling', async () => t.dial(port));
      await peer.head;
      const connection = await opened;
      peer.text('one');
      await lane.until('message');
      peer.text('two');
      peer.send('pong', 'three');
      await lane.until('pong');
      storage.run('sending', () => {
        connection.sendUTF('four', () => lane.add('sent', storage.getStore()));
        storage.run('once more', () => {
          connection.sendUTF('five', () => lane.add('sent', storage.getStore()));
        });
      });
      await lane.until('sent', 2);
      peer.close(1000);
      await lane.until('close');
    },
  },
  {
    name: 'a client connection is heard in the async context of its connect()',
    async run(t) {
      const storage = new AsyncLocalStorage();
      const lane = t.lane();
      let peer;
      const port = await t.rawServer((rawPeer, key) => {
        peer = rawPeer;
        t.agree(rawPeer, key);
      });
      const client = t.client();
      client.on('connect', (connection) => {
        lane.add('connect', storage.getStore());
        overhear(t, storage, connection, lane);
      });
      storage.run('connecting', () => client.connect(`ws://127.0.0.1:${port}/`));
      await lane.until('connect');
      peer.text('one');
      await lane.until('message');
      peer.text('two');
      await lane.until('message', 2);
      peer.close(1000);
      await lane.until('close');
    },
  },
];
