'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');

const { it, makeClient, onEachTransport, provenTransport, serve } = require('../support/connect');
const { closing, textsOf, until } = require('../support/events');

const COUNT = 200;
const ROUNDS = 20;

onEachTransport('Many connections of one server', (transport) => {
  async function openMany(t, onConnect) {
    const server = await serve(t, { transport, config: { autoAcceptConnections: true } });
    server.wsServer.on('connect', onConnect);
    const clients = await Promise.all(
      Array.from({ length: COUNT }, async () => {
        const client = makeClient(transport, {});
        const connected = once(client, 'connect');
        client.connect(server.url);
        const [connection] = await connected;
        t.after(() => connection.socket.destroy());
        return connection;
      }),
    );
    for (const connection of clients) await provenTransport(connection, transport);
    await until(() => server.wsServer.connections.length === COUNT);
    return { ...server, clients };
  }

  it('each get their own answers, in order', async (t) => {
    const { clients } = await openMany(t, (connection) => {
      connection.on('message', ({ utf8Data }) => connection.sendUTF(utf8Data));
    });
    const texts = clients.map((connection) => textsOf(connection));
    for (let round = 0; round < ROUNDS; round++) {
      clients.forEach((connection, i) => {
        connection.sendUTF(`${i} ${round}`);
      });
    }
    await until(() => texts.every(({ length }) => length === ROUNDS));
    texts.forEach((own, i) => {
      assert.deepEqual(
        own,
        Array.from({ length: ROUNDS }, (_, round) => `${i} ${round}`),
      );
    });
  });

  it('all get broadcasts, in order with their own messages', async (t) => {
    const { clients, wsServer } = await openMany(t, () => {});
    const texts = clients.map((connection) => textsOf(connection));
    for (let round = 0; round < ROUNDS; round++) {
      wsServer.broadcastUTF(`to all ${round}`);
      for (const connection of wsServer.connections) connection.sendUTF(`to one ${round}`);
    }
    const expected = Array.from({ length: ROUNDS }, (_, round) => [
      `to all ${round}`,
      `to one ${round}`,
    ]).flat();
    await until(() => texts.every(({ length }) => length === expected.length));
    for (const own of texts) assert.deepEqual(own, expected);
  });

  it('all close when the server shuts down', async (t) => {
    const { clients, wsServer, httpServer } = await openMany(t, () => {});
    const closes = clients.map((connection) => closing(connection));
    httpServer.close();
    wsServer.shutDown();
    for (const close of await Promise.all(closes)) {
      assert.deepEqual(close, [1000, 'Normal connection closure']);
    }
    await until(() => wsServer.connections.length === 0);
  });
});
