'use strict';

const { onEachRole } = require('../roles');

const view = new Uint16Array([0x4142, 0x4344]);

/** Arguments of `send()`, one frame each. */
const DATA = {
  string: ['grüße'],
  'empty string': [''],
  number: [42],
  'negative number': [-1.5],
  zero: [0],
  NaN: [Number.NaN],
  undefined: [undefined],
  null: [null],
  false: [false],
  Buffer: [Buffer.from('buffer')],
  'empty Buffer': [Buffer.alloc(0)],
  ArrayBuffer: [new Uint8Array([1, 2, 3]).buffer],
  SharedArrayBuffer: [new SharedArrayBuffer(3)],
  Uint16Array: [view],
  'a view of a part': [new Uint8Array(view.buffer, 1, 2)],
  DataView: [new DataView(view.buffer, 2)],
  'array of numbers': [[1, 2, 300]],
  'String object': [new String('boxed')],
  'string as binary': ['text', { binary: true }],
  'Buffer as text': [Buffer.from('text'), { binary: false }],
  'number as binary': [7, { binary: true }],
  'options undefined': ['a', undefined],
  'options empty': ['a', {}],
  'compress without compression': ['a', { compress: true }],
  '125 bytes': ['x'.repeat(125)],
  '126 bytes': ['x'.repeat(126)],
  '65535 bytes': [Buffer.alloc(65535, 1)],
  '65536 bytes': [Buffer.alloc(65536, 2)],
  'two bytes each': ['ü'.repeat(1000)],
  'lone surrogate': ['\ud800'],
};

const REFUSED = {
  true: [true],
  object: [{}],
  function: [() => {}],
  symbol: [Symbol('s')],
  bigint: [1n],
  Date: [new Date(0)],
};

const CONTROL = {
  'without data': [],
  string: ['grüße'],
  number: [7],
  Buffer: [Buffer.from('b')],
  view: [view],
  ArrayBuffer: [new Uint8Array([1, 2]).buffer],
  undefined: [undefined],
  null: [null],
  '125 bytes': ['x'.repeat(125)],
  'mask true': ['m', true],
  'mask false': ['m', false],
  'mask undefined': ['m', undefined],
};

const CONTROL_REFUSED = {
  '126 bytes': ['x'.repeat(126)],
  '126 bytes of UTF-8': ['ü'.repeat(63)],
  '126 bytes of a Buffer': [Buffer.alloc(126)],
  true: [true],
  object: [{}],
};

/** Each row of a table by itself, with a callback behind its arguments. */
async function sendEach(t, role, table, method) {
  const { ws, peer } = await t.open(role);
  const lane = t.lane('sends');
  for (const [name, values] of Object.entries(table)) {
    await new Promise((resolve) => {
      const callback = (error) => resolve(lane.add(`${name} sent`, error));
      lane.attempt(name, () => ws[method](...values, callback));
    });
  }
  await peer.seen('frame', Object.keys(table).length);
  await t.farewell(peer);
}

async function refuseEach(t, role, table, method) {
  const { ws, peer } = await t.open(role);
  const lane = t.lane('sends');
  for (const [name, values] of Object.entries(table)) {
    lane.attempt(name, () => ws[method](...values, () => lane.add('callback')));
    lane.add('bufferedAmount', ws.bufferedAmount, ws.readyState);
  }
  await t.farewell(peer);
}

/** Waits until the kernel takes no more. */
async function settled(t, ws) {
  for (let last = -1; last !== ws.bufferedAmount; ) {
    last = ws.bufferedAmount;
    await t.roundTrip();
  }
}

const METHODS = ['send', 'ping', 'pong'];

