'use strict';

const { randomFillSync } = require('node:crypto');

/** The bytes 0, 1, 2 … in a cycle that is no power of two, so that a lost or moved byte shows. */
function bytes(length) {
  return Buffer.from(Array.from({ length }, (_, i) => i % 251));
}

const SIZES = [0, 1, 125, 126, 65535, 65536];

/** Sends with `act(connection, lane)` and waits for the close frame. */
async function sending(t, act, { config } = {}) {
  const { connection, peer } = await t.accepted({ config });
  await t.lane().until('resume');
  await act(connection, t.lane());
  connection.close();
  await peer.seen('gone');
  await t.lane().until('close');
}

async function clientSending(t, act, { config } = {}) {
  const { connection, peer } = await t.connected({ config });
  await act(connection, t.lane());
  connection.close();
  await peer.seen('gone');
  await t.lane().until('close');
}

const OBJECT = { toString: () => 'from toString' };

module.exports = [
  {
    name: 'send() of text, bytes and anything with toString',
    run: (t) =>
      sending(t, (connection, lane) => {
        lane.call('text', () => connection.send('grüße 👋'));
        lane.call('buffer', () => connection.send(Buffer.from([1, 2, 3])));
        lane.call('number', () => connection.send(42));
        lane.call('zero', () => connection.send(0));
        lane.call('boolean', () => connection.send(false));
        lane.call('array', () => connection.send([1, [2, 3]]));
        lane.call('object', () => connection.send(OBJECT));
        lane.call('plain object', () => connection.send({}));
        lane.call('Uint8Array', () => connection.send(new Uint8Array([7, 8])));
        lane.call('Date', () => connection.send(new Date(0).toISOString()));
        lane.call('empty text', () => connection.send(''));
        lane.call('empty buffer', () => connection.send(Buffer.alloc(0)));
      }),
  },
  {
    name: 'send() of a value without toString',
    run: (t) =>
      sending(t, (connection, lane) => {
        lane.call('no prototype', () => connection.send(Object.create(null)));
        lane.call('undefined', () => connection.send(undefined));
        lane.call('null', () => connection.send(null));
        lane.call('sendUTF undefined', () => connection.sendUTF(undefined));
        lane.call('after that', () => connection.send('still open'));
      }),
  },
  {
    name: 'sendBytes() takes a Buffer only, sendUTF() takes bytes as text',
    run: (t) =>
      sending(t, (connection, lane) => {
        lane.call('text', () => connection.sendBytes('text'));
        lane.call('Uint8Array', () => connection.sendBytes(new Uint8Array(3)));
        lane.call('ArrayBuffer', () => connection.sendBytes(new ArrayBuffer(3)));
        lane.call('Buffer', () => connection.sendBytes(Buffer.from('ok')));
        lane.call('text from a Buffer', () => connection.sendUTF(Buffer.from('ä')));
      }),
  },
  {
    name: 'shared memory is bytes in a Buffer, and text in other forms',
    run: (t) =>
      sending(t, (connection, lane) => {
        const memory = new SharedArrayBuffer(5);
        const bytes = Buffer.from(memory).fill('hello');
        for (const method of ['sendBytes', 'send', 'sendUTF', 'ping']) {
          lane.call(`${method}: Buffer`, () => connection[method](bytes));
          lane.call(`${method}: memory`, () => connection[method](memory));
          lane.call(`${method}: Uint8Array`, () => connection[method](new Uint8Array(memory)));
          lane.call(`${method}: DataView`, () => connection[method](new DataView(memory)));
        }
        lane.call('pong: Buffer', () => connection.pong(bytes));
      }),
  },
  {
    name: 'text with a lone surrogate goes out as U+FFFD',
    run: (t) => sending(t, (connection) => connection.sendUTF('a\ud800b')),
  },
  {
    name: 'binary messages of every length form, whole',
    run: (t) =>
      sending(
        t,
        (connection) => {
          for (const size of [...SIZES, 0x100000]) connection.sendBytes(bytes(size));
        },
        { config: { fragmentOutgoingMessages: false } },
      ),
  },
  {
    name: 'text messages of every length form, whole',
    run: (t) =>
      sending(
        t,
        (connection) => {
          for (const size of SIZES) connection.sendUTF('x'.repeat(size));
          connection.sendUTF('ü'.repeat(0x80000));
        },
        { config: { fragmentOutgoingMessages: false } },
      ),
  },
  {
    name: 'binary messages of every length form, fragmented from 16 KiB on',
    run: (t) =>
      sending(t, (connection) => {
        for (const size of [...SIZES, 0x100000]) connection.sendBytes(bytes(size));
      }),
  },
  {
    name: 'text messages are fragmented between bytes, not between characters',
    run: (t) =>
      sending(t, (connection) => connection.sendUTF('aäöü'), {
        config: { fragmentationThreshold: 3 },
      }),
  },
  {
    name: 'fragments at, below and above the threshold',
    run: (t) =>
      sending(
        t,
        (connection) => {
          for (const size of [9, 10, 11, 20, 21, 30]) connection.sendBytes(bytes(size));
        },
        { config: { fragmentationThreshold: 10 } },
      ),
  },
  {
    name: 'a client masks every length form',
    run: (t) =>
      clientSending(
        t,
        (connection) => {
          for (const size of [...SIZES, 0x100000]) connection.sendBytes(bytes(size));
          connection.sendUTF('grüße');
        },
        { config: { fragmentOutgoingMessages: false } },
      ),
  },
  {
    name: 'a client fragments and masks each fragment',
    run: (t) =>
      clientSending(
        t,
        (connection) => {
          connection.sendBytes(bytes(25));
          connection.ping('between');
          connection.sendUTF('0123456789abc');
        },
        { config: { fragmentationThreshold: 10 } },
      ),
  },
  {
    name: 'a buffer that is changed after send() goes out as it was',
    run: (t) =>
      sending(t, async (connection, lane) => {
        const data = Buffer.from('before');
        const sent = new Promise((resolve) => connection.sendBytes(data, resolve));
        data.fill('x');
        await sent;
        randomFillSync(data);
        lane.add('sent');
      }),
  },
  {
    name: 'a client leaves the buffer that it masks as it was',
    run: (t) =>
      clientSending(t, (connection, lane) => {
        const data = Buffer.from('unmasked');
        connection.sendBytes(data);
        lane.add('data', data);
      }),
  },
  {
    name: 'many small messages of one turn arrive in order',
    run: (t) =>
      sending(t, (connection) => {
        for (let i = 0; i < 200; i += 1) connection.sendUTF(`${i}`);
      }),
  },
  {
    name: 'results of the sends',
    run: (t) =>
      sending(t, (connection, lane) => {
        lane.attempt('sendUTF', () => connection.sendUTF('a'));
        lane.attempt('sendBytes', () => connection.sendBytes(Buffer.from('b')));
        lane.attempt('send', () => connection.send('c'));
      }),
    differs: ['sendUTF', 'sendBytes', 'send'].map((method) => ({
      row: 'sendResults',
      lane: 'connection',
      upstream: [[method, 'returned', '(undefined)']],
      ours: [[method, 'returned', true]],
    })),
  },
  {
    name: 'bytesWaitingToFlush',
    run: (t) =>
      sending(t, (connection, lane) => lane.add('waiting', connection.bytesWaitingToFlush)),
    differs: [
      {
        row: 'documentedNames',
        lane: 'connection',
        upstream: [['waiting', '(undefined)']],
        ours: [['waiting', 0]],
      },
    ],
  },
  {
    name: 'broadcasts reach every connection, as text or bytes',
    async run(t) {
      const server = await t.server();
      server.ws.on('request', (request) => t.watch(request.accept(), request.resource));
      const lane = t.lane('server');
      const peers = [];
      for (const path of ['/1', '/2', '/3']) {
        peers.push(t.dial(server.port, { path, lane: `peer ${path}` }));
        await t.lane(path).until('resume');
      }
      lane.add('connections', server.ws.connections.length);
      lane.call('text', () => server.ws.broadcast('grüße'));
      lane.call('buffer', () => server.ws.broadcast(Buffer.from([1, 2])));
      lane.call('number', () => server.ws.broadcast(5));
      lane.call('broadcastUTF', () => server.ws.broadcastUTF(OBJECT));
      lane.call('broadcastBytes', () => server.ws.broadcastBytes(Buffer.from([3])));
      lane.call('broadcastBytes of text', () => server.ws.broadcastBytes('no'));
      lane.call('undefined', () => server.ws.broadcast(undefined));
      server.ws.closeAllConnections();
      for (const peer of peers) await peer.seen('gone');
      for (const path of ['/1', '/2', '/3']) await t.lane(path).until('close');
      lane.add('connections', server.ws.connections.length);
    },
  },
];
