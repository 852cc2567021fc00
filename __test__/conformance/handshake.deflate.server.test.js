'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { describe } = require('node:test');

const { request: WebSocketRequest, router: WebSocketRouter } = require('../..');
const { it, optionFor } = require('../support/connect');
const { dial, handshake, listen, readHead } = require('../support/http');
const { PLAIN } = require('./wire');

const {
  ON,
  SERVER_FORGETS,
  CLIENT_FORGETS,
  SERVER_BITS,
  CLIENT_BITS,
  PLAINLY,
  pmd,
  extensionsOf,
  extensionHeaders,
  works,
  serve,
  compressionOf,
} = require('./deflateHandshake');

describe('A server without perMessageDeflate', () => {
  for (const perMessageDeflate of [undefined, null, false]) {
    it(`answers no offer when it is ${perMessageDeflate}`, async (t) => {
      const accept = (request) => request.accept(null, null, null, { perMessageDeflate: true });
      const { ask } = await serve(t, { perMessageDeflate }, accept);
      const { socket, connection, ...answer } = await ask(pmd(CLIENT_BITS));
      assert.deepEqual([answer.status, extensionHeaders(answer)], [101, []]);
      assert.deepEqual(connection.extensions, []);
      assert.equal(compressionOf(connection), null);
      assert.equal(Object.hasOwn(connection, '_deflate'), false);
      await works(socket);
    });
  }
});

describe('A server’s answer to offers (RFC 7692 §5, §7.1)', () => {
  const forgetting = { serverNoContextTakeover: true, clientNoContextTakeover: true };
  const cases = [
    ['no offer', undefined, true, undefined],
    ['no offer in the header', '', true, undefined],
    ['another extension', 'x-webkit-deflate-frame', true, undefined],
    ['the plainest offer', pmd(), true, pmd(), {}],
    ['a browser’s offer', pmd(CLIENT_BITS), {}, pmd(), {}],
    [
      'what the client asks for',
      pmd(SERVER_FORGETS, `${SERVER_BITS}=10`),
      true,
      pmd(SERVER_FORGETS, `${SERVER_BITS}=10`),
      { serverNoContextTakeover: true, serverMaxWindowBits: 10 },
    ],
    [
      'hints of the client',
      pmd(CLIENT_FORGETS, `${CLIENT_BITS}=11`),
      true,
      pmd(CLIENT_FORGETS, `${CLIENT_BITS}=11`),
      { clientNoContextTakeover: true, clientMaxWindowBits: 11 },
    ],
    [
      'what the server wants',
      pmd(CLIENT_BITS),
      { ...forgetting, serverMaxWindowBits: 12, clientMaxWindowBits: 9, threshold: 0 },
      pmd(SERVER_FORGETS, CLIENT_FORGETS, `${SERVER_BITS}=12`, `${CLIENT_BITS}=9`),
      { ...forgetting, serverMaxWindowBits: 12, clientMaxWindowBits: 9, threshold: 0 },
    ],
    [
      'the smaller window',
      pmd(`${SERVER_BITS}=10`, `${CLIENT_BITS}=14`),
      { serverMaxWindowBits: 12, clientMaxWindowBits: 13, level: 1, memLevel: 2 },
      pmd(`${SERVER_BITS}=10`, `${CLIENT_BITS}=13`),
      { serverMaxWindowBits: 10, clientMaxWindowBits: 13, level: 1, memLevel: 2 },
    ],
    [
      'a hint, not negotiating',
      pmd(`${CLIENT_BITS}=10`),
      { clientMaxWindowBits: false },
      pmd(),
      {},
    ],
    ['a window it can’t limit', pmd(), { clientMaxWindowBits: 10 }, undefined],
    ['the second of two offers', `${pmd('foo')}, ${pmd()}`, true, pmd(), {}],
    ['offers in several headers', ['foo', pmd(`${SERVER_BITS}=7`), pmd()], true, pmd(), {}],
    [
      'a quoted value, among spaces and in another case',
      'PerMessage-Deflate ;\tServer_max_window_bits="\\9"',
      true,
      pmd(`${SERVER_BITS}=9`),
      { serverMaxWindowBits: 9 },
    ],
    ['an unknown parameter', pmd('__proto__'), true, undefined],
    ['a parameter twice', pmd(SERVER_FORGETS, SERVER_FORGETS), true, undefined],
    ['a leading zero', pmd(`${SERVER_BITS}=09`), true, undefined],
    ['a window too large', pmd(`${CLIENT_BITS}=16`), true, undefined],
    ['a missing value', pmd(SERVER_BITS), true, undefined],
    ['a value too many', pmd(`${CLIENT_FORGETS}=1`), true, undefined],
  ];

  for (const [what, offers, perMessageDeflate, response, deflate] of cases) {
    it(`${response === undefined ? 'declines' : 'takes'} ${what}`, async (t) => {
      const { ask } = await serve(t, { perMessageDeflate, parseExtensions: false });
      const { socket, connection, ...answer } = await ask(offers);
      assert.equal(answer.status, 101);
      assert.deepEqual(extensionHeaders(answer), response === undefined ? [] : [response]);
      assert.deepEqual(connection.extensions, extensionsOf(response));
      assert.deepEqual(compressionOf(connection), deflate ? { ...PLAINLY, ...deflate } : null);
      await works(socket);
    });
  }

  for (const transport of PLAIN) {
    for (const assembleFragments of [true, false]) {
      it(`is the same with assembleFragments: ${assembleFragments} (${transport})`, async (t) => {
        const config = { ...ON, assembleFragments, transport: optionFor(transport) };
        const { ask } = await serve(t, config);
        const { socket, connection, ...answer } = await ask(pmd(CLIENT_BITS));
        assert.deepEqual(extensionHeaders(answer), [pmd()]);
        await works(socket);
        assert.equal(connection.transport, transport);
        assert.deepEqual(connection.extensions, extensionsOf(pmd()));
      });
    }
  }

  it('is one of the other headers', async (t) => {
    const accept = (request) => request.accept('chat', 'x', [{ name: 'a', value: 'b' }]);
    const { ask } = await serve(t, ON, accept);
    const { headers } = await ask(pmd(), { 'Sec-WebSocket-Protocol': 'chat' });
    assert.deepEqual(headers.slice(3).sort(), [
      ['Origin', 'x'],
      ['Sec-WebSocket-Extensions', pmd()],
      ['Sec-WebSocket-Protocol', 'chat'],
      ['Set-Cookie', 'a=b'],
    ]);
  });

  it('is frozen, and connections with the same agreement share it', async (t) => {
    const { ask } = await serve(t, ON);
    const { connection: first } = await ask(pmd(CLIENT_BITS));
    const { connection: second } = await ask(pmd());
    const { connection: third } = await ask(pmd(SERVER_FORGETS));
    assert.equal(compressionOf(first), compressionOf(second));
    assert.equal(first.extensions, second.extensions);
    assert.notEqual(compressionOf(first), compressionOf(third));
    for (const part of [compressionOf(first), first.extensions, third.extensions[0].params]) {
      assert.ok(Object.isFrozen(part));
    }
  });
});