module.exports = [
  ...onEachRole('send() of every kind of data', (t, role) => sendEach(t, role, DATA, 'send')),
  ...onEachRole('send() refuses other data', (t, role) => refuseEach(t, role, REFUSED, 'send')),
  ...onEachRole('ping() of every kind of data', (t, role) => sendEach(t, role, CONTROL, 'ping')),
  ...onEachRole('pong() of every kind of data', (t, role) => sendEach(t, role, CONTROL, 'pong')),
  ...onEachRole('ping() refuses', (t, role) => refuseEach(t, role, CONTROL_REFUSED, 'ping')),
  ...onEachRole('pong() refuses', (t, role) => refuseEach(t, role, CONTROL_REFUSED, 'pong')),
  ...onEachRole('places of the callback', async (t, role) => {
    const { ws, peer } = await t.open(role);
    const lane = t.lane();
    const done = (name) => (error) => lane.add('callback', name, error);
    ws.send('a', done('second'));
    ws.send('b', {}, done('third'));
    ws.ping(done('ping first'));
    ws.ping('c', done('ping second'));
    ws.ping('d', true, done('ping third'));
    ws.pong(done('pong first'));
    ws.pong('e', done('pong second'));
    ws.pong('f', true, done('pong third'));
    await lane.until('callback', 8);
    await peer.seen('frame', 8);
    await t.farewell(peer);
  }),
  ...onEachRole('a message in pieces', async (t, role) => {
    const { ws, peer } = await t.open(role);
    ws.send('one', { fin: false });
    ws.send('two', { fin: false, binary: true });
    ws.ping('between');
    ws.send(Buffer.from('three'), { fin: true });
    ws.send(Buffer.from('binary'), { fin: false });
    ws.send('', { fin: false });
    ws.send('end');
    ws.send('next');
    await peer.seen('frame', 8);
    await t.farewell(peer);
  }),
  ...onEachRole('the option mask', async (t, role) => {
    const { ws, peer } = await t.open(role);
    ws.send('masked', { mask: true });
    ws.send('plain', { mask: false });
    ws.send('default', { mask: undefined });
    ws.send(Buffer.alloc(70_000, 3), { mask: true });
    await peer.seen('frame', 4);
    await t.farewell(peer);
  }),
  ...onEachRole('data that changes after send()', async (t, role) => {
    const { ws, peer } = await t.open(role);
    const short = Buffer.from('short');
    ws.send(short);
    await peer.seen('frame');
    short.fill(0);
    ws.send(short);
    await peer.seen('frame', 2);
    await t.farewell(peer);
  }),
  ...onEachRole('a Blob', async (t, role) => {
    const { ws, peer } = await t.open(role);
    const lane = t.lane();
    const blob = new Blob(['blob ', Buffer.from('bytes')]);
    ws.send(blob, (error) => lane.add('callback', 'blob', error));
    lane.add('bufferedAmount', ws.bufferedAmount);
    ws.send('behind', (error) => lane.add('callback', 'behind', error));
    lane.add('bufferedAmount', ws.bufferedAmount);
    ws.ping(new Blob(['ping']), undefined, (error) => lane.add('callback', 'ping', error));
    ws.send(new Blob([]), (error) => lane.add('callback', 'empty', error));
    await lane.until('callback', 4);
    await peer.seen('frame', 4);
    lane.add('bufferedAmount', ws.bufferedAmount);
    await t.farewell(peer);
  }),
  ...onEachRole('close() behind a Blob', async (t, role) => {
    const { ws, peer } = await t.open(role);
    ws.send(new Blob(['blob']), (error) => t.lane('sends').add('blob', error));
    ws.close(4000, 'after');
    t.lane().add('bufferedAmount', ws.bufferedAmount);
    await t.gone(peer);
  }),
  ...onEachRole('terminate() behind a Blob', async (t, role) => {
    const { ws, peer } = await t.open(role);
    const lane = t.lane('sends');
    ws.send(new Blob(['blob']), (error) => lane.add('blob', error));
    ws.send('behind', (error) => lane.add('behind', error));
    ws.terminate();
    await lane.until('behind');
    await t.gone(peer);
  }),
  ...onEachRole('a Blob that can not be read', async (t, role) => {
    const { ws, peer } = await t.open(role, { dial: { answersClose: false } });
    const lane = t.lane('sends');
    const blob = new Blob(['x']);
    blob.arrayBuffer = () => Promise.reject(new Error('unreadable'));
    ws.send(blob, (error) => lane.add('blob', error));
    ws.send('behind', (error) => lane.add('behind', error));
    await lane.until('behind');
    await t.gone(peer);
  }),
  {
    name: 'sends while CONNECTING',
    adopts: false,
    async run(t) {
      const { port } = await t.server();
      const ws = t.client(port);
      const lane = t.watch(ws, { events: ['error', 'close'] });
      for (const name of METHODS) {
        lane.attempt(name, () => ws[name]('early', () => lane.add('callback')));
        lane.attempt(`${name} bare`, () => ws[name]());
      }
      lane.add('bufferedAmount', ws.bufferedAmount);
      ws.terminate();
      await lane.until('close');
      for (const name of METHODS) {
        lane.attempt(name, () => ws[name]('late', (error) => lane.add(`${name} failed`, error)));
        lane.add('bufferedAmount', ws.bufferedAmount);
      }
      await lane.until('pong failed');
    },
  },
  ...onEachRole('sends after CLOSED', async (t, role) => {
    const { ws, peer } = await t.open(role);
    const lane = t.lane();
    await t.farewell(peer);
    for (const name of METHODS) {
      lane.attempt(name, () => ws[name]('late', (error) => lane.add(`${name} failed`, error)));
      lane.attempt(`${name} bare`, () => ws[name]());
      lane.attempt(`${name} number`, () => ws[name](12));
      lane.add('bufferedAmount', ws.bufferedAmount);
    }
    lane.attempt('bad', () => ws.send({}));
    lane.attempt('blob', () => ws.send(new Blob(['12345'])));
    lane.add('bufferedAmount', ws.bufferedAmount);
    await lane.until('pong failed');
  }),
  ...onEachRole('bufferedAmount behind a peer that does not read', async (t, role) => {
    const { ws, peer } = await t.open(role);
    const lane = t.lane();
    peer.socket.pause();
    const size = 1 << 24;
    ws.send(Buffer.alloc(size));
    await settled(t, ws);
    lane.add('is pending', ws.bufferedAmount > 0, ws.bufferedAmount <= size + 14);
    const before = ws.bufferedAmount;
    ws.send(Buffer.alloc(1000));
    lane.add('grows by', ws.bufferedAmount - before);
    lane.add('as the socket says', ws.bufferedAmount === ws._socket._writableState.length);
    lane.add('and', ws.bufferedAmount === ws._socket.writableLength);
    peer.socket.resume();
    await peer.seen('frame', 2);
    await t.roundTrip();
    lane.add('empty', ws.bufferedAmount);
    await t.farewell(peer);
  }),
  ...onEachRole('the callbacks of a slow send fail with the socket', async (t, role) => {
    const { ws, peer } = await t.open(role);
    const lane = t.lane('sends');
    peer.socket.pause();
    // Node calls the callback of what it is writing without an error, even so.
    ws.send(Buffer.alloc(1 << 26));
    await t.roundTrip();
    ws.send('behind', (error) => lane.add('behind', error?.code));
    ws._socket.destroy();
    await lane.until('behind');
    await t.lane().until('close');
  }),
  ...onEachRole('sends inside of callbacks and listeners', async (t, role) => {
    const { ws, peer } = await t.open(role);
    const lane = t.lane('sends');
    ws.on('message', (data) => {
      ws.send(`re: ${data}`, () => {
        lane.add('first');
        ws.send('again', () => lane.add('second'));
      });
    });
    peer.text('one');
    await lane.until('second');
    await peer.seen('frame', 2);
    await t.farewell(peer);
  }),
];
