'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const net = require('node:net');
const test = require('node:test');

const { connection: WebSocketConnection } = require('../..');

/** The part of WebSocketServer's config that a connection needs. */
const CONFIG = { transport: 'stream', assembleFragments: true, closeTimeout: 100 };

test.describe('The listeners of a connection on its socket', () => {
  test('are the functions that replaced its methods', async (t) => {
    const [socket, peer] = await sockets(t);
    const connection = new WebSocketConnection(socket, [], null, false, CONFIG);
    const heard = [];
    connection.handleSocketData = (data) => heard.push(`${data}`);
    connection._addSocketEventListeners();
    peer.write('bytes');
    await once(socket, 'data');
    assert.deepEqual(heard, ['bytes']);
  });

  test('are its own when two connections share a socket', async (t) => {
    const [socket, peer] = await sockets(t);
    const connections = [0, 1].map(() => new WebSocketConnection(socket, [], null, false, CONFIG));
    for (const connection of connections) connection._addSocketEventListeners();
    peer.write(Buffer.from([0x81, 0x01, 0x61]));
    const heard = await Promise.all(connections.map((connection) => once(connection, 'message')));
    assert.deepEqual(
      heard.map(([message]) => message.utf8Data),
      ['a', 'a'],
    );
  });
});

/** @param {import('node:test').TestContext} t */
async function sockets(t) {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const peer = net.connect(/** @type {net.AddressInfo} */ (server.address()).port, '127.0.0.1');
  const [socket] = await once(server, 'connection');
  t.after(() => {
    server.close();
    for (const each of [socket, peer]) each.destroy();
  });
  return [socket, peer];
}
