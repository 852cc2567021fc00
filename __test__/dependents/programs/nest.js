'use strict';

require('reflect-metadata');
const assert = require('node:assert/strict');
const { once } = require('node:events');
const { after, before, it } = require('node:test');
const { Module } = require('@nestjs/common');
const { NestFactory } = require('@nestjs/core');
const { WsAdapter } = require('@nestjs/platform-ws');
const {
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  WebSocketServer,
} = require('@nestjs/websockets');
const { from, map } = require('rxjs');
const WebSocket = require('ws');
const { assertLoads, messages, next } = require('../program');

const log = [];

class Gateway {
  afterInit() {
    log.push('init');
  }
  handleConnection() {
    log.push('connection');
  }
  handleDisconnect() {
    log.push('disconnect');
  }
  echo(data) {
    return { event: 'echo', data };
  }
  count(to) {
    return from(Array.from({ length: to }, (_, i) => i)).pipe(
      map((data) => ({ event: 'count', data })),
    );
  }
  broadcast(data, client) {
    for (const each of this.server.clients) {
      if (each !== client) each.send(data);
    }
  }
}

// What a compiler makes of decorators.
WebSocketGateway({ path: '/gateway' })(Gateway);
WebSocketServer()(Gateway.prototype, 'server');
for (const name of ['echo', 'count', 'broadcast']) {
  const descriptor = Object.getOwnPropertyDescriptor(Gateway.prototype, name);
  Reflect.defineMetadata('design:paramtypes', [Object, Object], Gateway.prototype, name);
  MessageBody()(Gateway.prototype, name, 0);
  if (name === 'broadcast') ConnectedSocket()(Gateway.prototype, name, 1);
  SubscribeMessage(name)(Gateway.prototype, name, descriptor);
}

class Application {}
Module({ providers: [Gateway] })(Application);

let app;
let url;

before(async () => {
  app = await NestFactory.create(Application, { logger: false });
  app.useWebSocketAdapter(new WsAdapter(app));
  await app.listen(0, '127.0.0.1');
  url = `${(await app.getUrl()).replace('http', 'ws')}/gateway`;
});

after(() => app.close());

async function open() {
  const socket = new WebSocket(url);
  await once(socket, 'open');
  return socket;
}

it('@nestjs/platform-ws loads the implementation under test', () => {
  assertLoads('@nestjs/platform-ws');
  assert.ok(app.get(Gateway).server instanceof WebSocket.Server);
});

it('passes messages to the handlers, and returns their results', async () => {
  const socket = await open();
  for (const data of ['é漢😀', { a: [1, null] }, 7]) {
    socket.send(JSON.stringify({ event: 'echo', data }));
    const [answer] = await messages(socket, 1);
    assert.deepEqual(JSON.parse(answer), { event: 'echo', data });
  }
  socket.close();
  await next(socket, 'close');
});

it('sends each value of an observable, in order', async () => {
  const socket = await open();
  socket.send(JSON.stringify({ event: 'count', data: 1000 }));
  const counted = await messages(socket, 1000);
  assert.deepEqual(
    counted.map((message) => JSON.parse(message)),
    counted.map((_, data) => ({ event: 'count', data })),
  );
  socket.close();
});

it('lets a handler broadcast over the clients', async () => {
  const [speaker, listener] = [await open(), await open()];
  speaker.send(JSON.stringify({ event: 'broadcast', data: 'to the others' }));
  assert.deepEqual(await messages(listener, 1), ['to the others']);
  speaker.close();
  listener.close();
});

it('refuses another path', async () => {
  const socket = new WebSocket(url.replace('gateway', 'nowhere'));
  assert.ok((await once(socket, 'error'))[0] instanceof Error);
});

it('tells the gateway of connections and their ends', async () => {
  const socket = await open();
  const [peer] = [...app.get(Gateway).server.clients].slice(-1);
  const closed = next(peer, 'close');
  socket.close();
  await closed;
  assert.equal(log[0], 'init');
  assert.ok(log.filter((entry) => entry === 'connection').length >= 5);
  assert.ok(log.includes('disconnect'));
});
