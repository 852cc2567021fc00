'use strict';

const assert = require('node:assert/strict');
const { EventEmitter } = require('node:events');
const { describe, it } = require('node:test');
const url = require('node:url');

const ours = require('..');
const { parseCookies } = require('../lib/internal/handshake/cookies');
const { concludeDeflate, deflateOptions } = require('../lib/internal/handshake/deflate');
const { faultOfResponse } = require('../lib/internal/handshake/headers');
const { parseLegacyUrl } = require('../lib/internal/handshake/legacyUrl');
const cpuTime = require('./support/cpuTime');
const FakeSocket = require('./support/fakeSocket');
const { ACCEPT, KEY } = require('./support/http');

/** Just below the size that Node accepts for all headers together. */
const LENGTH = 15600;
const RUNS = 15;
/** Excessive costs are measured again, because other processes use the processor's caches, too. */
const ATTEMPTS = 4;

const CONFIG = {
  assembleFragments: true,
  maxReceivedFrameSize: 0x10000,
  maxReceivedMessageSize: 0x100000,
  fragmentationThreshold: 0x4000,
  closeTimeout: 5000,
  parseCookies: true,
  parseExtensions: true,
  perMessageDeflate: true,
};

const REQUIRED = {
  host: 'example.com',
  upgrade: 'websocket',
  connection: 'Upgrade',
  'sec-websocket-key': KEY,
  'sec-websocket-version': '13',
};

const repeated = (unit) => (length) => unit.repeat(length / unit.length + 1).slice(0, length);

/** A list without equal members. */
const distinct = (format) => (length) => {
  let text = '';
  for (let i = 0; text.length < length; i++) text += format(i.toString(36));
  return text.slice(0, length);
};

/**
 * The least CPU time of several runs, in ms. Garbage collection and compilation on other threads
 * only make runs slower.
 */
function cost(act) {
  let least = Infinity;
  for (let i = 0; i < RUNS; i++) {
    const start = cpuTime();
    act();
    least = Math.min(least, cpuTime() - start);
  }
  return least;
}

/** The cost of splitting the longest list, as a measure of this machine's speed. */
function yardstick() {
  const list = repeated('a,')(LENGTH);
  return cost(() => list.split(/[;,] */).map((name) => ({ name: name.trim() })));
}

function read(headers, resource = '/') {
  const httpRequest = { url: resource, headers: { ...REQUIRED, ...headers } };
  const request = new ours.request(new FakeSocket(), httpRequest, CONFIG);
  try {
    request.readHandshake();
  } catch {
    // A refused header must be cheap, too.
  }
}

/** Asserts that `act` costs little at the usual length, and grows at most linearly. */
function assertCheap(act, text, what) {
  const usual = text(LENGTH);
  const long = text(4 * LENGTH);
  act(long);
  let excess;
  for (let i = 0; i < ATTEMPTS; i++) {
    excess = excessOf(act, usual, long);
    if (!excess) return;
  }
  assert.fail(`${what}: ${excess}`);
}

/** Describes an excessive cost, if there is one. */
function excessOf(act, usual, long) {
  const once = cost(() => act(usual));
  const limit = Math.max(6 * yardstick(), 1);
  if (once > limit) return `${once.toFixed(2)} ms, the limit is ${limit.toFixed(2)} ms`;
  const fourTimes = cost(() => act(long));
  if (fourTimes > Math.max(12 * once, limit)) return `${fourTimes.toFixed(2)} ms for four times`;
  return undefined;
}

const COOKIES = [
  ...['a=%;', 'a=%4;', 'a=%FF;', 'a=%C3%28;', 'a=%ED%A0%80;', 'a=%F8%88%80%80%80;', 'a="%;'],
  ...['a=%41;', 'a=%C3%A4;', 'a=%F0%9F%98%80;', 'a="x";', 'a=1;', 'a;', ';', ',', '=', ' ', '"'],
];
const LISTS = [',', ' ,', 'a,', 'a, ', ',   x', ';', 'a;', 'a;b=c;', ';=', '"', '\\"', '10.0.0.1,'];
const QUERIES = [
  'a=%&',
  'a=%FF&',
  'a=%C3%28&',
  'a=%41&',
  '&',
  '%',
  '%FF',
  '+',
  '?',
  'a=b&',
  '=',
  '%2',
];

