'use strict';

// The headers of extensions and subprotocols, against npm `ws`.

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');
const WebSocket = require('ws');

const extension = require('../../lib/ws/extension');
const subprotocol = require('../../lib/ws/subprotocol');
const { outcome, picker } = require('./support/oracle');

const PARTS = ['a', 'B', 'foo', ' ', '\t', ',', ';', '=', '"', '\\', 'é', '\0', '/', 'a=b', '="c"'];

const HEADERS = [
  '',
  ' ',
  'foo',
  ' foo',
  'foo ',
  'foo\t,\tbar',
  'foo,foo',
  'foo,foo bar',
  'foo,',
  ',foo',
  'foo bar',
  'foo;',
  'foo;bar',
  'foo; bar; bar=1; bar="2" ; b=x,foo;bar',
  'foo;bar=',
  'foo;bar=;',
  'foo;bar =1',
  'foo;bar= 1',
  'foo;bar="1',
  'foo;bar=""',
  'foo;bar="1 2"',
  'foo;bar="\\1\\2"',
  'foo;bar="1\\',
  'foo;bar="1\\ "',
  'foo;bar="1"2',
  'foo;bar=1"2"',
  'constructor;toString;__proto__=1',
];

/** Headers of up to twelve parts, most of them malformed. */
function* randomHeaders() {
  const pick = picker(17);
  for (let i = 0; i < 20000; i++) {
    let header = '';
    for (let parts = pick(12); parts >= 0; parts--) header += PARTS[pick(PARTS.length)];
    yield header;
  }
}

for (const [name, ours, theirs] of [
  ['extension', extension, WebSocket.extension],
  ['subprotocol', subprotocol, WebSocket.subprotocol],
]) {
  describe(`${name}.parse()`, () => {
    for (const header of HEADERS) {
      it(`reads ${JSON.stringify(header)} as ws does`, () => {
        assert.deepEqual(
          outcome(() => ours.parse(header)),
          outcome(() => theirs.parse(header)),
        );
      });
    }

    it('reads random headers as ws does', () => {
      let wellFormed = 0;
      for (const header of randomHeaders()) {
        const expected = outcome(() => theirs.parse(header));
        assert.deepEqual(
          outcome(() => ours.parse(header)),
          expected,
          header,
        );
        if (expected.value) wellFormed++;
      }
      assert.ok(wellFormed > 100, `${wellFormed}`);
    });
  });
}

describe('extension.format()', () => {
  const cases = [
    {},
    { foo: {} },
    { foo: [{}] },
    { foo: [{}, {}], bar: {} },
    { foo: { a: true, b: 1, c: 'x' } },
    { foo: { a: [true, 1, 'x'] } },
    { foo: [{ a: true }, { b: [2, true] }], bar: [{ c: false }] },
  ];

  for (const extensions of cases) {
    it(`writes ${JSON.stringify(extensions)} as ws does`, () => {
      assert.equal(extension.format(extensions), WebSocket.extension.format(extensions));
    });
  }

  it('writes what parse() has read', () => {
    const header = 'foo; a; a=1; b=x, foo, bar';
    assert.equal(extension.format(extension.parse(header)), header);
  });
});
