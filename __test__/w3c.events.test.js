'use strict';

// W3CWebSocket as an EventTarget, its events, and the shape of the class. The scenarios of
// __test__/parity cover what npm `websocket` does, too.

const assert = require('node:assert/strict');
const events = require('node:events');
const { describe, it } = require('node:test');
const { inspect } = require('node:util');

const ours = require('..');
const { next, serve, trace } = require('./support/w3c');

const WebSocket = ours.w3cwebsocket;

/** An open socket. No listener waits for its close, and the end of the test drops it. */
async function open(t, onConnection) {
  const { url } = await serve(t, onConnection);
  const socket = new WebSocket(url);
  await next(socket, 'open');
  t.after(() => socket._connection.drop());
  return socket;
}

describe('W3CWebSocket: listeners', () => {
  it('calls handlers first, and then listeners in the order of their addition', async (t) => {
    const socket = await open(t);
    const calls = [];
    const object = {
      handleEvent(event) {
        calls.push(`object ${this === object} ${event.target === socket}`);
      },
    };
    socket.addEventListener('news', object);
    socket.addEventListener('news', function () {
      calls.push(`listener ${this === socket}`);
    });
    socket.onnews = function () {
      calls.push(`handler ${this === socket}`);
    };
    socket.dispatchEvent(new Event('news'));
    assert.deepEqual(calls, ['handler true', 'object true true', 'listener true']);
  });

  it('has null for a handler that is not set, or not a function', async (t) => {
    const socket = await open(t);
    for (const name of ['onopen', 'onmessage', 'onerror', 'onclose']) {
      assert.equal(socket[name], null);
      const handler = () => assert.fail('it was replaced');
      socket[name] = handler;
      assert.equal(socket[name], handler);
      socket[name] = 2;
      assert.equal(socket[name], null);
    }
    socket.dispatchEvent({ type: 'message' });
  });

  it('calls a listener that replaces another one, and the later ones', async (t) => {
    const socket = await open(t);
    const calls = [];
    const second = () => calls.push('second');
    const first = () => {
      calls.push('first');
      socket.removeEventListener('news', first);
      socket.addEventListener('news', second);
    };
    socket.addEventListener('news', first);
    socket.addEventListener('news', () => calls.push('third'));
    for (let i = 0; i < 2; i++) socket.dispatchEvent({ type: 'news' });
    assert.deepEqual(calls, ['first', 'third', 'second', 'third', 'second']);
  });

  it('calls a `once` listener once, also when it dispatches the event again', async (t) => {
    const socket = await open(t);
    let calls = 0;
    const again = () => {
      calls++;
      socket.dispatchEvent({ type: 'news' });
    };
    socket.addEventListener('news', again, { once: true });
    socket.dispatchEvent({ type: 'news' });
    socket.dispatchEvent({ type: 'news' });
    assert.equal(calls, 1);
    socket.addEventListener('news', again, { once: true });
    socket.dispatchEvent({ type: 'news' });
    assert.equal(calls, 2);
  });

  it('removes a listener when its signal is aborted', async (t) => {
    const socket = await open(t);
    const controller = new AbortController();
    const { signal } = controller;
    const calls = [];
    const first = () => calls.push('first');
    socket.addEventListener('news', first, { signal });
    socket.addEventListener('news', () => calls.push('second'), { signal });
    socket.removeEventListener('news', first);
    socket.addEventListener('news', first);
    socket.dispatchEvent({ type: 'news' });
    controller.abort();
    socket.dispatchEvent({ type: 'news' });
    socket.addEventListener('news', () => assert.fail('it came too late'), { signal });
    socket.dispatchEvent({ type: 'news' });
    assert.deepEqual(calls, ['second', 'first', 'first', 'first']);
  });

  it('skips a listener that is removed meanwhile, and no other', async (t) => {
    const socket = await open(t);
    const calls = [];
    const second = () => calls.push('second');
    const first = () => {
      calls.push('first');
      socket.removeEventListener('news', first);
      socket.removeEventListener('news', second);
    };
    for (const listener of [first, second, () => calls.push('third')]) {
      socket.addEventListener('news', listener);
    }
    socket.dispatchEvent({ type: 'news' });
    assert.deepEqual(calls, ['first', 'third']);
  });

  it('throws for an invalid listener, and ignores null', async (t) => {
    const socket = await open(t);
    assert.throws(() => socket.addEventListener('news', 'text'), TypeError);
    socket.addEventListener('news', null);
    socket.removeEventListener('news', null);
    socket.removeEventListener('news', () => {});
  });

  it('works with once() and on() of node:events', async (t) => {
    let connection;
    const socket = await open(t, (given) => {
      connection = given;
    });
    const once = events.once(socket, 'message');
    connection.sendUTF('one');
    assert.equal((await once)[0].data, 'one');
    const controller = new AbortController();
    const each = events.on(socket, 'message', { signal: controller.signal });
    connection.sendUTF('two');
    assert.equal((await each.next()).value[0].data, 'two');
    controller.abort();
    await assert.rejects(each.next(), { name: 'AbortError' });
  });
});

