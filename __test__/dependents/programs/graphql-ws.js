'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { after, before, it } = require('node:test');
const { buildSchema } = require('graphql');
const { createClient } = require('graphql-ws');
const { useServer } = require('graphql-ws/use/ws');
const WebSocket = require('ws');
const { assertLoads, next } = require('../program');

const COUNT = 1000;
const schema = buildSchema(
  'type Query { hello(name: String): String } type Subscription { count(to: Int): Int }',
);
const roots = {
  query: { hello: ({ name }) => `hello ${name}` },
  subscription: {
    async *count({ to }) {
      for (let count = 0; count < to; count++) yield { count };
    },
  },
};

/** Milliseconds between two pings, in which the pong has to come even on a busy machine. */
const PATIENT = 2000;
/** Milliseconds between two pings for a client that answers none. */
const HASTY = 20;

const servers = [];
let server;
let url;

before(async () => {
  server = await serve(PATIENT);
  url = addressOf(server);
});

after(() => {
  for (const each of servers) {
    for (const socket of each.clients) socket.terminate();
    each.close();
  }
});

async function serve(keepAlive) {
  const started = new WebSocket.WebSocketServer({ port: 0, host: '127.0.0.1' });
  servers.push(started);
  useServer({ schema, roots }, started, keepAlive);
  await once(started, 'listening');
  return started;
}

const addressOf = (started) => `ws://127.0.0.1:${started.address().port}`;

const open = (more) => createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0, ...more });

/** All results of an operation. */
async function results(client, query, variables) {
  const all = [];
  for await (const result of client.iterate({ query, variables })) all.push(result);
  return all;
}

it('graphql-ws gets the implementation under test', () => {
  assertLoads('graphql-ws');
});

it('answers a query and keeps the results of a subscription in order', async () => {
  const client = open();
  const query = 'query ($name: String) { hello(name: $name) }';
  const [{ data }] = await results(client, query, { name: 'é漢😀' });
  assert.equal(data.hello, 'hello é漢😀');
  const counted = await results(client, `subscription { count(to: ${COUNT}) }`);
  assert.deepEqual(
    counted.map((result) => result.data.count),
    Array.from({ length: COUNT }, (_, i) => i),
  );
  await client.dispose();
});

it('agrees on the subprotocol', async () => {
  const sockets = { right: 'graphql-transport-ws', wrong: 'another' };
  const right = new WebSocket(url, sockets.right);
  await once(right, 'open');
  assert.equal(right.protocol, sockets.right);
  right.close();
  const wrong = new WebSocket(url, sockets.wrong);
  const [error] = await once(wrong, 'error');
  assert.equal(error.message, 'Server sent no subprotocol');
});

it('closes with the code of a violation', async () => {
  const socket = new WebSocket(url, 'graphql-transport-ws');
  await once(socket, 'open');
  socket.send('{}');
  assert.deepEqual(await next(socket, 'close'), [4400, Buffer.from('Invalid message received')]);
  const unauthorized = new WebSocket(url, 'graphql-transport-ws');
  await once(unauthorized, 'open');
  unauthorized.send(
    JSON.stringify({ type: 'subscribe', id: '1', payload: { query: '{ hello }' } }),
  );
  assert.deepEqual(await next(unauthorized, 'close'), [4401, Buffer.from('Unauthorized')]);
});

it('keeps the connection alive with pings, and ends it with 1000', async () => {
  const client = open({ lazy: false });
  const [socket] = await once(server, 'connection');
  for (let pongs = 0; pongs < 2; pongs++) await once(socket, 'pong');
  const closed = next(socket, 'close');
  await client.dispose();
  assert.equal((await closed)[0], 1000);
});

it('cuts a client that answers no pings', async () => {
  const hasty = addressOf(await serve(HASTY));
  const silent = new WebSocket(hasty, 'graphql-transport-ws', { autoPong: false });
  assert.equal((await next(silent, 'close'))[0], 1006);
});
