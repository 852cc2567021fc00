'use strict';

// Sender without a connection, against npm `ws`.

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');
const { inspect } = require('node:util');
const WebSocket = require('ws');

const PerMessageDeflate = require('../../lib/ws/PerMessageDeflate');
const Sender = require('../../lib/ws/Sender');
const { described, outcome } = require('./support/oracle');

const NAME = 'permessage-deflate';

const IMPLEMENTATIONS = [
  { Sender, PerMessageDeflate },
  { Sender: WebSocket.Sender, PerMessageDeflate: WebSocket.PerMessageDeflate },
];

/** Takes what a Sender writes. The callbacks of its writes run at once. */
class Sink {
  chunks = [];
  destroyed = false;

  constructor() {
    /** Settles with the next write. */
    this.written = new Promise((resolve) => {
      this.onWrite = resolve;
    });
  }

  cork() {
    this.chunks.push('cork');
  }

  uncork() {
    this.chunks.push('uncork');
  }

  write(chunk, callback) {
    this.chunks.push(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('hex'));
    callback?.();
    this.onWrite();
  }
}

/**
 * Runs a scenario on both, and compares what is written and what its callbacks get.
 *
 * @param {object} options
 * @param {Record<string, any[]>} [options.parameters] of compression
 * @param {(key: Buffer) => void} [options.generateMask]
 * @param {(sender: any, callback: (name: string) => (error?: Error) => void, sink: Sink) => any}
 *   scenario
 */
async function compare({ parameters, generateMask }, scenario) {
  const results = [];
  for (const { Sender, PerMessageDeflate } of IMPLEMENTATIONS) {
    const sink = new Sink();
    const extensions = {};
    if (parameters) {
      extensions[NAME] = new PerMessageDeflate({ threshold: 5 });
      extensions[NAME].accept([structuredClone(parameters)]);
    }
    const sender = new Sender(sink, extensions, generateMask);
    const calls = [];
    const callback = (name) => (error) => calls.push([name, error && described(error)]);
    const value = await scenario(sender, callback, sink);
    results.push({ value, calls, chunks: sink.chunks, buffered: sender._bufferedBytes });
  }
  assert.deepEqual(results[0], results[1]);
  return results[0];
}

/** @param {number} length */
function bytes(length) {
  return Buffer.from(Array.from({ length }, (_, at) => (at * 7) & 0xff));
}

const LENGTHS = [0, 1, 63, 64, 65, 125, 126, 127, 65535, 65536, 70000];

const KEYS = {
  'a key': [1, 2, 3, 4],
  'a key with zeros': [0, 0, 0, 5],
  'a key of zeros': [0, 0, 0, 0],
};

describe('Sender.frame()', () => {
  for (const length of LENGTHS) {
    for (const options of [
      { fin: true },
      { fin: false, rsv1: true },
      { fin: true, readOnly: true },
    ]) {
      it(`encodes ${length} bytes with ${JSON.stringify(options)} as ws does`, () => {
        const all = { opcode: 2, mask: false, ...options };
        const expected = WebSocket.Sender.frame(bytes(length), all);
        assert.deepEqual(Sender.frame(bytes(length), all), expected);
      });

      for (const [name, key] of Object.entries(KEYS)) {
        it(`masks ${length} bytes by ${name} with ${JSON.stringify(options)} as ws does`, () => {
          const [ours, theirs] = [Sender, WebSocket.Sender].map((Class) => {
            const payload = bytes(length);
            const generateMask = (target) => target.set(key);
            const all = { opcode: 2, mask: true, generateMask, ...options };
            return { list: Class.frame(payload, all), payload };
          });
          assert.deepEqual(ours, theirs);
        });
      }
    }
  }

  it('leaves the payload where it is', () => {
    const payload = bytes(10);
    const [, data] = Sender.frame(payload, { opcode: 2, fin: true });
    assert.equal(data, payload);
  });

  it('encodes text', () => {
    const options = { opcode: 1, fin: true, mask: false };
    assert.deepEqual(Sender.frame('é', options), WebSocket.Sender.frame('é', options));
  });

  it('uses another key for each frame', () => {
    const keys = new Set();
    for (let i = 0; i < 5000; i++) {
      const [header] = Sender.frame(Buffer.from('x'), { opcode: 2, fin: true, mask: true });
      keys.add(header.subarray(2, 6).toString('hex'));
    }
    // Two of 5,000 random keys are equal in one of 340 runs, three pairs practically never.
    assert.ok(keys.size > 4997, `${keys.size}`);
  });

  it('writes the key into memory of the caller', () => {
    const maskBuffer = Buffer.alloc(4);
    const options = { opcode: 2, fin: true, mask: true, maskBuffer };
    const [header] = Sender.frame(Buffer.from('x'), options);
    assert.deepEqual(maskBuffer, header.subarray(2, 6));
  });
});

