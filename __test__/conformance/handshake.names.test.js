'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { describe } = require('node:test');

const { client: WebSocketClient, request: Request } = require('../..');
const { router: Router, server: Server } = require('../..');
const { it } = require('../support/connect');
const cpuTime = require('../support/cpuTime');
const FakeSocket = require('../support/fakeSocket');
const { ACCEPT, KEY, SWITCHING, acceptLine, dial } = require('../support/http');
const { handshake, headerOf, listen, listenRaw, readHead } = require('../support/http');
const native = require('../../lib/internal/engine/native');

/** Names that every object inherits. */
const NAMES = [
  ...['__proto__', 'constructor', 'prototype', 'toString', 'toLocaleString', 'valueOf'],
  ...['hasOwnProperty', 'isPrototypeOf', 'propertyIsEnumerable'],
  ...['__defineGetter__', '__defineSetter__', '__lookupGetter__', '__lookupSetter__'],
];

const PROTOTYPE = Object.getOwnPropertyNames(Object.prototype).map((name) => [
  name,
  Object.getOwnPropertyDescriptor(Object.prototype, name),
]);

/** Asserts that no test has changed Object.prototype. */
function prototypeIsAsItWas() {
  for (const [name, descriptor] of PROTOTYPE) {
    assert.deepEqual(Object.getOwnPropertyDescriptor(Object.prototype, name), descriptor);
  }
  assert.equal(Object.getOwnPropertyNames(Object.prototype).length, PROTOTYPE.length);
}

/** Sends a request with `headers`. Accepts it with its first subprotocol and returns the answer. */
async function accepted(t, headers) {
  const { httpServer, port } = await listen(t);
  const wsServer = new Server({ httpServer });
  const asked = once(wsServer, 'request');
  const socket = await dial(t, port, handshake(headers));
  const [request] = await asked;
  const protocols = request.requestedProtocols;
  const connection = request.accept(protocols[0] ?? null, null);
  const answer = await readHead(socket);
  assert.equal(answer.status, 101);
  assert.equal(headerOf(answer, 'Sec-WebSocket-Accept'), ACCEPT);
  return { request, protocols, connection, answer };
}

