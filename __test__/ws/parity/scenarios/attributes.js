'use strict';

const { onEachRole } = require('../roles');

const STATES = ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'];
const FIELDS = ['type', 'data', 'code', 'reason', 'wasClean', 'error', 'message'];
const TYPES = ['open', 'message', 'close', 'error'];

const descriptor = (object, name) => {
  const found = Object.getOwnPropertyDescriptor(object, name);
  if (!found) return 'none';
  const { get, set, ...flags } = found;
  const kind = get || set ? { get: typeof get, set: typeof set } : {};
  return { ...flags, ...kind, value: typeof flags.value };
};

/** An event as a listener sees it. */
function show(event, ws) {
  const shown = { class: event.constructor.name, target: event.target === ws };
  for (const field of FIELDS) if (field in event) shown[field] = event[field];
  const own = Object.keys(event);
  const parents = [];
  for (let proto = event.constructor; proto?.name; proto = Object.getPrototypeOf(proto)) {
    parents.push(proto.name);
  }
  return { ...shown, own, parents };
}

/** Listens to all four in both WHATWG ways. */
function listenAll(t, ws) {
  const lane = t.lane('events');
  for (const type of TYPES) {
    ws[`on${type}`] = (event) => lane.add(`on${type}`, show(event, ws));
    ws.addEventListener(type, (event) => lane.add(`listener ${type}`, show(event, ws)));
  }
  return lane;
}

