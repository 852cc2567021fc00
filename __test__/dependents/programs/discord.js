'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { after, before, it } = require('node:test');
const { deflateSync } = require('node:zlib');
const { WebSocketManager, WebSocketShardEvents } = require('@discordjs/ws');
const WebSocket = require('ws');
const { assertLoads, next } = require('../program');

const COUNT = 2000;
const OPCODES = {
  dispatch: 0,
  heartbeat: 1,
  identify: 2,
  resume: 6,
  reconnect: 7,
  hello: 10,
  ack: 11,
};

/** A gateway as Discord's: it greets, asks for a heartbeat and dispatches `COUNT` events. */
class Gateway {
  constructor() {
    this.server = new WebSocket.WebSocketServer({ port: 0, host: '127.0.0.1' });
    this.heard = [];
    this.server.on('connection', (socket) => this.greet(socket));
  }

  greet(socket) {
    let isCompressed = false;
    const send = (op, d, t, s) => {
      const text = JSON.stringify({ op, d, t, s });
      socket.send(isCompressed ? deflateSync(text) : text);
    };
    send(OPCODES.hello, { heartbeat_interval: 45000 });
    socket.on('message', (data) => {
      const { op, d } = JSON.parse(data);
      this.heard.push(op);
      if (op === OPCODES.heartbeat) send(OPCODES.ack);
      if (op === OPCODES.resume) send(OPCODES.dispatch, {}, 'RESUMED', d.seq + 1);
      if (op !== OPCODES.identify) return;
      isCompressed = d.compress;
      const ready = { session_id: 'one', resume_gateway_url: this.url, user: { id: '1' } };
      send(OPCODES.dispatch, ready, 'READY', 1);
      send(OPCODES.heartbeat);
      for (let i = 0; i < COUNT; i++) send(OPCODES.dispatch, { i }, 'MESSAGE_CREATE', i + 2);
    });
  }

  get url() {
    return `ws://127.0.0.1:${this.server.address().port}`;
  }

  /** What Discord answers to a request for the address of its gateway. */
  get rest() {
    const limit = { total: 1000, remaining: 1000, reset_after: 0, max_concurrency: 1 };
    return { get: async () => ({ url: this.url, shards: 1, session_start_limit: limit }) };
  }
}

let gateway;

before(async () => {
  gateway = new Gateway();
  await once(gateway.server, 'listening');
});

after(() => {
  for (const socket of gateway.server.clients) socket.terminate();
  gateway.server.close();
});

it('@discordjs/ws loads the implementation under test', () => {
  assertLoads('@discordjs/ws');
});

for (const useIdentifyCompression of [false, true]) {
  const kind = useIdentifyCompression ? 'bytes' : 'text';

  it(`identifies, hears ${COUNT} events as ${kind}, beats and resumes`, async () => {
    let session = null;
    const manager = new WebSocketManager({
      token: 'none',
      intents: 0,
      rest: gateway.rest,
      useIdentifyCompression,
      retrieveSessionInfo: () => session,
      updateSessionInfo: (_shard, info) => {
        session = info;
      },
    });
    const events = new Set();
    const all = new Promise((resolve) => {
      manager.on(WebSocketShardEvents.Dispatch, ({ t, d }) => {
        if (t === 'MESSAGE_CREATE' && events.add(d.i).size === COUNT) resolve();
      });
    });
    const beaten = next(manager, WebSocketShardEvents.HeartbeatComplete);
    await manager.connect();
    await all;
    await beaten;

    const closed = next([...gateway.server.clients].at(-1), 'close');
    const resumed = next(manager, WebSocketShardEvents.Resumed);
    [...gateway.server.clients].at(-1).send(JSON.stringify({ op: OPCODES.reconnect }));
    assert.equal((await closed)[0], 4200);
    await resumed;
    assert.ok(gateway.heard.includes(OPCODES.resume));

    const ended = next([...gateway.server.clients].at(-1), 'close');
    await manager.destroy({ reason: 'the end of the test' });
    assert.deepEqual(await ended, [1000, Buffer.from('the end of the test')]);
  });
}