describe('Names from Object.prototype, sent to a server', () => {
  for (const name of NAMES) {
    it(`${name} is a subprotocol like any other`, async (t) => {
      const headers = { 'Sec-WebSocket-Protocol': `${name}, other` };
      const { protocols, connection, answer } = await accepted(t, headers);
      assert.deepEqual(protocols, [name.toLowerCase(), 'other']);
      assert.equal(connection.protocol, name.toLowerCase());
      assert.equal(headerOf(answer, 'Sec-WebSocket-Protocol'), name);
      prototypeIsAsItWas();
    });

    it(`${name} is answered in the client’s spelling`, async (t) => {
      const spelling = name.toUpperCase();
      const { connection, answer } = await accepted(t, { 'Sec-WebSocket-Protocol': spelling });
      assert.equal(connection.protocol, name.toLowerCase());
      assert.equal(headerOf(answer, 'Sec-WebSocket-Protocol'), spelling);
      prototypeIsAsItWas();
    });

    it(`${name} is a subprotocol that was not requested`, async (t) => {
      const { httpServer, port } = await listen(t);
      const wsServer = new Server({ httpServer });
      const asked = once(wsServer, 'request');
      const socket = await dial(t, port, handshake({ 'Sec-WebSocket-Protocol': 'chat' }));
      const [request] = await asked;
      assert.throws(() => request.accept(name), /not requested/);
      assert.equal((await readHead(socket)).status, 500);
    });

    it(`${name} is accepted by autoAcceptConnections`, async (t) => {
      const { httpServer, port } = await listen(t);
      new Server({ httpServer, autoAcceptConnections: true });
      const answer = await readHead(
        await dial(t, port, handshake({ 'Sec-WebSocket-Protocol': name })),
      );
      assert.equal(headerOf(answer, 'Sec-WebSocket-Protocol'), name);
      prototypeIsAsItWas();
    });

    it(`${name} is an extension, and a parameter of one`, async (t) => {
      const extensions = `${name}; ${name}=${name}; ${name}, other`;
      const { request } = await accepted(t, { 'Sec-WebSocket-Extensions': extensions });
      const lower = name.toLowerCase();
      assert.deepEqual(request.requestedExtensions, [
        {
          name: lower,
          params: [
            { name: lower, value: lower },
            { name: lower, value: undefined },
          ],
        },
        { name: 'other', params: [] },
      ]);
      prototypeIsAsItWas();
    });

    it(`${name} is a cookie`, async (t) => {
      const { request } = await accepted(t, { Cookie: `${name}=${name}; a=b; ${name}` });
      assert.deepEqual(request.cookies, [
        { name, value: name },
        { name: 'a', value: 'b' },
        { name, value: null },
      ]);
      prototypeIsAsItWas();
    });

    it(`${name} is an address in X-Forwarded-For`, async (t) => {
      const { request, connection } = await accepted(t, { 'X-Forwarded-For': `${name}, other` });
      assert.deepEqual(request.remoteAddresses, [name, 'other', request.socket.remoteAddress]);
      assert.equal(connection.remoteAddress, name);
      prototypeIsAsItWas();
    });

    it(`${name} is a header`, async (t) => {
      // An object literal would set its prototype with `__proto__`.
      const { httpServer, port } = await listen(t);
      new Server({ httpServer, autoAcceptConnections: true });
      const start = handshake().slice(0, -2);
      const socket = await dial(t, port, `${start}${name}: ${name}\r\n${name}: again\r\n\r\n`);
      assert.equal((await readHead(socket)).status, 101);
      prototypeIsAsItWas();
    });

    it(`${name} is a member of Upgrade and of Connection`, async (t) => {
      const headers = {
        Upgrade: `${name}, websocket, ${name}/${name}`,
        Connection: `${name}, upgrade, ${name}`,
      };
      await accepted(t, headers);
      prototypeIsAsItWas();
    });

    for (const header of ['Upgrade', 'Sec-WebSocket-Key', 'Sec-WebSocket-Version']) {
      it(`${name} is an invalid value of ${header}`, async (t) => {
        const { httpServer, port } = await listen(t);
        new Server({ httpServer, autoAcceptConnections: true });
        const answer = await readHead(await dial(t, port, handshake({ [header]: name })));
        assert.equal(answer.status, 400);
        prototypeIsAsItWas();
      });
    }

    it(`${name} is a subprotocol of a router's route`, async (t) => {
      const { httpServer, port } = await listen(t);
      const router = new Router({ server: new Server({ httpServer }) });
      router.mount('*', name, (request) => request.accept(request.origin));
      for (const [protocol, status] of [
        [name, 101],
        ['other', 404],
      ]) {
        const headers = { 'Sec-WebSocket-Protocol': protocol };
        assert.equal((await readHead(await dial(t, port, handshake(headers)))).status, status);
      }
      prototypeIsAsItWas();
    });

    it(`${name} is an origin, and part of a path`, async (t) => {
      const { httpServer, port } = await listen(t);
      const wsServer = new Server({ httpServer });
      const asked = once(wsServer, 'request');
      const path = `/${name}?${name}=${name}&${name}[${name}]=1`;
      const socket = await dial(t, port, handshake({ Origin: name }, { path }));
      const [request] = await asked;
      assert.equal(request.origin, name);
      assert.deepEqual(Object.entries(request.resourceURL.query), [
        [name, name],
        [`${name}[${name}]`, '1'],
      ]);
      request.accept(null, request.origin);
      assert.equal(headerOf(await readHead(socket), 'Origin'), name);
      prototypeIsAsItWas();
    });
  }
});

