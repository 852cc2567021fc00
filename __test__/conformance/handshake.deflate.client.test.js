'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { describe } = require('node:test');

const { client: WebSocketClient, w3cwebsocket: W3CWebSocket } = require('../..');
const native = require('../../lib/internal/engine/native');
const { it } = require('../support/connect');
const { SWITCHING, acceptLine, listenRaw } = require('../support/http');

const {
  ON,
  SERVER_FORGETS,
  CLIENT_FORGETS,
  SERVER_BITS,
  CLIENT_BITS,
  PLAINLY,
  pmd,
  extensionsOf,
  serve,
  call,
  compressionOf,
} = require('./deflateHandshake');

describe('A client’s offer (RFC 7692 §5, §7.1)', () => {
  const cases = [
    [undefined, []],
    [null, []],
    [false, []],
    [true, [pmd(CLIENT_BITS)]],
    [{}, [pmd(CLIENT_BITS)]],
    [{ foo: 1, clientMaxWindowBits: true, level: 9 }, [pmd(CLIENT_BITS)]],
    [{ serverNoContextTakeover: false, serverMaxWindowBits: null }, [pmd(CLIENT_BITS)]],
    [{ clientMaxWindowBits: 9 }, [pmd(`${CLIENT_BITS}=9`)]],
    [{ clientMaxWindowBits: false }, [pmd()]],
    [
      { serverNoContextTakeover: true, clientNoContextTakeover: true, serverMaxWindowBits: 8 },
      [pmd(SERVER_FORGETS, CLIENT_FORGETS, `${SERVER_BITS}=8`, CLIENT_BITS)],
    ],
  ];
  for (const [perMessageDeflate, offers] of cases) {
    it(`is ${offers[0] ?? 'none'} for ${JSON.stringify(perMessageDeflate)}`, async (t) => {
      const { offered, error } = await call(t, { config: { perMessageDeflate } });
      assert.deepEqual(offered, offers);
      assert.match(error?.message ?? '', /^$/, 'the server may decline');
    });
  }

  it('may be declined, and then there is no compression', async (t) => {
    const { connection } = await call(t, { config: ON });
    assert.deepEqual(connection.extensions, []);
    assert.equal(Object.hasOwn(connection, '_deflate'), false);
  });
});