describe('A server and a malformed Sec-WebSocket-Extensions (RFC 6455 §9.1)', () => {
  for (const offers of [pmd(''), 'foo bar', `foo, ${pmd(`${SERVER_BITS}="1 0"`)}`, ';;=;,"']) {
    it(`refuses ${offers} when it negotiates`, async (t) => {
      const { wsServer, ask } = await serve(t, ON);
      const failed = once(wsServer, 'upgradeError');
      const answer = await ask(offers);
      const words = 'Client must provide a well-formed Sec-WebSocket-Extensions header.';
      assert.equal(answer.status, 400);
      assert.equal(new Map(answer.headers).get('X-WebSocket-Reject-Reason'), words);
      const [error] = await failed;
      assert.deepEqual([error.message, error.code], [words, undefined]);
    });

    it(`takes ${offers} when it does not negotiate`, async (t) => {
      const { ask } = await serve(t, {});
      assert.equal((await ask(offers)).status, 101);
    });
  }
});

describe('A single request', () => {
  const cases = [
    [{ perMessageDeflate: false }, false],
    [{ perMessageDeflate: true }, true],
    [{ perMessageDeflate: undefined }, true],
    [{ perMessageDeflate: null }, true],
    [{}, true],
    [null, true],
    [undefined, true],
  ];
  for (const [options, compresses] of cases) {
    const response = compresses ? pmd() : undefined;
    const words = `${compresses ? 'has' : 'declines'} compression by ${JSON.stringify(options)}`;

    it(words, async (t) => {
      const accept = (request) => request.accept(null, null, null, options);
      const { ask } = await serve(t, ON, accept);
      const { connection, ...answer } = await ask(pmd());
      assert.deepEqual(extensionHeaders(answer), compresses ? [response] : []);
      assert.deepEqual(connection.extensions, extensionsOf(response));
      assert.deepEqual(compressionOf(connection), compresses ? PLAINLY : null);
    });

    it(`${words}, from a router`, async (t) => {
      const { wsServer, ask } = await serve(t, ON, () => {});
      const router = new WebSocketRouter({ server: wsServer });
      router.mount('*', null, (request) => request.accept(null, null, options));
      const { connection, ...answer } = await ask(pmd());
      assert.deepEqual(extensionHeaders(answer), compresses ? [response] : []);
      assert.deepEqual(connection.extensions, extensionsOf(response));
    });
  }

  it('can be accepted with a boolean only', async (t) => {
    for (const perMessageDeflate of [0, 'no', {}]) {
      let error;
      const { ask } = await serve(t, ON, (request) => {
        try {
          request.accept(null, null, null, { perMessageDeflate });
        } catch (caught) {
          error = caught;
        }
      });
      assert.equal((await ask(pmd())).status, 500);
      assert.ok(error instanceof TypeError);
      assert.equal(
        error.message,
        'Value supplied for option "perMessageDeflate" must be a boolean.',
      );
    }
  });

  it('that the application makes itself is answered by its own configuration', async (t) => {
    const { httpServer, port } = await listen(t);
    const accepted = new Promise((resolve) => {
      httpServer.on('upgrade', (httpRequest, socket, head) => {
        const config = { perMessageDeflate: { serverMaxWindowBits: 9 } };
        const request = new WebSocketRequest(socket, httpRequest, config, head);
        request.readHandshake();
        resolve(request.accept());
      });
    });
    const socket = await dial(t, port, handshake({ 'Sec-WebSocket-Extensions': pmd() }));
    const answer = await readHead(socket);
    assert.deepEqual(extensionHeaders(answer), [pmd(`${SERVER_BITS}=9`)]);
    assert.deepEqual(compressionOf(await accepted), { ...PLAINLY, serverMaxWindowBits: 9 });
  });
});
