'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { after, before, it } = require('node:test');
const aedes = require('aedes');
const mqtt = require('mqtt');
const WebSocket = require('ws');
const { assertLoads, next } = require('../program');

const COUNT = 2000;

let broker;
let server;
let url;

before(async () => {
  broker = aedes();
  server = new WebSocket.WebSocketServer({ port: 0, host: '127.0.0.1' });
  server.on('connection', (socket, request) => {
    broker.handle(WebSocket.createWebSocketStream(socket), request);
  });
  await once(server, 'listening');
  url = `ws://127.0.0.1:${server.address().port}/mqtt`;
});

after(() => {
  for (const socket of server.clients) socket.terminate();
  server.close();
  broker.close();
});

/** The payloads of the next `count` messages. */
function payloads(client, count) {
  return new Promise((resolve) => {
    const all = [];
    client.on('message', (_topic, payload) => all.push(payload) === count && resolve(all));
  });
}

it('mqtt loads the implementation under test', () => {
  assertLoads('mqtt');
});

for (const qos of [0, 1, 2]) {
  it(`delivers ${COUNT} messages in order with QoS ${qos}`, async () => {
    const listener = await mqtt.connectAsync(url);
    const speaker = await mqtt.connectAsync(url);
    await listener.subscribeAsync(`qos/${qos}`, { qos });
    const received = payloads(listener, COUNT);
    for (let i = 0; i < COUNT; i++) speaker.publish(`qos/${qos}`, `message ${i}`, { qos });
    const texts = (await received).map(String);
    assert.deepEqual(
      texts,
      texts.map((_, i) => `message ${i}`),
    );
    await Promise.all([listener.endAsync(), speaker.endAsync()]);
  });
}

it('delivers payloads that take many reads', async () => {
  const client = await mqtt.connectAsync(url);
  await client.subscribeAsync('long');
  const sent = [65535, 65536, 3 << 20].map((length, i) => Buffer.alloc(length, `long ${i}`));
  const received = payloads(client, sent.length);
  for (const payload of sent) client.publish('long', payload);
  const got = await received;
  for (const [i, payload] of sent.entries()) assert.ok(payload.equals(got[i]), `${payload.length}`);
  await client.endAsync();
});

it('speaks the subprotocol, and ends both streams', async () => {
  const connected = once(server, 'connection');
  const client = await mqtt.connectAsync(url);
  const [socket] = await connected;
  assert.equal(socket.protocol, 'mqtt');
  const closed = next(socket, 'close');
  await client.endAsync();
  await closed;
});

it('publishes the will of a client that is lost, which reconnects', async () => {
  const watcher = await mqtt.connectAsync(url);
  await watcher.subscribeAsync('will');
  const connected = once(server, 'connection');
  const will = { topic: 'will', payload: Buffer.from('gone'), qos: 0, retain: false };
  const client = await mqtt.connectAsync(url, { will, reconnectPeriod: 10 });
  const received = payloads(watcher, 1);
  const again = next(client, 'connect');
  (await connected)[0].terminate();
  assert.deepEqual(await received, [Buffer.from('gone')]);
  await again;
  await Promise.all([client.endAsync(), watcher.endAsync()]);
});
