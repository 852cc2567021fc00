'use strict';

/** Records only the first `count` pings, because timers may send more before the end. */
function firstPings(count, onPing = () => {}) {
  let pings = 0;
  return (frame, peer) => {
    if (frame.opcode !== 'ping') return true;
    pings += 1;
    if (pings > count) return false;
    onPing(peer, frame);
    return true;
  };
}

async function pinged(t, count, onPing, keepalive) {
  const { peer } = await t.accepted({
    config: { keepalive: true, keepaliveInterval: 30, ...keepalive },
    dial: { onFrame: firstPings(count, onPing) },
  });
  await t.lane().until('resume');
  await peer.seen('frame', count);
  return peer;
}

module.exports = [
  {
    name: 'a peer that answers no ping is dropped after the grace period',
    async run(t) {
      const { connection, peer } = await t.accepted({
        config: { keepalive: true, keepaliveInterval: 30, keepaliveGracePeriod: 40 },
      });
      await t.lane().until('close');
      await peer.seen('gone');
      t.lane().add('fields', connection.state, connection.connected);
    },
  },
  {
    name: 'pings go on as long as they are answered',
    async run(t) {
      const answer = (peer, frame) => peer.send('pong', frame.payload);
      const peer = await pinged(t, 3, answer, { keepaliveGracePeriod: 20_000 });
      await t.lane().until('pong', 3);
      await t.farewell(peer);
    },
  },
  {
    name: 'any data is an answer to a ping',
    async run(t) {
      const answer = (peer) => peer.text('instead of a pong');
      const peer = await pinged(t, 3, answer, { keepaliveGracePeriod: 20_000 });
      await t.lane().until('message', 3);
      await t.farewell(peer);
    },
  },
  {
    name: 'without dropConnectionOnKeepaliveTimeout pings go on unanswered',
    async run(t) {
      const peer = await pinged(t, 3, undefined, { dropConnectionOnKeepaliveTimeout: false });
      await t.farewell(peer);
    },
  },
  {
    name: 'a client is kept alive when it is configured to be',
    async run(t) {
      const { connection, peer } = await t.connected({
        config: {
          keepalive: true,
          keepaliveInterval: 30,
          dropConnectionOnKeepaliveTimeout: true,
          keepaliveGracePeriod: 40,
        },
      });
      await t.lane().until('close');
      await peer.seen('gone');
      t.lane().add('fields', connection.state, connection.connected);
    },
  },
  {
    name: 'keepalive without numbers is refused when a request is accepted',
    adopts: false,
    async run(t) {
      const configs = {
        interval: { keepaliveInterval: '30' },
        'grace period': { keepaliveInterval: 30_000, keepaliveGracePeriod: null },
      };
      for (const [name, config] of Object.entries(configs)) {
        const server = await t.server({ keepalive: true, ...config });
        const lane = t.lane(name);
        server.ws.on('request', (request) => {
          lane.attempt('accept', () => request.accept());
          request.socket.destroy();
        });
        await t.dial(server.port, { lane: `peer: ${name}` }).seen('gone');
      }
    },
  },
  {
    name: 'useNativeKeepalive sends no pings',
    async run(t) {
      const { peer } = await t.accepted({
        config: { keepalive: true, keepaliveInterval: 1, useNativeKeepalive: true },
      });
      await t.lane().until('resume');
      await t.roundTrip();
      await t.farewell(peer);
    },
  },
];