const PAYLOADS = {
  'an empty string': () => '',
  'a string': () => 'héllo',
  'a long string': () => 'é'.repeat(40000),
  'a Buffer': () => bytes(5),
  'an empty Buffer': () => Buffer.alloc(0),
  'a Uint8Array': () => new Uint8Array([1, 2, 3]),
  'a part of a Uint16Array': () => new Uint16Array([1, 2, 3, 4]).subarray(1, 3),
  'an ArrayBuffer': () => new Uint8Array([1, 2, 3]).buffer,
  'a DataView': () => new DataView(new Uint8Array([1, 2, 3]).buffer, 1),
  'a number': () => 5,
  'an object': () => ({}),
  undefined: () => undefined,
};

describe('A Sender', () => {
  const key = (target) => target.set([9, 8, 7, 6]);

  for (const [name, make] of Object.entries(PAYLOADS)) {
    for (const method of ['send', 'ping', 'pong']) {
      it(`takes ${name} for ${method}() as ws does`, () =>
        compare({}, (sender, callback) =>
          outcome(() => {
            const done = callback(name);
            if (method === 'send') sender.send(make(), { fin: true, binary: true }, done);
            else sender[method](make(), false, done);
          }),
        ));
    }

    it(`masks ${name} as ws does, and leaves it unchanged`, () =>
      compare({ generateMask: key }, (sender) =>
        outcome(() => {
          const data = make();
          sender.send(data, { fin: true, binary: true, mask: true });
          return data;
        }),
      ));
  }

  it('takes an array', async () => {
    const { chunks } = await compare({}, (sender) => sender.ping([1, 2, 3]));
    assert.deepEqual(chunks, ['cork', '8903', '010203', 'uncork']);
  });

  it('refuses control frames of more than 125 bytes', async () => {
    for (const data of ['x'.repeat(126), 'é'.repeat(63), bytes(126), new Blob(['x'.repeat(126)])]) {
      const { value } = await compare({}, (sender) => outcome(() => sender.pong(data)));
      assert.equal(value.name, 'RangeError');
    }
  });

  it('sends fragments', () =>
    compare({}, (sender) => {
      sender.send('a', { fin: false });
      sender.send('b', { fin: false, binary: true });
      sender.ping('');
      sender.send('c', { fin: true });
      sender.send('d', { fin: true, binary: true });
    }));

  for (const [name, parameters] of [
    ['with a context', {}],
    ['without a context', { client_no_context_takeover: [true] }],
  ]) {
    it(`compresses ${name}, in order with the rest`, async () => {
      const { calls } = await compare({ parameters }, async (sender, callback, { written }) => {
        const states = [];
        sender.send('lengthy text', { fin: true, compress: true }, callback('long'));
        states.push(sender._state, sender._bufferedBytes, sender._queue.length);
        sender.send('abc', { fin: true, compress: true }, callback('short'));
        sender.send('abc', { fin: true, compress: false }, callback('plain'));
        sender.send('', { fin: true, compress: true }, callback('empty'));
        sender.ping('ping', false, callback('ping'));
        sender.send('lengthy', { fin: false, compress: true }, callback('first'));
        sender.send('', { fin: false, compress: false }, callback('second'));
        sender.send('z', { fin: true, compress: true }, callback('third'));
        states.push(sender._state, sender._bufferedBytes, sender._queue.length);
        await written;
        const closed = new Promise((resolve) => sender.close(1000, 'reason', false, resolve));
        await closed;
        states.push(sender._state, sender._bufferedBytes, sender._queue.length);
        return states;
      });
      const order = ['long', 'short', 'plain', 'empty', 'ping', 'first', 'second', 'third'];
      assert.deepEqual(
        calls.map(([name]) => name),
        order,
      );
    });
  }

  it('reads Blobs, in order with the rest', () =>
    compare({ parameters: {} }, async (sender, callback) => {
      const states = [];
      const blob = new Blob(['a blob']);
      sender.send(blob, { fin: true, binary: true }, callback('blob'));
      states.push(sender._state, sender._bufferedBytes, sender._queue.length);
      sender.send(blob, { fin: true, binary: true, compress: true }, callback('deflated'));
      sender.ping(new Blob(['ping']), false, callback('ping'));
      sender.send('text', { fin: true }, callback('text'));
      states.push(sender._state, sender._bufferedBytes, sender._queue.length);
      await new Promise((resolve) => sender.pong('', false, resolve));
      states.push(sender._state, sender._bufferedBytes, sender._queue.length);
      return states;
    }));

  it('fails all that waits when the socket is destroyed', () =>
    compare({ parameters: {} }, async (sender, callback, sink) => {
      for (const data of ['text', new Blob(['blob'])]) {
        const failed = new Promise((resolve) => {
          sender.send(data, { fin: true, compress: typeof data === 'string' }, callback('first'));
          sender.send('x', { fin: true });
          sender.ping('', false, callback('ping'));
          sender.pong('', false, resolve);
        });
        sink.destroyed = true;
        await failed;
        sender._state = 0;
        sender._queue.length = 0;
        sink.destroyed = false;
      }
    }));

  it('reports a Blob that can’t be read', async () => {
    const failure = new Error('unreadable');
    const { value } = await compare({}, (sender, callback) => {
      const blob = new Blob(['blob']);
      blob.arrayBuffer = () => Promise.reject(failure);
      return new Promise((resolve) => {
        sender.onerror = resolve;
        sender.send(blob, { fin: true }, callback('blob'));
        sender.send('x', { fin: true }, callback('behind'));
      });
    });
    assert.equal(value, failure);
  });
});

const CLOSES = [
  [],
  [undefined, 'ignored'],
  [1000],
  [1000, ''],
  [1000, 'é'],
  [4999, bytes(123)],
  [3000, new Uint8Array([1, 2])],
  [1000, new Uint8Array(0)],
  [1000, 5],
  [1000, {}],
  [1000, 'x'.repeat(124)],
  [1000, 'é'.repeat(62)],
  [1000, bytes(124)],
  [1000, [1, 2]],
  [1000, { length: 1 }],
  [1000, new Uint16Array(1)],
  [1000, new ArrayBuffer(1)],
  [1000, null],
  [null],
  ['1000'],
  [Number.NaN],
  ...[0, 999, 1003, 1004, 1005, 1006, 1007, 1014, 1015, 2999, 3000, 4999, 5000, -1].map((n) => [n]),
];

describe('close() of a Sender', () => {
  for (const args of CLOSES) {
    const shown = inspect(args, { breakLength: Infinity, maxArrayLength: 3, maxStringLength: 8 });
    it(`judges ${shown} as ws does`, () =>
      compare({}, (sender, callback) =>
        outcome(() => sender.close(args[0], args[1], false, callback('close'))),
      ));
  }
});