describe('Names from Object.prototype, sent to a client', () => {
  /**
   * The outcome of a call to a server that answers with `lines` in addition to the required ones.
   */
  async function answered(t, lines, { protocols, headers, start = SWITCHING } = {}) {
    const { url } = await listenRaw(t, (socket, head) => {
      socket.write(`${start}${acceptLine(head, native)}${lines}\r\n`);
    });
    const connection = await new WebSocketClient().connect(url, protocols, null, headers);
    t.after(() => connection.drop());
    return connection;
  }

  for (const name of NAMES) {
    it(`${name} is a subprotocol like any other`, async (t) => {
      const lines = `Sec-WebSocket-Protocol: ${name}\r\n`;
      assert.equal((await answered(t, lines, { protocols: ['other', name] })).protocol, name);
      prototypeIsAsItWas();
    });

    it(`${name} is a subprotocol that was not requested`, async (t) => {
      const lines = `Sec-WebSocket-Protocol: ${name}\r\n`;
      await assert.rejects(answered(t, lines, { protocols: ['other'] }), /requested protocol/);
      await assert.rejects(answered(t, lines), /was not requested/);
    });

    it(`${name} is a header`, async (t) => {
      const lines = `${name}: ${name}\r\n${name}: again\r\n`;
      assert.equal((await answered(t, lines)).connected, true);
      prototypeIsAsItWas();
    });

    it(`${name} is an extension like any other`, async (t) => {
      const lines = `Sec-WebSocket-Extensions: ${name}; ${name}=${name}\r\n`;
      await assert.rejects(answered(t, lines), /extension not offered/);
      const headers = { 'Sec-WebSocket-Extensions': `other, ${name}; ${name}` };
      assert.equal((await answered(t, lines, { headers })).connected, true);
      prototypeIsAsItWas();
    });

    it(`${name} is a member of Connection`, async (t) => {
      const start = SWITCHING.replace('Connection: Upgrade', `Connection: ${name}, Upgrade`);
      assert.equal((await answered(t, '', { start })).connected, true);
      prototypeIsAsItWas();
    });

    it(`${name} is an invalid value of Upgrade and Sec-WebSocket-Accept`, async (t) => {
      const start = SWITCHING.replace('Upgrade: websocket', `Upgrade: ${name}`);
      await assert.rejects(answered(t, '', { start }), /Expected an Upgrade: websocket header/);
      const lines = `Sec-WebSocket-Accept: ${name}\r\n`;
      await assert.rejects(answered(t, lines), /didn't match expected value/);
      prototypeIsAsItWas();
    });

    it(`${name} is a header of a refusal`, async (t) => {
      const start = 'HTTP/1.1 404 Not Found\r\n';
      const lines = `${name}: ${name}\r\n${name}: again\r\nX-A: b\r\n`;
      await assert.rejects(answered(t, lines, { start }), /non-101 status: 404.*\n.*x-a: b\n/s);
      prototypeIsAsItWas();
    });
  }
});

/** Four times the length that Node accepts, so that a quadratic cost shows. */
const SIZE = 64000;
const MOST_MS = 250;

/**
 * Milliseconds of CPU time for reading a handshake with this header. Takes the best of up to three
 * attempts.
 */
function costOf(name, value) {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 3 && best > MOST_MS; i++) {
    const required = { host: 'a', 'sec-websocket-key': KEY, 'sec-websocket-version': '13' };
    const httpRequest = { url: '/', headers: { ...required, [name]: value } };
    const config = { parseCookies: true, parseExtensions: true };
    const request = new Request(new FakeSocket(), httpRequest, config);
    const from = cpuTime();
    request.readHandshake();
    best = Math.min(best, cpuTime() - from);
  }
  return best;
}

describe('Names from Object.prototype, sent by a client', () => {
  for (const name of NAMES) {
    it(`${name} is a header and a subprotocol from the application`, async (t) => {
      let sent;
      const { url } = await listenRaw(t, (socket, head) => {
        sent = head.split('\r\n');
        const answer = `Sec-WebSocket-Protocol: ${name}\r\n\r\n`;
        socket.write(`${SWITCHING}${acceptLine(head, native)}${answer}`);
      });
      const headers = JSON.parse(`{ "${name}": "${name}", "X-A": "b" }`);
      const connection = await new WebSocketClient().connect(url, [name], null, headers);
      t.after(() => connection.drop());
      assert.equal(connection.protocol, name);
      assert.ok(sent.includes(`Sec-WebSocket-Protocol: ${name}`));
      assert.ok(sent.includes('X-A: b'));
      // In an ordinary object this name would set the prototype, so headers omit it.
      assert.equal(sent.includes(`${name}: ${name}`), name !== '__proto__');
      prototypeIsAsItWas();
    });
  }
});

describe('A header of the greatest length costs a server almost nothing', () => {
  for (const name of [
    'sec-websocket-protocol',
    'sec-websocket-extensions',
    'cookie',
    'x-forwarded-for',
    'origin',
  ]) {
    it(`with any content of ${name}`, () => {
      for (const piece of [' ', ',', ', ', ' ,', ';', '; ', ' ;', '=', '"', '%', 'a', '\t', 'a ']) {
        for (const start of ['', 'a']) {
          const value = `${start}${piece.repeat(SIZE / piece.length)}b`;
          const cost = costOf(name, value);
          assert.ok(cost < MOST_MS, `${cost} ms for many of ${JSON.stringify(piece)}`);
        }
      }
    });
  }
});