describe('W3CWebSocket: events', () => {
  async function all(t) {
    const { url } = await serve(t, (connection) => {
      connection.sendUTF('text');
      connection.close(4001, 'mine');
    });
    const refused = await trace(new WebSocket('ws://127.0.0.1:1/'));
    return [...(await trace(new WebSocket(url))), ...refused];
  }

  it('have the fields of the DOM that applications read', async (t) => {
    for (const event of await all(t)) {
      assert.ok(event instanceof Event);
      for (const name of Object.getOwnPropertyNames(Event.prototype)) {
        assert.notEqual(event[name], undefined, `${event.type}: ${name}`);
      }
      const { target } = event;
      assert.ok(target instanceof WebSocket);
      assert.deepEqual([event.currentTarget, event.srcElement], [target, target]);
      assert.deepEqual(event.composedPath(), [target]);
      assert.deepEqual([event.eventPhase, event.bubbles, event.cancelable], [2, false, false]);
      assert.ok(event.timeStamp > 0 && event.timeStamp <= performance.now());
      event.preventDefault();
      event.stopPropagation();
      event.returnValue = false;
      event.cancelBubble = true;
      assert.equal(event.defaultPrevented, false);
    }
  });

  it('have own fields', async (t) => {
    const [, message, close, error] = await all(t);
    const { data, origin } = { ...message };
    assert.deepEqual([data, origin], ['text', new URL(message.target.url).origin]);
    const { code, reason, wasClean } = { ...close };
    assert.deepEqual([code, reason, wasClean], [4001, 'mine', false]);
    const copy = { ...error };
    assert.equal(copy.error.code, 'ECONNREFUSED');
    assert.deepEqual([copy.message, copy.name], [copy.error.message, 'Error']);
  });

  it('show their fields, and no socket, to console.log()', async (t) => {
    const [, message] = await all(t);
    const text = inspect(message);
    assert.match(text, /^MessageEvent \{.*data: 'text'/s);
    assert.doesNotMatch(text, /_connection/);
  });

  it('sets the target of an Event that the application made', async (t) => {
    const socket = await open(t);
    const event = new Event('news', { cancelable: true });
    socket.addEventListener('news', (heard) => heard.preventDefault(), { once: true });
    assert.equal(socket.dispatchEvent(event), false);
    assert.deepEqual([event.target, event.currentTarget], [socket, socket]);
    assert.equal(socket.dispatchEvent(new Event('news')), true);
  });

  it("report why a Blob could not be read, before 'close'", async (t) => {
    const socket = await open(t);
    class Unreadable extends Blob {
      arrayBuffer() {
        return Promise.reject(new Error('The file is gone.'));
      }
    }
    const traced = trace(socket);
    socket.send(new Unreadable(['x']));
    const [error, close] = await traced;
    assert.deepEqual([error.type, error.message], ['error', 'The file is gone.']);
    assert.deepEqual([close.type, close.code], ['close', 1006]);
  });
});

describe('W3CWebSocket: the shape of the class', () => {
  it('is that of the standard', () => {
    const { prototype } = WebSocket;
    assert.equal(Object.getPrototypeOf(WebSocket), EventTarget);
    assert.equal(Object.getPrototypeOf(prototype), EventTarget.prototype);
    assert.equal(Object.prototype.toString.call(prototype), '[object WebSocket]');
    assert.deepEqual([WebSocket.length, prototype.send.length, prototype.close.length], [1, 1, 0]);
    const states = ['url', 'readyState', 'bufferedAmount', 'protocol', 'extensions', 'binaryType'];
    const handlers = ['onopen', 'onmessage', 'onerror', 'onclose'];
    for (const name of [...states, ...handlers]) {
      const { get, enumerable } = Object.getOwnPropertyDescriptor(prototype, name);
      assert.equal(get.name, `get ${name}`);
      assert.ok(enumerable, name);
    }
    for (const name of states) assert.throws(() => prototype[name], TypeError);
    for (const name of handlers) assert.equal(prototype[name], null);
    for (const name of ['send', 'close']) {
      assert.ok(Object.getOwnPropertyDescriptor(prototype, name).enumerable);
      assert.throws(() => prototype[name].call({}), TypeError);
    }
  });

  it('needs `new`, and data to send', async (t) => {
    assert.throws(() => WebSocket('ws://127.0.0.1:1/'), TypeError);
    const socket = await open(t);
    assert.throws(() => socket.send(), TypeError);
  });

  it('lets a test double inherit from it', () => {
    const double = Object.create(WebSocket.prototype);
    assert.deepEqual([double.readyState, double.bufferedAmount], [undefined, undefined]);
    double._readyState = WebSocket.CLOSED;
    assert.equal(double.readyState, 3);
    double.close();
  });

  it('lets tests make one without the constructor, and give it a connection', () => {
    const calls = [];
    const double = Object.create(WebSocket.prototype);
    double._readyState = WebSocket.OPEN;
    double._connection = {
      bufferedAmount: 0,
      sendUTF: (text) => calls.push(['sendUTF', text]),
      close: () => calls.push(['close']),
    };
    assert.equal(double.onmessage, null);
    double.onmessage = ({ data }) => calls.push(['message', data]);
    double.addEventListener('message', ({ data }) => calls.push(['listener', data]));
    double.dispatchEvent({ type: 'message', data: 'x' });
    double.send('y');
    double.close();
    assert.deepEqual(calls, [['message', 'x'], ['listener', 'x'], ['sendUTF', 'y'], ['close']]);
  });

  it('can be shown by console.log(), subclasses of ES5 too', async (t) => {
    function Child(...args) {
      WebSocket.apply(this, args);
    }
    Object.setPrototypeOf(Child.prototype, WebSocket.prototype);
    const { url } = await serve(t);
    const socket = new Child(url);
    assert.match(inspect(socket), /_readyState: 0/);
    await next(socket, 'open');
    socket.close();
    await next(socket, 'close');
  });
});
