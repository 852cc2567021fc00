'use strict';

const util = require('node:util');
const { TYPES, closed, deadPort, describeEvent, opened } = require('../harness/w3c');

/** The own fields of events in 1.0.35. Events here have more. */
const FIELDS = {
  open: ['type', 'target'],
  message: ['type', 'target', 'data'],
  close: ['type', 'target', 'code', 'reason', 'wasClean'],
};
const COMMON = ['isTrusted', '_yaeti', 'cancelable', 'stopImmediatePropagation'];

/** Subclasses in ES5, by hand and by a compiler, and two kinds of `class`. */
const SUBCLASSES = {
  'util.inherits()': (Parent) => {
    function Child(...args) {
      Parent.apply(this, args);
      this.own = true;
    }
    util.inherits(Child, Parent);
    return Child;
  },
  'the output of a compiler': (Parent) => {
    function Child() {
      // biome-ignore lint/complexity/noArguments: as TypeScript compiles it for ES5
      const self = Parent.apply(this, arguments) || this;
      self.own = true;
      return self;
    }
    Object.setPrototypeOf(Child, Parent);
    Child.prototype = Object.create(Parent.prototype, { constructor: { value: Child } });
    return Child;
  },
  'Reflect.construct()': (Parent) => {
    function Child(...args) {
      const self = Reflect.construct(Parent, args, new.target);
      self.own = true;
      return self;
    }
    Object.setPrototypeOf(Child, Parent);
    Child.prototype = Object.create(Parent.prototype, { constructor: { value: Child } });
    return Child;
  },
  extends: (Parent) =>
    class Child extends Parent {
      own = true;
    },
};

const inheritances = Object.entries(SUBCLASSES).map(([how, make]) => ({
  name: `W3C: a class that inherits by ${how}`,
  async run(t) {
    const Child = make(t.ws.w3cwebsocket);
    const { socket, peer, lane } = await opened(t, { Class: Child });
    lane.add('is', socket instanceof Child, socket instanceof t.ws.w3cwebsocket, socket.own);
    lane.add('constant', socket.OPEN);
    socket.addEventListener('message', () => lane.add('listener'));
    peer.text('hello');
    await lane.until('listener');
    socket.send('bye');
    await peer.seen('frame');
    socket.close();
    await closed(lane, peer);
  },
}));

/** Records unhandled rejections separately from exceptions. */
function watchRejections(t) {
  const lane = t.lane('rejections');
  const onRejection = (error) => lane.add('unhandled', error);
  process.on('unhandledRejection', onRejection);
  t.defer(() => process.off('unhandledRejection', onRejection));
  return lane;
}

const rejecting = (what) => async () => {
  throw new Error(what);
};

const throwing = (what) => () => {
  throw new Error(what);
};

/** The prototype of a subclass, as in code before ES6. */
function prototypeOfSubclass(Parent) {
  function Child() {}
  util.inherits(Child, Parent);
  return Child.prototype;
}

