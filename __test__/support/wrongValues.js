'use strict';

/**
 * Makes values of every kind, by name. Each call gets new ones, because another call may have
 * changed the old ones.
 */
module.exports = {
  undefined: () => undefined,
  null: () => null,
  true: () => true,
  false: () => false,
  zero: () => 0,
  five: () => 5,
  negative: () => -1,
  fraction: () => 1000.5,
  'not a number': () => NaN,
  infinity: () => Infinity,
  bigint: () => 10n,
  symbol: () => Symbol('s'),
  'empty text': () => '',
  text: () => 'text',
  digits: () => '1000',
  'long text': () => 'é'.repeat(100),
  function: () => () => {},
  object: () => ({}),
  array: () => [1, 2],
  'empty array': () => [],
  'without prototype': () => Object.create(null),
  date: () => new Date(0),
  'boxed text': () => new String('boxed'),
  Uint8Array: () => new Uint8Array([104, 105]),
  Uint16Array: () => new Uint16Array(2),
  Float64Array: () => new Float64Array(1),
  ArrayBuffer: () => new ArrayBuffer(2),
  SharedArrayBuffer: () => new SharedArrayBuffer(2),
  DataView: () => new DataView(new ArrayBuffer(2)),
  Buffer: () => Buffer.from('buffer'),
  'long Buffer': () => Buffer.alloc(200, 97),
  'prototype of Buffer': () => Object.create(Buffer.prototype),
  'Proxy of Buffer': () => new Proxy(Buffer.from('p'), {}),
  'detached Buffer': () => {
    const buffer = Buffer.from(new ArrayBuffer(8));
    structuredClone(buffer.buffer, { transfer: [buffer.buffer] });
    return buffer;
  },
  'toString of a number': () => ({ toString: () => 5 }),
  'toString of null': () => ({ toString: () => null }),
  'toString of undefined': () => ({ toString: () => undefined }),
  'toString of an object': () => ({ toString: () => ({}) }),
  'toString of a symbol': () => ({ toString: () => Symbol('s') }),
  'toString of an array': () => ({ toString: () => [97] }),
  'toString of a Buffer': () => ({ toString: () => Buffer.from('b') }),
  'toString of boxed text': () => ({ toString: () => new String('boxed') }),
  'toString that throws': () => ({
    toString() {
      throw new RangeError('of the application');
    },
  }),
  'toString that is none': () => ({ toString: 1 }),
};
