'use strict';

const { AsyncLocalStorage } = require('node:async_hooks');
const domain = require('node:domain');

/** Records the async store of each event of a connection. */
function overhear(t, storage, connection, lane) {
  t.watch(connection, 'watched');
  for (const event of ['message', 'pong', 'close']) {
    connection.on(event, () => lane.add(event, storage.getStore() ?? 'no store'));
  }
}

/**
 * Every way to send that takes a callback. Each runs in its own store, with a callback that throws.
 */
function sendAndThrow(storage, connection, lane) {
  const raise = (name) => (error) => {
    lane.add('callback', name, storage.getStore(), error?.code ?? 'no code');
    throw new Error(name);
  };
  const ways = {
    // It is the first, because a stream runs the callbacks of later corked writes in its context.
    write: (callback) => connection.socket.write(Buffer.from([0x8a, 0x00]), callback),
    sendUTF: (callback) => connection.sendUTF('a', callback),
    sendBytes: (callback) => connection.sendBytes(Buffer.from('b'), callback),
    send: (callback) => connection.send('c', callback),
  };
  for (const [name, send] of Object.entries(ways)) storage.run(name, () => send(raise(name)));
  return Object.keys(ways).length;
}

module.exports = [
  {
    name: 'an exception in the callback of a send surfaces in the async context of the send',
    async run(t) {
      const storage = new AsyncLocalStorage();
      const lane = t.lane('callbacks');
      const { connection, peer } = await t.accepted();
      await t.lane().until('resume');
      const listener = (error) => lane.add('uncaught', error.message, storage.getStore());
      process.on('uncaughtException', listener);
      t.defer(() => process.removeListener('uncaughtException', listener));
      await lane.until('uncaught', sendAndThrow(storage, connection, lane));
      await t.farewell(peer);
    },
  },
  {
    name: 'an exception in the callback of a send is caught by the domain of the send',
    async run(t) {
      const lane = t.lane('callbacks');
      const { connection, peer } = await t.accepted();
      await t.lane().until('resume');
      const own = domain.create();
      own.on('error', (error) => lane.add('caught', error.message));
      const count = own.run(() => sendAndThrow(new AsyncLocalStorage(), connection, lane));
      await lane.until('caught', count);
      await t.farewell(peer);
    },
  },
  {
    name: 'an exception in the callback of a send that failed surfaces in its context',
    async run(t) {
      const storage = new AsyncLocalStorage();
      const lane = t.lane('callbacks');
      const { connection } = await t.accepted();
      await t.lane().until('resume');
      const listener = (error) => lane.add('uncaught', error.message, storage.getStore());
      process.on('uncaughtException', listener);
      t.defer(() => process.removeListener('uncaughtException', listener));
      connection.socket.destroy();
      storage.run('late', () =>
        connection.sendUTF('a', (error) => {
          throw new Error(error.code);
        }),
      );
      await lane.until('uncaught');
    },
  },
  {
    name: 'events of a server connection run in no async context of the calls that use it',
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
    name: 'events of a client connection run in the async context of its connect()',
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
