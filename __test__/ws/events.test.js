'use strict';

// The WHATWG's part of a WebSocket, on a bare EventEmitter, against npm `ws`.

const assert = require('node:assert/strict');
const { EventEmitter } = require('node:events');
const { describe, it } = require('node:test');
const WebSocket = require('ws');

const events = require('../../lib/ws/events');
const { outcome } = require('./support/oracle');

const TYPES = ['open', 'error', 'close', 'message'];

class Target extends EventEmitter {
  _closeFrameReceived = true;
  _closeFrameSent = true;
}
Object.assign(Target.prototype, {
  addEventListener: events.addEventListener,
  removeEventListener: events.removeEventListener,
});
events.defineHandlers(Target.prototype);

/** The same with the methods of npm `ws`. */
class Oracle extends EventEmitter {
  _closeFrameReceived = true;
  _closeFrameSent = true;
}
Object.assign(Oracle.prototype, {
  addEventListener: WebSocket.prototype.addEventListener,
  removeEventListener: WebSocket.prototype.removeEventListener,
});
for (const type of TYPES) {
  const descriptor = Object.getOwnPropertyDescriptor(WebSocket.prototype, `on${type}`);
  Object.defineProperty(Oracle.prototype, `on${type}`, descriptor);
}

/** What is in an event, without its target. */
function contents(event) {
  const names = [];
  for (const name in event) if (name !== 'target') names.push([name, event[name]]);
  return [event.constructor.name, Object.fromEntries(names)];
}

/**
 * Runs a scenario on both, which gets the target and a function that makes handlers with names. The
 * result is the calls of these handlers.
 *
 * @param {(target: any, handler: (name: string) => (event: any) => void) => void} scenario
 */
function compare(scenario) {
  const [actual, expected] = [Target, Oracle].map((Class) => {
    const target = new Class();
    const calls = [];
    const handler = (name) =>
      function handle(event) {
        calls.push([name, this === target, event.target === target, ...contents(event)]);
      };
    const { message: thrown } = outcome(() => scenario(target, handler));
    return { calls, thrown };
  });
  assert.deepEqual(actual, expected);
  return actual.calls;
}

/** Emits one event of each type. */
function emitAll(target) {
  target.emit('open');
  target.emit('message', Buffer.from('text'), false);
  target.emit('message', Buffer.from('bytes'), true);
  target.emit('message', [Buffer.from('fragment')], true);
  if (target.listenerCount('error') > 0) target.emit('error', new TypeError('failure'));
  target.emit('close', 1000, Buffer.from('reason'));
}

describe('addEventListener()', () => {
  it('makes the events of ws', () => {
    const calls = compare((target, handler) => {
      for (const type of TYPES) target.addEventListener(type, handler(type));
      emitAll(target);
    });
    assert.equal(calls.length, 6);
  });

  it('takes objects with handleEvent()', () => {
    const calls = [];
    const target = new Target();
    const handler = {
      handleEvent(event) {
        calls.push([this === handler, event.target === target]);
      },
    };
    /** @type {any} */ (target).addEventListener('open', handler);
    target.emit('open');
    assert.deepEqual(calls, [[true, true]]);
  });

  it('adds a handler once for each type', () => {
    const calls = compare((target, handler) => {
      const same = handler('same');
      for (const type of [...TYPES, ...TYPES]) target.addEventListener(type, same);
      emitAll(target);
    });
    assert.equal(calls.length, 6);
  });

  it('calls a handler once on demand', () => {
    const calls = compare((target, handler) => {
      target.addEventListener('message', handler('once'), { once: true });
      target.addEventListener('message', handler('always'), true);
      emitAll(target);
    });
    assert.equal(calls.length, 4);
  });

  it('ignores other types of events', () => {
    compare((target, handler) => {
      for (const type of ['ping', 'toString', '__proto__']) {
        target.addEventListener(type, handler(type));
        target.emit(type, Buffer.from('payload'));
      }
      assert.deepEqual(target.eventNames(), []);
    });
  });

  it('fails for what is no handler when the event comes', () => {
    for (const handler of [null, undefined, {}, 'text']) {
      compare((target) => {
        target.addEventListener('open', handler);
        try {
          target.emit('open');
        } catch (error) {
          throw new Error(error.name);
        }
      });
    }
  });

  it('says of a close whether both close frames have passed', () => {
    for (const [received, sent] of [
      [true, false],
      [false, true],
      [false, false],
    ]) {
      const calls = compare((target, handler) => {
        target._closeFrameReceived = received;
        target._closeFrameSent = sent;
        target.addEventListener('close', handler('close'));
        target.emit('close', 1006, Buffer.alloc(0));
      });
      assert.deepEqual(calls[0].at(-1).wasClean, false);
    }
  });

  it('takes text that is a string already', () => {
    /** @type {any} */
    const target = new Target();
    const texts = [];
    target.addEventListener('message', ({ data }) => texts.push(data));
    target.emit('message', 'already', false);
    target.emit('message', Buffer.from('not yet'), false);
    assert.deepEqual(texts, ['already', 'not yet']);
  });
});

