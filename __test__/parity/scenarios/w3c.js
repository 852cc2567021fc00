'use strict';

const { closed, deadPort, describeEvent, opened } = require('../harness/w3c');

const UNKNOWN_DATA = { error: 'Error', message: 'unknown binary data:' };

module.exports = [
  {
    name: 'W3C: open, text both ways, a close from here',
    async run(t) {
      const { socket, peer, lane } = await opened(t);
      socket.send('grüße');
      await peer.seen('frame');
      peer.text('back');
      await lane.until('message');
      socket.close();
      lane.add('closing', socket.readyState);
      await closed(lane, peer);
    },
  },
  {
    name: 'W3C: the URL, the protocol, the origin and headers of the constructor',
    async run(t) {
      const { socket, peer, lane } = await opened(t, {
        url: '/path?x=1',
        args: [['a', 'b'], 'http://example.org', { 'X-Own': 'yes' }],
        headers: { 'Sec-WebSocket-Protocol': 'b' },
      });
      lane.add('fields', socket.url, socket.protocol, socket.binaryType, socket.bufferedAmount);
      socket.close(1000, 'done');
      await closed(lane, peer);
    },
  },
  {
    name: 'W3C: the constants, on the class and on instances',
    adopts: false,
    async run(t) {
      const lane = t.lane('w3c');
      for (const name of ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED']) {
        lane.add(name, t.ws.w3cwebsocket[name], t.ws.w3cwebsocket.prototype[name]);
      }
    },
  },
  {
    name: 'W3C: bytes of every kind go out as binary messages',
    async run(t) {
      const { socket, peer, lane } = await opened(t);
      const shared = new Uint8Array([0, 1, 2, 3, 4, 5, 6, 7]);
      const kinds = {
        Buffer: Buffer.from([1]),
        ArrayBuffer: new Uint8Array([2, 3]).buffer,
        Uint8Array: new Uint8Array([4]),
        'part of a buffer': shared.subarray(2, 5),
        Uint16Array: new Uint16Array([0x0102]),
        DataView: new DataView(shared.buffer, 6),
        empty: new ArrayBuffer(0),
      };
      for (const [name, data] of Object.entries(kinds)) lane.call(name, () => socket.send(data));
      await peer.seen('frame', Object.keys(kinds).length);
      socket.close();
      await closed(lane, peer);
    },
    differs: [
      {
        row: 'w3c',
        lane: 'peer',
        upstream: [['frame', 'binary, masked', 'Buffer(0)']],
        ours: [['frame', 'binary, masked', 'Buffer(2) 0607']],
      },
    ],
  },
  {
    name: 'W3C: binary messages come as an ArrayBuffer',
    async run(t) {
      const { socket, peer, lane } = await opened(t);
      peer.send('binary', [1, 2, 3]);
      peer.send('binary', Buffer.alloc(70_000, 9));
      peer.send('binary', '');
      await lane.until('message', 3);
      socket.close();
      await closed(lane, peer);
    },
  },
  {
    name: 'W3C: text in an object of class String',
    async run(t) {
      const { socket, peer, lane } = await opened(t);
      lane.call('String', () => socket.send(new String('wrapped')));
      await peer.seen('frame');
      socket.close();
      await closed(lane, peer);
    },
  },
  {
    name: 'W3C: an empty text message',
    async run(t) {
      const { socket, peer, lane } = await opened(t);
      const after = new Promise((resolve) => {
        socket.addEventListener('message', ({ data }) => data === 'after' && resolve());
      });
      peer.text('');
      peer.text('after');
      await after;
      socket.close();
      await closed(lane, peer);
    },
    differs: [{ row: 'w3c', lane: 'w3c', upstream: [], ours: [['message', '', 1]] }],
  },
  {
    name: 'W3C: the peer closes with 1000',
    async run(t) {
      const { peer, lane } = await opened(t);
      peer.close(1000, 'over');
      await closed(lane, peer);
    },
  },
  {
    name: 'W3C: the peer closes with a code of its own',
    async run(t) {
      const { peer, lane } = await opened(t);
      peer.close(4001, 'mine');
      await closed(lane, peer);
    },
  },
  {
    name: 'W3C: the stream ends without a close frame',
    async run(t) {
      const { peer, lane } = await opened(t);
      peer.end();
      await closed(lane, peer);
    },
  },
  {
    name: 'W3C: a connection that is refused',
    adopts: false,
    async run(t) {
      const port = await deadPort(t);
      const socket = new t.ws.w3cwebsocket(`ws://127.0.0.1:${port}/`);
      const lane = t.lane('w3c');
      lane.add('state', socket.readyState);
      for (const type of ['open', 'error', 'close']) {
        socket.addEventListener(type, (event) => lane.add(...describeEvent(event)));
      }
      await lane.until('close');
      lane.add('state', socket.readyState);
    },
  },
  {
    name: 'W3C: send() while connecting',
    adopts: false,
    async run(t) {
      const port = await t.rawServer((peer) => peer.socket.destroy());
      const socket = new t.ws.w3cwebsocket(`ws://127.0.0.1:${port}/`);
      const lane = t.lane('w3c');
      try {
        socket.send('too early');
      } catch (error) {
        lane.add('threw', error instanceof Error, error.message);
      }
      socket.onclose = (event) => lane.add(...describeEvent(event));
      await lane.until('close');
    },
  },
  {
    name: 'W3C: send() after the close',
    async run(t) {
      const { socket, peer, lane } = await opened(t);
      socket.close();
      await closed(lane, peer);
      lane.attempt('send', () => socket.send('too late'));
      lane.attempt('close', () => socket.close());
    },
    differs: [
      {
        row: 'w3c',
        lane: 'w3c',
        upstream: [
          ['send', 'threw', { error: 'Error', message: 'cannot call send() while not connected' }],
        ],
        ours: [['send', 'returned', '(undefined)']],
      },
    ],
  },
  {
    name: 'W3C: send() of values that are neither text nor bytes',
    async run(t) {
      const { socket, peer, lane } = await opened(t);
      lane.call('object', () => socket.send({}));
      lane.call('number', () => socket.send(7));
      socket.close();
      await closed(lane, peer);
    },
    differs: [
      {
        row: 'w3c',
        lane: 'w3c',
        upstream: [
          ['object', 'threw', UNKNOWN_DATA],
          ['number', 'threw', UNKNOWN_DATA],
        ],
        ours: [['object'], ['number']],
      },
      {
        row: 'w3c',
        lane: 'peer',
        upstream: [],
        ours: [
          ['frame', 'text, masked', '[object Object]'],
          ['frame', 'text, masked', '7'],
        ],
      },
    ],
  },
  {
    name: 'W3C: listeners are called in order, once each, on-handlers first',
    async run(t) {
      const { socket, peer, lane } = await opened(t);
      const first = (event) => lane.add('first', event.type, event.target === socket);
      socket.addEventListener('message', first);
      socket.addEventListener('message', () => lane.add('second'));
      socket.addEventListener('message', first);
      peer.text('one');
      await lane.until('second');
      socket.removeEventListener('message', first);
      peer.text('two');
      await lane.until('second', 2);
      socket.close();
      await closed(lane, peer);
    },
  },
  {
    name: 'W3C: close() twice',
    async run(t) {
      const { socket, peer, lane } = await opened(t);
      lane.call('first', () => socket.close(4000, 'first'));
      lane.call('second', () => socket.close(4001, 'second'));
      await closed(lane, peer);
    },
  },
  {
    name: 'W3C: messages that arrive while closing',
    async run(t) {
      const { socket, peer, lane } = await opened(t);
      socket.close();
      peer.text('too late');
      await closed(lane, peer);
    },
  },
  {
    name: 'W3C: the class, its base and the fields of an object before it opens',
    adopts: false,
    async run(t) {
      const lane = t.lane('w3c');
      const port = await t.rawServer((peer) => peer.socket.destroy());
      const socket = new t.ws.w3cwebsocket(`ws://127.0.0.1:${port}/`);
      lane.add('instance', socket instanceof t.ws.w3cwebsocket);
      lane.add('EventTarget', socket instanceof EventTarget);
      for (const name of ['protocol', 'extensions', 'bufferedAmount', 'binaryType']) {
        lane.add('before open', name, socket[name]);
      }
      lane.attempt('binaryType blob', () => {
        socket.binaryType = 'blob';
        return socket.binaryType;
      });
      socket.onclose = () => lane.add('closed');
      await lane.until('closed');
    },
    differs: [
      {
        row: 'w3c',
        lane: 'w3c',
        upstream: [
          ['EventTarget', false],
          ['before open', 'protocol', '(undefined)'],
        ],
        ours: [
          ['EventTarget', true],
          ['before open', 'protocol', ''],
        ],
      },
      {
        row: 'w3c',
        lane: 'w3c',
        upstream: [
          [
            'binaryType blob',
            'threw',
            {
              error: 'SyntaxError',
              message: 'just "arraybuffer" type allowed for "binaryType" attribute',
            },
          ],
        ],
        ours: [['binaryType blob', 'returned', 'blob']],
      },
    ],
  },
];
