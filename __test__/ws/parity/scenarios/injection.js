'use strict';

const { Duplex, PassThrough } = require('node:stream');
const { encodeFrame } = require('../../../parity/harness/wire');
const { Peer } = require('../../../parity/harness/peer');

/** Two streams that pass bytes to each other, and no sockets. */
function streams() {
  const make = (other) =>
    new Duplex({
      read() {},
      write(chunk, _encoding, callback) {
        process.nextTick(() => {
          other().push(chunk);
          callback();
        });
      },
      final(callback) {
        other().push(null);
        callback();
      },
    });
  const near = make(() => far);
  const far = make(() => near);
  return { near, far };
}

/** A raw peer over a stream. */
function facing(t, stream, masks) {
  stream.setNoDelay = () => {};
  const peer = new Peer(stream, t.lane('peer'), { masks });
  // A handshake is not part of it.
  stream.emit('data', Buffer.from('HTTP/1.1 101\r\n\r\n'));
  return peer;
}

function injected(t, { isServer, options = {}, head = Buffer.alloc(0), socket }) {
  const { near, far } = streams();
  const ws = new t.ws(null, undefined, t.options({ isServer, ...options }));
  ws._isServer = isServer;
  const lane = t.watch(ws);
  lane.add('before', ws.readyState, ws.url, ws.protocol, ws.extensions);
  const peer = facing(t, far, isServer);
  lane.attempt('setSocket', () => ws.setSocket(socket ?? near, head, t.options(options)));
  return { ws, lane, peer, near, far };
}

const bothRoles = (name, run) =>
  [true, false].map((isServer) => ({
    name: `${name} (${isServer ? 'server' : 'client'})`,
    adopts: false,
    run: (t) => run(t, isServer),
  }));

module.exports = [
  ...bothRoles('setSocket() with a Duplex', async (t, isServer) => {
    const { ws, lane, peer, near } = injected(t, {
      isServer,
      options: { maxPayload: 0, autoPong: true },
    });
    lane.add('is', ws._socket === near, ws.readyState, ws._isServer);
    peer.text('in');
    await lane.until('message');
    ws.send('out', (error) => lane.add('sent', error));
    ws.ping('p');
    await peer.seen('frame', 2);
    peer.send('ping', 'q');
    await peer.seen('frame', 3);
    ws.close(4000, 'bye');
    await lane.until('close');
  }),
  ...bothRoles('a Duplex whose peer closes', async (t, isServer) => {
    const { lane, peer } = injected(t, { isServer });
    peer.close(4001, 'theirs');
    await lane.until('close');
  }),
  ...bothRoles('a Duplex that ends', async (t, isServer) => {
    const { lane, far } = injected(t, { isServer });
    far.end();
    await lane.until('close');
  }),
  ...bothRoles('a Duplex that is destroyed with an error', async (t, isServer) => {
    const { ws, lane, near } = injected(t, { isServer });
    near.destroy(new Error('mine'));
    await lane.until('close');
    lane.add('state', ws.readyState);
  }),
  ...bothRoles('a head', async (t, isServer) => {
    const head = encodeFrame('text', 'early', { mask: isServer });
    const { lane, peer } = injected(t, { isServer, head });
    await lane.until('message');
    peer.text('later');
    await lane.until('message', 2);
    peer.close(1000);
    await lane.until('close');
  }),
  ...bothRoles('limits of setSocket()', async (t, isServer) => {
    const { lane, peer } = injected(t, { isServer, options: { maxPayload: 5 } });
    peer.text('123456');
    await lane.until('close');
  }),
  ...bothRoles('a Duplex without setTimeout and setNoDelay is paused', async (t, isServer) => {
    const { ws, lane, peer } = injected(t, { isServer });
    ws.pause();
    peer.text('one');
    await t.turns();
    lane.add('paused', ws.isPaused);
    ws.resume();
    await lane.until('message');
    peer.close(1000);
    await lane.until('close');
  }),
  ...bothRoles('terminate() of a Duplex', async (t, isServer) => {
    const { ws, lane, near } = injected(t, { isServer });
    ws.terminate();
    lane.add('state', ws.readyState, near.destroyed);
    await lane.until('close');
  }),
  ...bothRoles('a Duplex that is destroyed with an error while sends wait', async (t, isServer) => {
    const socket = new Duplex({ read() {}, write() {} });
    const { ws, lane } = injected(t, { isServer, socket });
    ws.send('one', (error) => lane.add('one', error?.message));
    ws.send('two', (error) => lane.add('two', error?.message));
    lane.add('bufferedAmount', ws.bufferedAmount);
    socket.destroy(new Error('broken'));
    await lane.until('close');
    await t.turns();
  }),
  {
    name: 'the constructor with null needs options',
    adopts: false,
    run(t) {
      t.lane().attempt('null', () => new t.ws(null));
      t.lane().attempt('null, undefined, {}', () => new t.ws(null, undefined, {}).readyState);
    },
  },
  {
    name: 'emitClose() without a socket',
    adopts: false,
    run(t) {
      const ws = new t.ws(null, undefined, {});
      const lane = t.watch(ws);
      lane.attempt('emitClose', () => ws.emitClose());
      lane.attempt('terminate', () => ws.terminate());
      lane.attempt('close()', () => ws.close());
      lane.add('state', ws.readyState);
    },
  },
  {
    name: 'a PassThrough echoes what a client without masks would not accept',
    adopts: false,
    async run(t) {
      const ws = new t.ws(null, undefined, t.options({}));
      ws._isServer = false;
      const lane = t.watch(ws);
      ws.setSocket(new PassThrough(), Buffer.alloc(0), t.options({ maxPayload: 0 }));
      ws.send('masked');
      await lane.until('close');
    },
  },
];
