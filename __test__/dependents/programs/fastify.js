'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { after, before, it } = require('node:test');
const websocket = require('@fastify/websocket');
const fastify = require('fastify');
const WebSocket = require('ws');
const { assertLoads, messages, next } = require('../program');

let app;
let url;

before(async () => {
  app = fastify();
  await app.register(websocket, { options: { maxPayload: 1000 } });
  const echo = (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  };
  app.get('/echo', { websocket: true }, echo);
  app.get('/echo/:name', { websocket: true }, (socket, request) => {
    echo(socket);
    socket.send(`hello ${request.params.name}`);
  });
  app.get('/guarded', {
    websocket: true,
    preValidation: async (request, reply) => {
      if (!request.headers['x-token']) await reply.code(401).send();
    },
    handler: (socket) => socket.close(4000, 'seen'),
  });
  app.get('/plain', async () => ({ plain: true }));
  url = (await app.listen({ port: 0, host: '127.0.0.1' })).replace('http', 'ws');
});

after(() => app.close());

it('@fastify/websocket loads the implementation under test', () => {
  assertLoads('@fastify/websocket');
  assert.ok(app.websocketServer instanceof WebSocket.WebSocketServer);
});

it('serves a route, with its parameters', async () => {
  const socket = new WebSocket(`${url}/echo/ada`);
  assert.deepEqual(await messages(socket, 1), ['hello ada']);
  const sent = Array.from({ length: 1000 }, (_, i) => (i % 2 ? `${i}` : Buffer.from(`${i}`)));
  for (const data of sent) socket.send(data);
  assert.deepEqual(await messages(socket, sent.length), sent);
  assert.equal(app.websocketServer.clients.size, 1);
  socket.close();
});

it('injects a connection without a server', async () => {
  // injectWS() loses what follows the 101 in one chunk, so this route does not greet.
  const socket = await app.injectWS('/echo');
  assert.equal(socket.readyState, WebSocket.OPEN);
  socket.send('and back');
  assert.deepEqual(await messages(socket, 1), ['and back']);
  socket.terminate();
  await assert.rejects(app.injectWS('/nowhere'), { message: 'Unexpected server response: 404' });
});

it('runs hooks before the upgrade, and refuses by them', async () => {
  const refused = new WebSocket(`${url}/guarded`);
  assert.equal((await once(refused, 'error'))[0].message, 'Unexpected server response: 401');
  const allowed = new WebSocket(`${url}/guarded`, { headers: { 'x-token': 'yes' } });
  assert.deepEqual(await next(allowed, 'close'), [4000, Buffer.from('seen')]);
});

it('closes with 1009 beyond maxPayload', async () => {
  const socket = new WebSocket(`${url}/echo/long`);
  await once(socket, 'open');
  socket.send(Buffer.alloc(1001));
  assert.equal((await next(socket, 'close'))[0], 1009);
});

it('answers plain requests beside', async () => {
  const response = await fetch(`${url.replace('ws', 'http')}/plain`);
  assert.deepEqual(await response.json(), { plain: true });
});