describe('removeEventListener()', () => {
  it('removes the handler of that type, and no other listener', () => {
    const calls = compare((target, handler) => {
      const same = handler('same');
      const once = handler('once');
      target.onopen = same;
      target.onmessage = same;
      target.on('open', () => {});
      for (const type of TYPES) target.addEventListener(type, same);
      target.addEventListener('close', once, { once: true });
      target.removeEventListener('close', once);
      target.removeEventListener('message', same);
      target.removeEventListener('open', handler('another'));
      target.removeEventListener('ping', same);
      emitAll(target);
    });
    assert.equal(calls.length, 7);
  });
});

describe('The attributes of events', () => {
  it('have one handler each', () => {
    const calls = compare((target, handler) => {
      for (const type of TYPES) {
        target[`on${type}`] = handler('first');
        target[`on${type}`] = handler('second');
      }
      emitAll(target);
    });
    assert.equal(calls.length, 6);
  });

  it('return it, or null', () => {
    /** @type {any} */
    const target = new Target();
    const handler = () => {};
    for (const type of TYPES) {
      assert.equal(target[`on${type}`], null);
      target.addEventListener(type, () => {});
      assert.equal(target[`on${type}`], null);
      target[`on${type}`] = handler;
      assert.equal(target[`on${type}`], handler);
      for (const wrong of [null, undefined, {}, { handleEvent() {} }, 'text']) {
        target[`on${type}`] = handler;
        target[`on${type}`] = wrong;
        assert.equal(target[`on${type}`], null);
      }
    }
  });

  it('do not count for addEventListener()', () => {
    const calls = compare((target, handler) => {
      const same = handler('same');
      target.onopen = same;
      target.addEventListener('open', same);
      target.emit('open');
      target.removeEventListener('open', same);
      target.emit('open');
    });
    assert.equal(calls.length, 3);
  });

  it('are on the prototype as those of ws', () => {
    for (const type of TYPES) {
      const [ours, theirs] = [Target, WebSocket].map((Class) => {
        const { get, set, ...flags } = Object.getOwnPropertyDescriptor(
          Class.prototype,
          `on${type}`,
        );
        return { get: typeof get, set: typeof set, ...flags };
      });
      assert.deepEqual(ours, theirs);
    }
  });
});

describe('hearsStrings()', () => {
  const whatwg = (target) => target.addEventListener('message', () => {});
  const once = (target) => target.addEventListener('message', () => {}, { once: true });
  const attribute = (target) => {
    target.onmessage = () => {};
  };
  const plain = (target) => target.on('message', () => {});
  const plainOnce = (target) => target.once('message', () => {});

  for (const [name, listen, expected] of [
    ['nobody listens', [], false],
    ['a handler listens', [whatwg], true],
    ['a handler listens once', [once], true],
    ['an attribute listens', [attribute], true],
    ['several handlers listen', [whatwg, once, attribute], true],
    ['a listener listens', [plain], false],
    ['a listener listens once', [plainOnce], false],
    ['a listener listens behind handlers', [whatwg, attribute, plain], false],
    ['a listener listens before handlers', [plainOnce, whatwg], false],
  ]) {
    it(`is ${expected} if ${name}`, () => {
      const target = new Target();
      for (const add of listen) add(target);
      assert.equal(events.hearsStrings(target), expected);
    });
  }
});