describe('A client and the server’s answer (RFC 7692 §5.1, §7.1)', () => {
  const cases = [
    [pmd(), true, pmd(), {}],
    [
      pmd(SERVER_FORGETS, CLIENT_FORGETS),
      true,
      pmd(SERVER_FORGETS, CLIENT_FORGETS),
      { serverNoContextTakeover: true, clientNoContextTakeover: true },
    ],
    [
      pmd(`${SERVER_BITS}=9`, `${CLIENT_BITS}=10`),
      { serverMaxWindowBits: 12, threshold: 10, level: 0, memLevel: 9 },
      pmd(`${SERVER_BITS}=9`, `${CLIENT_BITS}=10`),
      {
        ...{ serverMaxWindowBits: 9, clientMaxWindowBits: 10 },
        ...{ threshold: 10, level: 0, memLevel: 9 },
      },
    ],
    [
      pmd(),
      { clientNoContextTakeover: true, clientMaxWindowBits: 10 },
      pmd(),
      { clientNoContextTakeover: true, clientMaxWindowBits: 10 },
    ],
    [
      pmd(`${CLIENT_BITS}=12`),
      { clientMaxWindowBits: 10 },
      pmd(`${CLIENT_BITS}=12`),
      { clientMaxWindowBits: 10 },
    ],
    [
      'Permessage-Deflate;server_max_window_bits = "1\\0"',
      true,
      pmd(`${SERVER_BITS}=10`),
      { serverMaxWindowBits: 10 },
    ],
  ];
  for (const [answer, perMessageDeflate, response, deflate] of cases) {
    it(`takes ${answer} for ${JSON.stringify(perMessageDeflate)}`, async (t) => {
      const { connection, error } = await call(t, { config: { perMessageDeflate }, answer });
      assert.equal(error, undefined);
      assert.deepEqual(connection.extensions, extensionsOf(response));
      assert.deepEqual(compressionOf(connection), { ...PLAINLY, ...deflate });
    });
  }

  const refused = [
    [pmd(), false, 'Server responded with an extension not offered: permessage-deflate'],
    ['foo', true, 'Server responded with an extension not offered: foo'],
    [`${pmd()}, foo`, true, 'Server responded with an extension not offered: foo'],
    [[pmd(), pmd()], true, 'Server responded with permessage-deflate more than once.'],
    [pmd(''), true, 'Server responded with a malformed Sec-WebSocket-Extensions header.'],
    [
      pmd('foo=1'),
      true,
      'Server responded with a parameter that permessage-deflate does not have: foo',
    ],
    [
      pmd(CLIENT_FORGETS, CLIENT_FORGETS),
      true,
      'Server responded with client_no_context_takeover more than once.',
    ],
    [
      pmd(`${SERVER_BITS}=16`),
      true,
      'Server responded with an invalid value of server_max_window_bits: 16',
    ],
    [pmd(CLIENT_BITS), true, 'Server responded with no value of client_max_window_bits.'],
    [
      pmd(`${CLIENT_BITS}=10`),
      { clientMaxWindowBits: false },
      'Server responded with client_max_window_bits, which was not offered.',
    ],
    [
      pmd(),
      { serverNoContextTakeover: true },
      'Server did not respond with the server_no_context_takeover that was offered.',
    ],
    [
      pmd(),
      { serverMaxWindowBits: 10 },
      'Server did not respond with the server_max_window_bits that was offered.',
    ],
    [
      pmd(`${SERVER_BITS}=11`),
      { serverMaxWindowBits: 10 },
      'Server responded with server_max_window_bits=11 where 10 was offered.',
    ],
  ];
  for (const [answer, perMessageDeflate, words] of refused) {
    it(`fails on ${answer} for ${JSON.stringify(perMessageDeflate)}`, async (t) => {
      const { error } = await call(t, { config: { perMessageDeflate }, answer });
      assert.equal(error?.message, words);
      assert.equal(error.code, undefined);
    });
  }

  it('belongs to the call that was answered', async (t) => {
    const answered = [];
    const { url } = await listenRaw(t, (socket, head) => {
      const response = /\/first/.test(head) ? `${SERVER_BITS}=10` : SERVER_FORGETS;
      const answer = `Sec-WebSocket-Extensions: ${pmd(response)}\r\n\r\n`;
      socket.write(`${SWITCHING}${acceptLine(head, native)}${answer}`);
    });
    const client = new WebSocketClient();
    client.on('connect', (connection) => answered.push(connection));
    client.config.perMessageDeflate = { serverMaxWindowBits: 10 };
    const first = client.connect(`${url}first`);
    client.config.perMessageDeflate = { serverNoContextTakeover: true };
    const second = client.connect(`${url}second`);
    const connections = [await first, await second];
    t.after(() => {
      for (const connection of connections) connection.drop();
    });
    assert.deepEqual(
      connections.map(({ extensions }) => extensions),
      [extensionsOf(pmd(`${SERVER_BITS}=10`)), extensionsOf(pmd(SERVER_FORGETS))],
    );
  });
});

describe('An application’s own Sec-WebSocket-Extensions', () => {
  const own = { 'sec-websocket-extensions': 'foo; bar=1, permessage-deflate; foo, baz' };

  it('is sent unchanged when perMessageDeflate is off, and has no effect', async (t) => {
    const { offered, connection } = await call(t, { headers: own, answer: pmd('foo') });
    assert.deepEqual(offered, [own['sec-websocket-extensions']]);
    assert.deepEqual([connection.extensions, compressionOf(connection)], [[], null]);
  });

  for (const name of ['sec-websocket-extensions', 'Sec-WebSocket-Extensions']) {
    for (const value of [own['sec-websocket-extensions'], ['foo; bar=1', pmd('foo'), 'baz']]) {
      it(`is sent after the client’s offer: ${name}: ${value}`, async (t) => {
        const headers = { [name]: value };
        const { offered, connection } = await call(t, {
          config: ON,
          headers,
          answer: `baz, ${pmd()}`,
        });
        assert.deepEqual(offered, [`${pmd(CLIENT_BITS)}, foo; bar=1, baz`]);
        assert.deepEqual(connection.extensions, extensionsOf(pmd()));
        assert.deepEqual(headers, { [name]: value }, 'it is the application’s object');
      });
    }
  }
});

describe('A W3CWebSocket', () => {
  it('has the extensions in use as a header has them', async (t) => {
    const perMessageDeflate = { clientNoContextTakeover: true, serverMaxWindowBits: 10 };
    const { url } = await serve(t, { perMessageDeflate });
    const socket = new W3CWebSocket(url, [], undefined, undefined, undefined, ON);
    assert.equal(socket.extensions, '');
    await once(socket, 'open');
    t.after(() => socket.close());
    assert.equal(socket.extensions, pmd(CLIENT_FORGETS, `${SERVER_BITS}=10`));
  });

  it('has none when the server declines', async (t) => {
    const { url } = await serve(t, {});
    const socket = new W3CWebSocket(url, [], undefined, undefined, undefined, ON);
    await once(socket, 'open');
    t.after(() => socket.close());
    assert.equal(socket.extensions, '');
  });
});
