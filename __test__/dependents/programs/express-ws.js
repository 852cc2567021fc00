'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { after, before, it } = require('node:test');
const express = require('express');
const expressWs = require('express-ws');
const WebSocket = require('ws');
const { assertLoads, messages, next } = require('../program');

let app;
let wss;
let server;
let url;

before(async () => {
  app = express();
  const instance = expressWs(app, undefined, { wsOptions: { perMessageDeflate: true } });
  wss = instance.getWss();
  app.use((request, _response, go) => {
    request.seen = true;
    go();
  });
  app.ws('/echo', (socket, request) => {
    socket.on('message', (data) => socket.send(`${request.seen} ${data}`));
  });
  const router = express.Router();
  router.ws('/all', (socket) => {
    socket.on('message', (data) => {
      for (const client of wss.clients) client.send(`${data}`);
    });
  });
  app.use('/below', router);
  app.get('/plain', (_request, response) => response.send('plain'));
  server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `ws://127.0.0.1:${server.address().port}`;
});

after(() => {
  for (const client of wss.clients) client.terminate();
  server.close();
});

async function open(path) {
  const socket = new WebSocket(url + path);
  await once(socket, 'open');
  return socket;
}

it('express-ws loads the implementation under test', () => {
  assertLoads('express-ws');
  assert.ok(wss instanceof WebSocket.Server);
});

it('runs the middleware and the handler of a route', async () => {
  const socket = await open('/echo');
  assert.equal(socket.extensions, 'permessage-deflate');
  const sent = Array.from({ length: 1000 }, (_, i) => `message ${i}`);
  for (const text of sent) socket.send(text);
  assert.deepEqual(
    await messages(socket, sent.length),
    sent.map((text) => `true ${text}`),
  );
  socket.close();
  await next(socket, 'close');
});

it('serves a router below a path, and broadcasts to its clients', async () => {
  const sockets = await Promise.all(Array.from({ length: 10 }, () => open('/below/all')));
  const heard = sockets.map((socket) => messages(socket, 1));
  sockets[0].send('to all');
  for (const texts of await Promise.all(heard)) assert.deepEqual(texts, ['to all']);
  for (const socket of sockets) socket.close();
});

it('closes a connection that no route takes', async () => {
  const socket = new WebSocket(`${url}/nowhere`);
  const [code] = await next(socket, 'close');
  assert.equal(code, 1005);
});

it('answers plain requests beside', async () => {
  const response = await fetch(`${url.replace('ws', 'http')}/plain`);
  assert.equal(await response.text(), 'plain');
});
