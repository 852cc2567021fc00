'use strict';

const assert = require('node:assert/strict');
const { EventEmitter, once } = require('node:events');
const { BlockList } = require('node:net');
const { describe, it } = require('node:test');

const ours = require('..');
const FakeSocket = require('./support/fakeSocket');
const { KEY, dial, handshake, listen } = require('./support/http');

const HEADERS = { host: 'example.com', 'sec-websocket-key': KEY, 'sec-websocket-version': '13' };

/** The address of a request from `peer`, by the option. */
function addresses(trustProxy, forwardedFor, peer = '10.0.0.1', config = {}) {
  const socket = new FakeSocket();
  socket.remoteAddress = peer;
  const httpRequest = { url: '/', headers: { ...HEADERS, 'x-forwarded-for': forwardedFor } };
  const request = new ours.request(socket, httpRequest, { ...config, trustProxy });
  request.readHandshake();
  const { remoteAddress, remoteAddresses } = request;
  return { remoteAddress, remoteAddresses };
}

const addressBy = (...args) => addresses(...args).remoteAddress;

/**
 * An address that the client invented, the client's, and a proxy's. The socket's peer is another
 * proxy.
 */
const CHAIN = '6.6.6.6, 203.0.113.7, 10.0.0.2';
const ALL = ['6.6.6.6', '203.0.113.7', '10.0.0.2', '10.0.0.1'];

describe('trustProxy: the address of a client behind proxies', () => {
  it('is the first of X-Forwarded-For when the option is not set, as before', () => {
    for (const unset of [undefined, null]) {
      assert.deepEqual(addresses(unset, CHAIN), { remoteAddress: '6.6.6.6', remoteAddresses: ALL });
    }
    const config = { ignoreXForwardedFor: true };
    assert.deepEqual(addresses(undefined, CHAIN, '10.0.0.1', config), {
      remoteAddress: '10.0.0.1',
      remoteAddresses: ['10.0.0.1'],
    });
  });

  for (const [option, expected] of [
    [false, '10.0.0.1'],
    [0, '10.0.0.1'],
    [1, '10.0.0.2'],
    [2, '203.0.113.7'],
    [3, '6.6.6.6'],
    [99, '6.6.6.6'],
    [true, '6.6.6.6'],
    ['10.0.0.1', '10.0.0.2'],
    ['10.0.0.0/8', '203.0.113.7'],
    ['10.0.0.1, 10.0.0.2', '203.0.113.7'],
    [['10.0.0.1', '10.0.0.2/31'], '203.0.113.7'],
    ['uniquelocal', '203.0.113.7'],
    [['loopback', 'linklocal', 'uniquelocal'], '203.0.113.7'],
    ['loopback', '10.0.0.1'],
    ['', '10.0.0.1'],
    [[], '10.0.0.1'],
    ['0.0.0.0/0', '6.6.6.6'],
  ]) {
    it(`is ${expected} with ${JSON.stringify(option)}`, () => {
      assert.deepEqual(addresses(option, CHAIN), { remoteAddress: expected, remoteAddresses: ALL });
    });
  }

  it('is decided by a function of address and index, from the socket on', () => {
    const calls = [];
    const trust = (address, index) => {
      calls.push([address, index]);
      return address.startsWith('10.');
    };
    assert.equal(addressBy(trust, CHAIN), '203.0.113.7');
    assert.deepEqual(calls, [
      ['10.0.0.1', 0],
      ['10.0.0.2', 1],
      ['203.0.113.7', 2],
    ]);
  });

  it('overrides ignoreXForwardedFor', () => {
    assert.equal(addressBy(2, CHAIN, '10.0.0.1', { ignoreXForwardedFor: true }), '203.0.113.7');
  });

  it("is the socket's without the header", () => {
    for (const option of [true, 3, 'uniquelocal', () => true]) {
      const expected = { remoteAddress: '10.0.0.1', remoteAddresses: ['10.0.0.1'] };
      assert.deepEqual(addresses(option, undefined), expected);
      assert.deepEqual(addresses(option, ' , '), expected);
    }
  });

  it('supports IPv6, and IPv4 in the form of IPv6', () => {
    for (const [option, peer, expected] of [
      ['loopback', '::1', '203.0.113.7'],
      ['loopback', '::ffff:127.0.0.1', '203.0.113.7'],
      ['linklocal', 'fe80::1', '203.0.113.7'],
      ['uniquelocal', 'fd00::1', '203.0.113.7'],
      ['2001:db8::/32', '2001:db8:1::1', '203.0.113.7'],
      ['2001:db8::/32', '2001:db9::1', '2001:db9::1'],
      ['::1', '127.0.0.1', '127.0.0.1'],
    ]) {
      assert.equal(addressBy(option, '203.0.113.7', peer), expected, `${option} ${peer}`);
    }
  });

  it('trusts nothing that is not an address', () => {
    assert.equal(addressBy('0.0.0.0/0', '6.6.6.6, unknown, 10.0.0.2'), 'unknown');
    assert.equal(addressBy('0.0.0.0/0', '6.6.6.6', 'unix'), 'unix');
  });

  it('costs little, however many addresses the header has', (t) => {
    const forged = Array.from({ length: 1700 }, (_, i) => `10.0.${i >> 8}.${i & 255}`).join(', ');
    let looks = 0;
    const { check } = BlockList.prototype;
    t.mock.method(BlockList.prototype, 'check', function counted(...args) {
      looks++;
      return check.apply(this, args);
    });
    addresses('uniquelocal', forged);
    assert.equal(looks, 100);
  });

  it("is also that of the connection, and of a router's request", async (t) => {
    const { httpServer, port } = await listen(t);
    const server = new ours.server({ httpServer, trustProxy: 2 });
    const router = new ours.router({ server });
    const connected = once(server, 'connect');
    let routed;
    router.mount('*', '', (request) => {
      routed = request.remoteAddress;
      request.accept();
    });
    await dial(t, port, handshake({ 'X-Forwarded-For': ['6.6.6.6', '203.0.113.7, 10.0.0.2'] }));
    const [connection] = await connected;
    assert.equal(routed, '203.0.113.7');
    assert.equal(connection.remoteAddress, '203.0.113.7');
    const { remoteAddress } = connection.socket;
    const forwarded = ['6.6.6.6', '203.0.113.7', '10.0.0.2'];
    assert.deepEqual(connection.remoteAddresses, [...forwarded, remoteAddress]);
    connection.drop();
  });
});

describe('trustProxy: invalid values', () => {
  for (const [value, kind] of [
    [-1, RangeError],
    [1.5, RangeError],
    [Number.NaN, RangeError],
    [Infinity, RangeError],
    [{}, TypeError],
    [Symbol('x'), TypeError],
    ['example.com', RangeError],
    ['10.0.0.0/33', RangeError],
    ['::1/129', RangeError],
    ['10.0.0.0/', RangeError],
    [['loopback', 7], RangeError],
  ]) {
    it(`refuses ${String(value)} when it mounts`, () => {
      const config = { httpServer: new EventEmitter(), trustProxy: value };
      assert.throws(
        () => new ours.server(config),
        (error) => error instanceof kind && error.message.startsWith('trustProxy '),
      );
      assert.equal(config.httpServer.listenerCount('upgrade'), 0);
    });
  }
});