module.exports = [
  {
    name: 'constants of the class and its prototype',
    adopts: false,
    run(t) {
      const lane = t.lane();
      for (const holder of [t.ws, t.ws.prototype]) {
        for (const name of STATES) lane.add(name, holder[name], descriptor(holder, name));
      }
    },
  },
  {
    name: 'members of the prototype',
    adopts: false,
    run(t) {
      const lane = t.lane();
      const names = [
        ...['binaryType', 'bufferedAmount', 'extensions', 'isPaused', 'protocol', 'readyState'],
        ...['url', 'onopen', 'onmessage', 'onclose', 'onerror', 'close', 'send', 'ping', 'pong'],
        ...['pause', 'resume', 'terminate', 'setSocket', 'emitClose', 'addEventListener'],
        'removeEventListener',
      ];
      for (const name of names) lane.add(name, descriptor(t.ws.prototype, name));
      const functions = names.filter(
        (name) => descriptor(t.ws.prototype, name).value === 'function',
      );
      for (const name of functions) lane.add('length', name, t.ws.prototype[name].length);
      lane.add('class', t.ws.name, t.ws.length, Object.keys(t.ws).sort());
      lane.add('parent', Object.getPrototypeOf(t.ws).name);
    },
  },
  ...onEachRole('attributes before and after', async (t, role) => {
    const names = ['readyState', 'binaryType', 'bufferedAmount', 'extensions', 'isPaused'];
    const { ws, peer } = await t.open(role);
    const lane = t.lane();
    const look = (when) => {
      for (const name of [...names, 'protocol', 'url']) lane.add(when, name, ws[name]);
    };
    look('open');
    await t.farewell(peer);
    look('closed');
  }),
  ...onEachRole('attributes are not writable', async (t, role) => {
    const { ws, peer } = await t.open(role);
    for (const name of [
      'readyState',
      'bufferedAmount',
      'extensions',
      'isPaused',
      'protocol',
      'url',
    ]) {
      t.lane().attempt(name, () => {
        ws[name] = 'changed';
      });
    }
    t.lane().attempt('OPEN', () => {
      ws.OPEN = 7;
    });
    await t.farewell(peer);
  }),
  ...onEachRole('WHATWG events of a connection', async (t, role) => {
    const { ws, peer } = await t.open(role, { onOpen: (ws) => listenAll(t, ws) });
    peer.text('grüße');
    peer.send('binary', 'bytes');
    await t.lane().until('message', 2);
    ws.binaryType = 'arraybuffer';
    peer.send('binary', 'bytes');
    await t.lane().until('message', 3);
    peer.close(4000, 'bye');
    await t.gone(peer);
  }),
  ...onEachRole('WHATWG events of a connection without other listeners', async (t, role) => {
    const { peer } = await t.open(role, { events: ['close'], onOpen: (ws) => listenAll(t, ws) });
    const lane = t.lane('events');
    peer.text('grüße');
    peer.send('binary', 'bytes');
    peer.text('');
    await lane.until('onmessage', 3);
    peer.close();
    await t.gone(peer);
  }),
  ...onEachRole('WHATWG events of a violation', async (t, role) => {
    const { peer } = await t.open(role, {
      dial: { answersClose: false },
      onOpen: (ws) => listenAll(t, ws),
    });
    peer.send(3, 'a');
    await t.gone(peer);
  }),
  ...onEachRole('wasClean of our own close, a lost peer and terminate()', async (t, role) => {
    for (const act of [
      (ws) => ws.close(1000, 'x'),
      (_ws, peer) => peer.end(),
      (ws) => ws.terminate(),
    ]) {
      const { ws, peer } = await t.open(role, { onOpen: (opened) => listenAll(t, opened) });
      const closed = t.lane('events').count('onclose') + 1;
      act(ws, peer);
      await t.lane('events').until('onclose', closed);
    }
  }),
  {
    name: 'WHATWG events of a client, from open to close',
    async run(t) {
      const { wss, port } = await t.server();
      wss.on('connection', (ws) => ws.send('hello'));
      const ws = t.client(port);
      const lane = listenAll(t, ws);
      t.watch(ws, { events: ['close'] });
      await lane.until('onmessage');
      ws.close(1000);
      await lane.until('onclose');
    },
  },
  ...onEachRole('on… attributes', async (t, role) => {
    const { ws, peer } = await t.open(role);
    const lane = t.lane('attributes');
    for (const type of TYPES) {
      const name = `on${type}`;
      const first = () => lane.add(name, 'first');
      const second = () => lane.add(name, 'second');
      lane.add(name, ws[name]);
      const listeners = ws.listenerCount(type);
      ws[name] = first;
      lane.add('is it', ws[name] === first, ws.listenerCount(type) - listeners);
      ws[name] = second;
      lane.add('is it', ws[name] === second, ws.listenerCount(type) - listeners);
      for (const other of [null, undefined, 'text', {}, { handleEvent() {} }]) {
        ws[name] = other;
        lane.add('other', ws[name], ws.listenerCount(type) - listeners);
      }
      ws[name] = second;
    }
    peer.text('one');
    await t.lane().until('message');
    await t.farewell(peer);
  }),
  ...onEachRole('addEventListener() and removeEventListener()', async (t, role) => {
    const { ws, peer } = await t.open(role);
    const lane = t.lane('listeners');
    const listener = (event) => lane.add('function', event.data);
    const object = {
      handleEvent(event) {
        lane.add('object', event.data, this === object);
      },
    };
    const count = () => lane.add('count', ws.listenerCount('message'));
    ws.addEventListener('message', listener);
    ws.addEventListener('message', listener);
    ws.addEventListener('message', listener, { once: true });
    count();
    ws.addEventListener('message', object);
    ws.addEventListener('message', object);
    count();
    ws.addEventListener('message', (event) => lane.add('once', event.data), { once: true });
    ws.addEventListener('ping', listener);
    ws.addEventListener('unknown', listener);
    lane.add('others', ws.listenerCount('ping'), ws.listenerCount('unknown'));
    peer.text('one');
    peer.text('two');
    await t.lane().until('message', 2);
    ws.removeEventListener('message', listener);
    ws.removeEventListener('message', object);
    ws.removeEventListener('message', () => {});
    ws.removeEventListener('unknown', listener);
    count();
    peer.text('three');
    await t.lane().until('message', 3);
    await t.farewell(peer);
  }),
  ...onEachRole('this inside of listeners', async (t, role) => {
    const { ws, peer } = await t.open(role);
    const lane = t.lane('listeners');
    const note = (name) =>
      function note() {
        lane.add(name, this === ws);
      };
    ws.onmessage = note('attribute');
    ws.addEventListener('message', note('listener'));
    ws.on('message', note('on'));
    ws.on('close', note('close'));
    peer.text('one');
    await t.lane().until('message');
    await t.farewell(peer);
  }),
  ...onEachRole('listeners of on() are not touched by WHATWG methods', async (t, role) => {
    const { ws, peer } = await t.open(role);
    const lane = t.lane('listeners');
    const listener = (data) => lane.add('on', data);
    ws.on('message', listener);
    ws.removeEventListener('message', listener);
    ws.onmessage = null;
    lane.add('count', ws.listenerCount('message'));
    ws.onmessage = (event) => lane.add('attribute', event.data);
    ws.off('message', listener);
    lane.add('names', ws.eventNames().map(String).sort());
    peer.text('one');
    await t.lane().until('message');
    ws.removeAllListeners('message');
    lane.add('attribute', ws.onmessage);
    await t.farewell(peer);
  }),
  ...onEachRole('a text for both kinds of listeners', async (t, role) => {
    const { ws, peer } = await t.open(role);
    const lane = t.lane('listeners');
    ws.addEventListener('message', (event) => lane.add('event', event.data));
    ws.on('message', (data, isBinary) => lane.add('on', data, isBinary));
    for (const text of ['one', '', 'ü'.repeat(300)]) peer.text(text);
    await t.lane().until('message', 3);
    await t.farewell(peer);
  }),
  ...onEachRole('emit() by the application', async (t, role) => {
    const { ws, peer } = await t.open(role);
    const lane = t.lane('listeners');
    ws.addEventListener('message', (event) => lane.add('event', event.data));
    lane.attempt('emit', () => ws.emit('message', Buffer.from('mine'), false));
    lane.attempt('emit', () => ws.emit('message', Buffer.from('mine'), true));
    lane.attempt('emit', () => ws.emit('message', 'text', true));
    await t.farewell(peer);
  }),
];