describe('headers: the cost of the handshake for any client', () => {
  for (const unit of COOKIES) {
    it(`is little for the cookies ${unit}${unit}…`, () => {
      assertCheap((cookie) => read({ cookie }), repeated(unit), unit);
    });
  }

  for (const value of ['%', '%FF', '%41', '%C3%A4', '"', ' ']) {
    it(`is little for one cookie of ${value}${value}… that ends in '%'`, () => {
      const text = (length) => `a=${repeated(value)(length - 3)}%`;
      assertCheap((cookie) => read({ cookie }), text, value);
    });
  }

  for (const name of [
    ...['x-forwarded-for', 'sec-websocket-protocol', 'sec-websocket-extensions', 'connection'],
    ...['upgrade', 'origin', 'host', 'sec-websocket-version', 'sec-websocket-key'],
  ]) {
    it(`is little for lists in ${name}`, () => {
      for (const unit of LISTS) {
        assertCheap((value) => read({ [name]: value }), repeated(unit), `${name}: ${unit}`);
      }
      const distinctNames = distinct((text) => `${text},`);
      assertCheap((value) => read({ [name]: value }), distinctNames, `${name}: distinct`);
    });
  }

  it('is little for offers of compression', () => {
    for (const text of [
      repeated('permessage-deflate,'),
      repeated('permessage-deflate; server_max_window_bits=99,'),
      distinct((text) => `permessage-deflate; ${text},`),
      (length) => `permessage-deflate${distinct((text) => `;${text}`)(length)}`,
      (length) => `permessage-deflate; x="${repeated('\\"')(length)}`,
    ]) {
      assertCheap((value) => read({ 'sec-websocket-extensions': value }), text, text(60));
    }
  });

  for (const unit of QUERIES) {
    it(`is little for the query ?${unit}${unit}…`, () => {
      assertCheap((query) => read({}, `/?${query}`), repeated(unit), unit);
    });
  }

  it('is little for other paths', () => {
    for (const unit of ['/', '%FF', '#', '@', ':', '[', '\\', '{', '"', '/..', ';']) {
      assertCheap((path) => read({}, `/${path}`), repeated(unit), `/${unit}`);
    }
  });

  it('is little for subprotocols that a router has no route for', () => {
    const router = new ours.router({ server: new EventEmitter() });
    for (let i = 0; i < 200; i++) router.mount(`/path/${i}`, 'a', () => assert.fail());
    const resourceURL = { pathname: '/' };
    const reject = () => {};
    const route = (list) => {
      router.handleRequest({ requestedProtocols: list.split(','), resourceURL, reject });
    };
    assertCheap(route, repeated('a,'), 'the same');
    assertCheap(
      route,
      distinct((text) => `${text},`),
      'distinct',
    );
  });

  it("is little for a server's answer to a client", () => {
    const options = deflateOptions(true);
    const answer = { upgrade: 'websocket', connection: 'Upgrade', 'sec-websocket-accept': ACCEPT };
    const asked = { 'Sec-WebSocket-Extensions': 'permessage-deflate' };
    for (const name of [
      ...['connection', 'upgrade', 'sec-websocket-accept'],
      ...['sec-websocket-protocol', 'sec-websocket-extensions'],
    ]) {
      for (const unit of LISTS) {
        const act = (value) => {
          faultOfResponse({ ...answer, [name]: value }, KEY, [], asked);
          try {
            concludeDeflate(value, options);
          } catch {
            // Refused, as above.
          }
        };
        assertCheap(act, repeated(unit), `${name}: ${unit}`);
      }
    }
  });
});

/** Every sequence of two bytes, and longer ones at the limits of UTF-8's rules. */
function* escapes() {
  const encoded = (byte) => `%${byte.toString(16).padStart(2, '0')}`;
  for (let first = 0; first < 256; first++) {
    yield encoded(first);
    for (let second = 0; second < 256; second++) {
      const two = encoded(first) + encoded(second).toUpperCase();
      yield two;
      if (first < 0xe0) continue;
      for (const third of [0x41, 0x7f, 0x80, 0xbf, 0xc0]) {
        const three = two + encoded(third);
        yield three;
        for (const fourth of [0x7f, 0x80, 0xbf, 0xc0]) yield three + encoded(fourth);
      }
    }
  }
  yield* [
    '%',
    '%4',
    '%%41',
    '%%4141',
    '%g1',
    '%1g',
    'ä%41',
    '%C3%A',
    '%C3A9',
    '%c3%a4x%',
    '%u0041',
  ];
}

describe('headers: percent-encoding', () => {
  it('decodes a cookie like decodeURIComponent(), and keeps it raw when that throws', () => {
    for (const value of escapes()) {
      let expected = value;
      try {
        expected = decodeURIComponent(value);
      } catch {
        // The value stays raw.
      }
      const [cookie] = parseCookies(`a=${value}`);
      if (cookie.value !== expected) assert.equal(cookie.value, expected, value);
    }
  });

  it('decodes a query as url.parse() does', () => {
    for (const query of [
      ...['', 'a', 'a=%', 'a=%&b=%41', '%FF=%FF', 'a=+%', '+%=%2B+', 'a=1&a=%&a=2', '%=%&%=%41'],
      ...['a=%C3%28', '&&=%', '=%', 'a=b=%', 'a=%#b=%', '__proto__=%', 'a=%+41', ' "%', '%2%20'],
      repeated('a=%&')(6000),
    ]) {
      for (const path of ['/?', '?', 'http://host/?', '//?', '/%?', '/#?', '']) {
        const resource = path + query;
        assert.deepEqual(parseLegacyUrl(resource, true), url.parse(resource, true), resource);
      }
    }
  });
});
