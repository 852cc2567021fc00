'use strict';

const assert = require('node:assert/strict');
const { AsyncResource } = require('node:async_hooks');
const { once } = require('node:events');
const net = require('node:net');
const { describe } = require('node:test');

const { VIOLATION_RSV_2_OR_3 } = require('../lib/internal/engine/abi');
const Peer = require('../lib/internal/peer/Peer');
const { it } = require('./support/connect');
const { until } = require('./support/events');
const { BINARY, PING, TEXT } = require('./support/frames');
const peerHooks = require('./support/peerHooks');

const OPTIONS = {
  assemblesFragments: true,
  maxFrameSize: Number.POSITIVE_INFINITY,
  maxMessageSize: Number.POSITIVE_INFINITY,
  closeTimeout: 5000,
  highWaterMark: 16384,
};

/**
 * What a public class has to answer, for one that is not of npm `websocket`'s API: it records what
 * it hears, sends messages back if it is a server, and closes when the peer does.
 *
 * @type {import('../lib/internal/peer/Peer').Hooks}
 */
const HOOKS = {
  ...peerHooks,
  message(owner, data, isBinary) {
    owner.heard.push(['message', `${data}`, isBinary]);
    if (owner.echoes) owner.peer.send(isBinary ? BINARY : TEXT, data);
    return true;
  },
  pong: (owner, payload) => owner.heard.push(['pong', `${payload}`]),
  closeRequested(owner, code, reason) {
    owner.heard.push(['close requested', code, reason]);
    owner.phase = 'closing';
    owner.peer.answerClose(false);
  },
  closeReplied: (owner) => owner.heard.push(['close replied']),
  violation(owner, violation, argument) {
    owner.heard.push(['violation', violation, argument]);
    owner.phase = 'closed';
    owner.peer.abort(1002, '', true);
    owner.peer.destroy(true);
  },
  close: (owner) => owner.heard.push(['close']),
};

/** A connection of such a class. */
class Owner {
  heard = [];
  phase = 'open';
  isPaused = false;

  constructor(socket, config, isClient) {
    this.socket = socket;
    this.echoes = !isClient;
    const options = { ...OPTIONS, masks: isClient, requiresMask: !isClient };
    const scope = new AsyncResource('TEST');
    this.peer = new Peer(this, HOOKS, socket, config, options, scope, true);
    this.peer.start();
  }

  close(code, reason) {
    this.phase = 'closing';
    this.peer.close(code, reason);
  }
}

/** @returns {Promise<Owner[]>} a client and its server */
async function pair(t, transport) {
  const server = net.createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {net.AddressInfo} */ (server.address());
  const near = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const [far] = await once(server, 'connection');
  t.after(() => {
    server.close();
    for (const socket of [near, far]) socket.destroy();
  });
  const config = { transport };
  const owners = [new Owner(near, config, true), new Owner(far, config, false)];
  const isNative = transport === 'auto' && process.platform !== 'win32';
  if (isNative) await until(() => owners.every(({ peer }) => peer.transport === 'native'));
  return owners;
}

for (const transport of ['auto', 'stream']) {
  describe(`A Peer whose owner is no WebSocketConnection (${transport})`, () => {
    it('moves messages, and answers pings', async (t) => {
      const [client, server] = await pair(t, transport);
      client.peer.send(TEXT, 'text');
      client.peer.send(BINARY, Buffer.from('bytes'));
      client.peer.send(PING, Buffer.from('ping'));
      await until(() => client.heard.length === 3);
      const messages = [
        ['message', 'text', false],
        ['message', 'bytes', true],
      ];
      assert.deepEqual(server.heard, messages);
      // The engine answers a ping before a handler has sent anything.
      assert.deepEqual(
        client.heard.filter(([name]) => name === 'message'),
        messages,
      );
      assert.deepEqual(
        client.heard.filter(([name]) => name === 'pong'),
        [['pong', 'ping']],
      );
    });

    it('calls back for what it sends', async (t) => {
      const [client] = await pair(t, transport);
      const error = await new Promise((resolve) => {
        client.peer.send(TEXT, 'text', undefined, resolve);
      });
      assert.equal(error ?? null, null);
    });

    it('closes with a handshake', async (t) => {
      const [client, server] = await pair(t, transport);
      client.close(4001, 'bye');
      await until(() => [client, server].every(({ heard }) => heard.at(-1)?.[0] === 'close'));
      assert.deepEqual(client.heard, [['close replied'], ['close']]);
      assert.deepEqual(server.heard, [['close requested', 4001, 'bye'], ['close']]);
      assert.deepEqual([client.peer.slot, server.peer.slot], [-1, -1]);
    });

    it('reports a violation, and sends nothing more', async (t) => {
      const [client, server] = await pair(t, transport);
      client.peer.sendRaw(Buffer.from([0xff, 0x80, 0, 0, 0, 0]), undefined);
      await until(() => server.heard.at(-1)?.[0] === 'close');
      assert.deepEqual(server.heard, [['violation', VIOLATION_RSV_2_OR_3, undefined], ['close']]);
      assert.equal(server.peer.send(TEXT, 'late'), undefined);
    });
  });
}
