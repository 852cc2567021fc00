'use strict';

const { encodeFrame } = require('../../../parity/harness/wire');
const { onEachRole } = require('../roles');

const PLAIN = [
  ...['_isServer', '_closeCode', '_closeMessage', '_closeFrameReceived', '_closeFrameSent'],
  ...['_readyState', '_closeTimer', '_protocol', '_paused', '_autoPong', '_redirects', '_req'],
  ...['_errorEmitted', '_binaryType', '_closeTimeout'],
];

module.exports = [
  ...onEachRole('plain fields while open and after the end', async (t, role) => {
    const { ws, peer } = await t.open(role);
    const lane = t.lane();
    for (const name of PLAIN) lane.add('open', name, ws[name]);
    for (const name of ['_receiver', '_sender', '_socket']) lane.add('open', name, typeof ws[name]);
    peer.close(4000, 'bye');
    await t.gone(peer);
    for (const name of PLAIN.filter((name) => name !== '_closeTimer'))
      lane.add('closed', name, ws[name]);
    for (const name of ['_receiver', '_sender', '_socket']) {
      lane.add('closed', name, typeof ws[name], ws[name] === null);
    }
  }),
  {
    name: 'plain fields while CONNECTING',
    adopts: false,
    async run(t) {
      const { port } = await t.server();
      const ws = t.client(port);
      const lane = t.watch(ws);
      for (const name of PLAIN.filter((name) => name !== '_req')) lane.add(name, ws[name]);
      for (const name of ['_receiver', '_sender', '_socket']) lane.add(name, ws[name]);
      lane.add('request', typeof ws._req.setHeader, ws._url === ws.url);
      ws.terminate();
      await lane.until('close');
      lane.add('request', ws._req);
    },
  },
  ...onEachRole('_socket is the socket', async (t, role) => {
    const { ws, peer } = await t.open(role);
    const lane = t.lane();
    const { _socket: socket } = ws;
    lane.add('same', ws._socket === socket);
    lane.add('address', socket.remoteAddress, socket.remoteFamily, typeof socket.remotePort);
    lane.add('local', socket.localAddress, typeof socket.localPort);
    lane.add('encrypted', socket.encrypted);
    lane.add('lengths', socket.writableLength, socket._writableState.length);
    lane.add('flags', socket.destroyed, socket.readable, socket.writable, socket.connecting);
    for (const [name, ...values] of [
      ['setNoDelay', true],
      ['setKeepAlive', true, 1000],
      ['unref'],
      ['ref'],
    ]) {
      lane.attempt(name, () => socket[name](...values) === socket);
    }
    await t.turns();
    peer.text('one');
    await lane.until('message');
    lane.add('same', ws._socket === socket, socket.bytesRead > 0, socket.bytesWritten > 0);
    await t.farewell(peer);
    lane.add('after', socket.destroyed, socket.writable, socket.readable);
  }),
  ...onEachRole('bytes written to _socket go out between sends', async (t, role) => {
    const { ws, peer } = await t.open(role);
    const frame = (text) => encodeFrame('text', text, { mask: role === 'client' });
    await t.turns();
    ws.send('one');
    ws._socket.write(frame('two'), () => t.lane('sends').add('written'));
    ws.send('three');
    await peer.seen('frame', 3);
    await t.lane('sends').until('written');
    await t.farewell(peer);
  }),
  ...onEachRole('a data listener on _socket hears the bytes', async (t, role) => {
    const { ws, peer } = await t.open(role);
    await t.turns();
    let heard = 0;
    ws._socket.on('data', (chunk) => {
      heard += chunk.length;
    });
    await t.turns();
    const frame = peer.frame('text', 'one');
    peer.write(frame);
    await t.lane().until('message');
    t.lane().add('heard', heard - frame.length);
    await t.farewell(peer);
  }),
  ...onEachRole('setTimeout() of _socket', async (t, role) => {
    const { ws, peer } = await t.open(role);
    const lane = t.lane();
    lane.add('timeout', ws._socket.timeout);
    await new Promise((resolve) => {
      ws._socket.setTimeout(20, () => {
        lane.add('timeout');
        resolve();
      });
    });
    ws._socket.setTimeout(0);
    await t.farewell(peer);
  }),
  ...onEachRole('push() on _socket is received', async (t, role) => {
    const { ws, peer } = await t.open(role);
    await t.turns();
    ws._socket.push(peer.frame('text', 'pushed'));
    await t.lane().until('message');
    await t.farewell(peer);
  }),
  ...onEachRole('_sender.sendFrame() keeps the order', async (t, role) => {
    const { ws, peer } = await t.open(role);
    const { Sender } = t.ws;
    const lane = t.lane('sends');
    const options = { fin: true, rsv1: false, opcode: 1, mask: role === 'client', readOnly: false };
    const list = Sender.frame(Buffer.from('framed'), options);
    lane.add('frame', Array.isArray(list), list.length);
    ws.send('one');
    ws._sender.sendFrame(list, (error) => lane.add('sent', error));
    ws.send('two');
    await peer.seen('frame', 3);
    const again = Sender.frame(Buffer.from('again'), options);
    ws._sender.sendFrame(again);
    await peer.seen('frame', 4);
    await lane.until('sent');
    await t.farewell(peer);
  }),
  {
    name: '_sender.sendFrame() of one frame to many, as a broadcast',
    async run(t) {
      const opened = [];
      for (let i = 0; i < 3; i += 1) opened.push(await t.accepted({ dial: { lane: `peer ${i}` } }));
      const options = { fin: true, rsv1: false, opcode: 1, mask: false, readOnly: true };
      const frame = t.ws.Sender.frame(Buffer.from('to all'), options);
      for (const { ws } of opened) ws._sender.sendFrame(frame);
      for (const { peer } of opened) await peer.seen('frame');
      for (const { peer } of opened) peer.close(1000);
      for (const { peer } of opened) await peer.seen('gone');
      await t.lane().until('close', opened.length);
    },
  },
  ...onEachRole('ping(), pong(), send() and close() of _sender', async (t, role) => {
    const { ws, peer } = await t.open(role);
    const mask = role === 'client';
    const lane = t.lane('sends');
    lane.add(
      'fields',
      ws._sender._bufferedBytes,
      ws._sender._queue.length,
      ws._sender._socket === ws._socket,
    );
    ws._sender.ping(Buffer.from('p'), mask, () => lane.add('ping'));
    ws._sender.pong(Buffer.from('q'), mask, () => lane.add('pong'));
    ws._sender.send(Buffer.from('s'), { binary: true, compress: false, fin: true, mask }, () =>
      lane.add('send'),
    );
    await peer.seen('frame', 3);
    ws._sender.close(1000, 'bye', mask, () => lane.add('close'));
    await t.gone(peer);
    t.lane().add('flags', ws._closeFrameSent, ws._closeFrameReceived);
  }),
  ...onEachRole('_receiver._maxPayload is read and written', async (t, role) => {
    const { ws, peer } = await t.open(role, {
      options: { maxPayload: 5 },
      dial: { answersClose: false },
    });
    const lane = t.lane();
    lane.add('is', ws._receiver._maxPayload, '_maxPayload' in ws._receiver);
    ws._receiver._maxPayload = 100;
    lane.add('is', ws._receiver._maxPayload);
    peer.text('longer than five');
    await lane.until('message');
    ws._receiver._maxPayload = 3;
    peer.text('four');
    await t.gone(peer);
  }),
  ...onEachRole('limits that _receiver shows', async (t, role) => {
    const { ws, peer } = await t.open(role, {
      options: { maxPayload: 7, maxFragments: 8, maxBufferedChunks: 9, skipUTF8Validation: true },
    });
    const names = ['_maxPayload', '_maxFragments', '_maxBufferedChunks', '_skipUTF8Validation'];
    for (const name of [...names, '_isServer', '_binaryType', '_allowSynchronousEvents']) {
      t.lane().add(name, ws._receiver[name]);
    }
    ws.binaryType = 'arraybuffer';
    t.lane().add('_binaryType', ws._receiver._binaryType);
    await t.farewell(peer);
  }),
  ...onEachRole('_receiver without ping listeners answers none', async (t, role) => {
    const { ws, peer } = await t.open(role);
    ws._receiver.removeAllListeners('ping');
    ws._receiver.on('ping', (data) => t.lane().add('receiver', data));
    peer.send('ping', 'p');
    await t.lane().until('receiver');
    await t.roundTrip();
    await t.farewell(peer);
  }),
  ...onEachRole('listeners that are added to _receiver', async (t, role) => {
    const { ws, peer } = await t.open(role);
    const lane = t.lane();
    for (const event of ['message', 'ping', 'pong', 'conclude']) {
      ws._receiver.on(event, (...values) => lane.add(`receiver ${event}`, ...values));
      lane.add('count', event, ws._receiver.listenerCount(event));
    }
    peer.text('one');
    peer.send('ping', 'p');
    peer.send('pong', 'q');
    await lane.until('receiver pong');
    peer.close(4000, 'bye');
    await t.gone(peer);
  }),
  ...onEachRole(
    '_receiver without conclude listeners leaves the close unanswered',
    async (t, role) => {
      const { ws, peer } = await t.open(role, { dial: { answersEnd: false } });
      ws._receiver.removeAllListeners('conclude');
      ws._receiver.on('conclude', (code) => t.lane().add('receiver', code));
      peer.close(1000);
      await t.lane().until('receiver');
      await t.roundTrip();
      t.lane().add('state', ws.readyState);
      ws.terminate();
      await t.lane().until('close');
    },
  ),
  ...onEachRole('_closeTimer', async (t, role) => {
    const { ws, peer } = await t.open(role, { options: { closeTimeout: 12_345 } });
    t.lane().add('before', ws._closeTimer);
    ws.close();
    t.lane().add('timer', ws._closeTimer._idleTimeout, ws._closeTimer.hasRef());
    await t.gone(peer);
    t.lane().add('destroyed', ws._closeTimer._destroyed);
  }),
  ...onEachRole('_closeTimer by default', async (t, role) => {
    const { ws, peer } = await t.open(role);
    ws.close();
    t.lane().add('timer', ws._closeTimer._idleTimeout);
    await t.gone(peer);
  }),
  ...onEachRole('_extensions', async (t, role) => {
    const { ws, peer } = await t.openDeflated(role, { agreement: '; server_max_window_bits=10' });
    const lane = t.lane();
    const agreed = ws._extensions['permessage-deflate'];
    lane.add('keys', Object.keys(ws._extensions), agreed instanceof t.ws.PerMessageDeflate);
    lane.add('params', agreed.params, t.ws.PerMessageDeflate.extensionName);
    await t.farewell(peer);
  }),
  ...onEachRole('_readyState and _isServer are writable', async (t, role) => {
    const { ws, peer } = await t.open(role);
    const lane = t.lane('sends');
    ws._readyState = 2;
    lane.attempt('send', () => ws.send('a', (error) => lane.add('failed', error)));
    lane.add('readyState', ws.readyState);
    await lane.until('failed');
    ws._readyState = 1;
    ws.send('b');
    await peer.seen('frame');
    await t.farewell(peer);
  }),
  ...onEachRole('_autoPong is writable', async (t, role) => {
    const { ws, peer } = await t.open(role);
    ws._autoPong = false;
    peer.send('ping', 'p');
    await t.lane().until('ping');
    await t.roundTrip();
    await t.farewell(peer);
  }),
];