module.exports = [
  {
    name: 'W3C: handlers that are put on the prototype of a subclass',
    async run(t) {
      const { socket, peer, lane } = await opened(t);
      const prototype = prototypeOfSubclass(t.ws.w3cwebsocket);
      lane.call('set', () => {
        prototype.onmessage = function ({ data }) {
          lane.add('on the prototype', data, this === socket);
        };
      });
      socket.onmessage = undefined;
      delete socket.onmessage;
      Object.setPrototypeOf(socket, prototype);
      peer.text('one');
      await lane.until('on the prototype');
      socket.onmessage = ({ data }) => lane.add('on the socket', data);
      peer.text('two');
      await lane.until('on the socket');
      socket.close();
      await closed(lane, peer);
    },
  },
  ...inheritances,
  {
    name: 'W3C: handlers that are methods of a subclass',
    async run(t) {
      const lane = t.lane('w3c');
      class Child extends t.ws.w3cwebsocket {
        onping(event) {
          lane.add('onping', event.type, this === socket);
        }
      }
      const { socket, peer } = await opened(t, { Class: Child });
      socket.dispatchEvent({ type: 'ping' });
      socket.close();
      await closed(lane, peer);
    },
  },
  {
    name: 'W3C: rejected async handlers are unhandled rejections',
    async run(t) {
      const rejections = watchRejections(t);
      const { socket, peer, lane } = await opened(t);
      socket.onmessage = rejecting('onmessage');
      socket.onclose = rejecting('onclose');
      for (const type of ['message', 'close']) {
        socket.addEventListener(type, rejecting(`${type} listener`));
        socket.addEventListener(type, () => lane.add(type));
      }
      peer.text('one');
      await rejections.until('unhandled', 2);
      socket.close();
      await closed(lane, peer);
      await rejections.until('unhandled', 4);
    },
  },
  {
    name: 'W3C: rejected async handlers of a connection that is refused',
    adopts: false,
    async run(t) {
      const rejections = watchRejections(t);
      const socket = new t.ws.w3cwebsocket(`ws://127.0.0.1:${await deadPort(t)}/`);
      const lane = t.lane('w3c');
      socket.onerror = rejecting('onerror');
      socket.addEventListener('error', rejecting('error listener'));
      socket.onclose = () => lane.add('close');
      await lane.until('close');
      await rejections.until('unhandled', 2);
    },
  },
  {
    name: 'W3C: a handler that throws keeps the event from the listeners',
    async run(t) {
      const { socket, peer, lane } = await opened(t);
      const uncaught = t.lane('process');
      socket.onmessage = throwing('onmessage');
      socket.addEventListener('message', () => lane.add('listener'));
      peer.text('one');
      await uncaught.until('uncaught');
      socket.onmessage = null;
      peer.text('two');
      await lane.until('listener');
      socket.close();
      await closed(lane, peer);
    },
  },
  {
    name: 'W3C: a listener that throws keeps the event from those behind it',
    async run(t) {
      const { socket, peer, lane } = await opened(t);
      const uncaught = t.lane('process');
      const thrower = throwing('listener');
      socket.addEventListener('message', () => lane.add('first'));
      socket.addEventListener('message', thrower);
      socket.addEventListener('message', () => lane.add('last'));
      peer.text('one');
      await uncaught.until('uncaught');
      socket.removeEventListener('message', thrower);
      peer.text('two');
      await lane.until('last');
      socket.close();
      await closed(lane, peer);
    },
  },
  {
    name: 'W3C: the order of handlers and listeners',
    async run(t) {
      const { socket, peer, lane } = await opened(t);
      socket.onmessage = null;
      socket.addEventListener('message', () => lane.add('listener'));
      socket.onmessage = () => {
        lane.add('onmessage');
        socket.addEventListener('message', added);
      };
      const added = () => lane.add('added meanwhile');
      peer.text('one');
      await lane.until('added meanwhile');
      socket.onmessage = (event) => {
        lane.add('the last one');
        event.stopImmediatePropagation();
      };
      peer.text('two');
      await lane.until('the last one');
      socket.close();
      await closed(lane, peer);
    },
  },
  {
    name: 'W3C: the fields of an event are own, writable and enumerable',
    async run(t) {
      const lane = t.lane('w3c');
      const look = (event) => {
        const { type } = event;
        const fields = FIELDS[type];
        for (const name of [...fields, ...COMMON]) {
          const { writable, enumerable } = Object.getOwnPropertyDescriptor(event, name) ?? {};
          lane.add('field', type, name, writable, enumerable);
        }
        const kept = fields.filter((name) => name !== 'target');
        for (const copy of [{ ...event }, Object.assign({}, event)]) {
          lane.add('copy', ...kept.map((name) => copy[name]), copy.target === event.target);
        }
        const parsed = JSON.parse(JSON.stringify(event));
        lane.add('JSON', ...kept.map((name) => parsed[name]), typeof parsed.target);
        for (const name of kept) {
          lane.call(`assigned ${name}`, () => {
            event[name] = `my ${name}`;
          });
          lane.add('now', event[name]);
        }
        return [type];
      };
      const { peer } = await opened(t, { sees: look });
      peer.text('{"a":1}');
      await lane.until('message');
      peer.close(4001, 'mine');
      await closed(lane, peer);
    },
  },
  {
    name: 'W3C: dispatchEvent() of any object with a type',
    adopts: false,
    async run(t) {
      const lane = t.lane('w3c');
      const socket = new t.ws.w3cwebsocket(`ws://127.0.0.1:${await deadPort(t)}/`);
      socket.onerror = () => lane.add('error');
      socket.onclose = () => lane.add('closed');
      const hear = (name) =>
        function (event) {
          lane.add(name, this === socket, event.type, event.detail, 'target' in event);
        };
      socket.oncustom = hear('oncustom');
      socket.addEventListener('custom', hear('listener'));
      const events = {
        plain: { type: 'custom', detail: 1 },
        frozen: Object.freeze({ type: 'custom', detail: 2 }),
        prevented: { type: 'custom', detail: 3, defaultPrevented: true },
      };
      for (const [name, event] of Object.entries(events)) {
        lane.attempt(name, () => socket.dispatchEvent(event));
        lane.add('keys', Object.keys(event));
      }
      const wrong = { nothing: undefined, null: null, 'no type': {}, 'a number': { type: 1 } };
      for (const [name, event] of Object.entries(wrong)) {
        lane.attempt(name, () => socket.dispatchEvent(event));
      }
      lane.attempt('Event', () => socket.dispatchEvent(new Event('custom')));
      lane.attempt('no listener', () => socket.dispatchEvent({ type: 'other' }));
      await lane.until('closed');
    },
  },
  {
    name: 'W3C: a proxy around a socket',
    async run(t) {
      const { socket, peer, lane } = await opened(t);
      const proxy = new Proxy(socket, {});
      lane.add('fields', proxy.readyState, proxy.url === socket.url, proxy.binaryType);
      lane.attempt('bufferedAmount', () => proxy.bufferedAmount);
      lane.call('addEventListener', () =>
        proxy.addEventListener('message', (event) => lane.add('listener', event.data)),
      );
      lane.call('onmessage', () => {
        proxy.onmessage = (event) => lane.add('handler', event.target === socket);
      });
      peer.text('hello');
      await lane.until('listener');
      lane.call('send', () => proxy.send('bye'));
      await peer.seen('frame');
      lane.call('dispatchEvent', () => proxy.dispatchEvent({ type: 'message', data: 'mine' }));
      lane.call('close', () => proxy.close(1000, 'done'));
      await closed(lane, peer);
    },
  },
  {
    name: 'W3C: listeners that are added twice, removed, or nothing',
    async run(t) {
      const { socket, peer, lane } = await opened(t);
      const listener = () => lane.add('listener');
      for (const type of TYPES) socket.addEventListener(type, null);
      socket.addEventListener('message', listener);
      socket.addEventListener('message', listener, true);
      socket.removeEventListener('message', () => {});
      socket.removeEventListener('message', null);
      peer.text('one');
      await lane.until('message');
      socket.removeEventListener('message', listener);
      socket.addEventListener('message', (event) => lane.add(...describeEvent(event)));
      peer.text('two');
      await lane.until('message', 3);
      socket.close();
      await closed(lane, peer);
    },
  },
];
