'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { PassThrough } = require('node:stream');
const { describe } = require('node:test');
const WebSocket = require('ws');

const {
  client: WebSocketClient,
  connection: WebSocketConnection,
  request: WebSocketRequest,
  router: WebSocketRouter,
  server: WebSocketServer,
  w3cwebsocket: W3CWebSocket,
} = require('../..');
const native = require('../../lib/native');
const { it, optionFor } = require('../support/connect');
const { SWITCHING, acceptLine, dial, handshake, listen, listenRaw, readHead } =
  require('../support/http');
const { PLAIN } = require('./wire');

const ON = { perMessageDeflate: true };
const SERVER_FORGETS = 'server_no_context_takeover';
const CLIENT_FORGETS = 'client_no_context_takeover';
const SERVER_BITS = 'server_max_window_bits';
const CLIENT_BITS = 'client_max_window_bits';

/** What a connection compresses by where nothing is asked for. */
const PLAINLY = {
  serverNoContextTakeover: false,
  clientNoContextTakeover: false,
  serverMaxWindowBits: 15,
  clientMaxWindowBits: 15,
  threshold: 1024,
  level: -1,
  memLevel: 8,
};

/** The header with the parameters. */
function pmd(...params) {
  return ['permessage-deflate', ...params].join('; ');
}

/** What `connection.extensions` says of such a header. */
function extensionsOf(header) {
  if (header === undefined) return [];
  const [name, ...params] = header.split('; ');
  const pairs = params.map((param) => [...param.split('='), undefined].slice(0, 2));
  return [{ name, params: pairs.map(([name, value]) => ({ name, value })) }];
}

function extensionHeaders(answer) {
  return answer.headers.filter(([name]) => name === 'Sec-WebSocket-Extensions').map(([, v]) => v);
}

/** A pong of 'Hello' to a ping, masked: the connection works. */
async function works(socket) {
  socket.write(Buffer.from('898537fa213d7f9f4d5158', 'hex'));
  const [pong] = await once(socket, 'data');
  assert.equal(pong.toString('hex'), '8a0548656c6c6f');
}

/** A server; `ask` gives its answer to offers, and the connection if there is one. */
async function serve(t, config, accept) {
  const { httpServer, port, url } = await listen(t);
  const wsServer = new WebSocketServer({
    httpServer,
    autoAcceptConnections: accept === undefined,
    ...config,
  });
  if (accept) wsServer.on('request', accept);
  let connection;
  wsServer.on('connect', (accepted) => {
    connection = accepted;
  });
  const ask = async (offers, headers) => {
    connection = undefined;
    const socket = await dial(
      t,
      port,
      handshake({ 'Sec-WebSocket-Extensions': offers, ...headers }),
    );
    const answer = await readHead(socket);
    return { ...answer, socket, connection };
  };
  return { wsServer, ask, url };
}

/** A client that is answered with a header, and what it makes of that. */
async function call(t, { config, headers, answer = [] }) {
  let head;
  const { url } = await listenRaw(t, (socket, request) => {
    head = request;
    const lines = [answer].flat().map((value) => `Sec-WebSocket-Extensions: ${value}\r\n`);
    socket.write(`${SWITCHING}${acceptLine(request, native)}${lines.join('')}\r\n`);
  });
  const client = new WebSocketClient(config);
  const connecting = client.connect(url, null, null, headers);
  const connection = await connecting.catch((error) => ({ error }));
  if (!connection.error) t.after(() => connection.drop());
  return { client, connection, error: connection.error, offered: offersIn(head) };
}

/** Every Sec-WebSocket-Extensions of a request. */
function offersIn(head) {
  const lines = head.split('\r\n').map((line) => /^sec-websocket-extensions: (.*)$/i.exec(line));
  return lines.filter((match) => match).map((match) => match[1]);
}

describe('A server without perMessageDeflate', () => {
  for (const perMessageDeflate of [undefined, null, false]) {
    it(`answers no offer when it is ${perMessageDeflate}`, async (t) => {
      const accept = (request) => request.accept(null, null, null, { perMessageDeflate: true });
      const { ask } = await serve(t, { perMessageDeflate }, accept);
      const { socket, connection, ...answer } = await ask(pmd(CLIENT_BITS));
      assert.deepEqual([answer.status, extensionHeaders(answer)], [101, []]);
      assert.deepEqual(connection.extensions, []);
      assert.equal(connection._deflate, null);
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
      assert.deepEqual(connection._deflate, deflate ? { ...PLAINLY, ...deflate } : null);
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

  it('stands among the other headers', async (t) => {
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

  it('is shared by connections that agree on the same, and frozen', async (t) => {
    const { ask } = await serve(t, ON);
    const { connection: first } = await ask(pmd(CLIENT_BITS));
    const { connection: second } = await ask(pmd());
    const { connection: third } = await ask(pmd(SERVER_FORGETS));
    assert.equal(first._deflate, second._deflate);
    assert.equal(first.extensions, second.extensions);
    assert.notEqual(first._deflate, third._deflate);
    for (const part of [first._deflate, first.extensions, third.extensions[0].params]) {
      assert.ok(Object.isFrozen(part));
    }
  });
});

describe('A server and a malformed Sec-WebSocket-Extensions (RFC 6455 §9.1)', () => {
  for (const offers of [pmd(''), 'foo bar', `foo, ${pmd(`${SERVER_BITS}="1 0"`)}`, ';;=;,"']) {
    it(`refuses ${offers} where it negotiates`, async (t) => {
      const { wsServer, ask } = await serve(t, ON);
      const failed = once(wsServer, 'upgradeError');
      const answer = await ask(offers);
      const words = 'Client must provide a well-formed Sec-WebSocket-Extensions header.';
      assert.equal(answer.status, 400);
      assert.equal(new Map(answer.headers).get('X-WebSocket-Reject-Reason'), words);
      const [error] = await failed;
      assert.deepEqual([error.message, error.code], [words, undefined]);
    });

    it(`takes ${offers} where it does not`, async (t) => {
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
      assert.deepEqual(connection._deflate, compresses ? PLAINLY : null);
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

  it('that the application makes itself is answered by the configuration it brings', async (t) => {
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
    assert.deepEqual((await accepted)._deflate, { ...PLAINLY, serverMaxWindowBits: 9 });
  });
});

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

  it('may be declined, and then there is none', async (t) => {
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
      assert.deepEqual(connection._deflate, { ...PLAINLY, ...deflate });
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

  it('is sent as it is where perMessageDeflate is off, and changes nothing', async (t) => {
    const { offered, connection } = await call(t, { headers: own, answer: pmd('foo') });
    assert.deepEqual(offered, [own['sec-websocket-extensions']]);
    assert.deepEqual([connection.extensions, connection._deflate], [[], null]);
  });

  for (const name of ['sec-websocket-extensions', 'Sec-WebSocket-Extensions']) {
    for (const value of [own['sec-websocket-extensions'], ['foo; bar=1', pmd('foo'), 'baz']]) {
      it(`is sent behind the client’s offer: ${name}: ${value}`, async (t) => {
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

  it('has none where the server declines', async (t) => {
    const { url } = await serve(t, {});
    const socket = new W3CWebSocket(url, [], undefined, undefined, undefined, ON);
    await once(socket, 'open');
    t.after(() => socket.close());
    assert.equal(socket.extensions, '');
  });
});

describe('The option perMessageDeflate', () => {
  const range = (name, least, most) =>
    [least - 1, most + 1, least + 0.5, Number.NaN, Number.POSITIVE_INFINITY].map((value) => [
      { [name]: value },
      RangeError,
      `perMessageDeflate.${name} must be an integer from ${least} to ${most}, not ${value}.`,
    ]);
  const words = 'perMessageDeflate must be true, false or an object, not';
  const wrong = [
    [1, TypeError, `${words} 1.`],
    [0, TypeError, `${words} 0.`],
    ['yes', TypeError, `${words} 'yes'.`],
    [[], TypeError, `${words} [].`],
    [Symbol('x'), TypeError, `${words} Symbol(x).`],
    [() => {}, TypeError, `${words} [Function (anonymous)].`],
    ...range('serverMaxWindowBits', 8, 15),
    ...range('clientMaxWindowBits', 8, 15),
    ...range('threshold', 0, 0xffffffff),
    ...range('level', -1, 9),
    ...range('memLevel', 1, 9),
    ...['serverMaxWindowBits', 'clientMaxWindowBits', 'threshold', 'level', 'memLevel'].map(
      (name) => [
        { [name]: '9' },
        TypeError,
        new RegExp(`^perMessageDeflate\\.${name} must be an integer from .*, not '9'\\.$`),
      ],
    ),
    [
      { serverMaxWindowBits: true },
      TypeError,
      'perMessageDeflate.serverMaxWindowBits must be an integer from 8 to 15, not true.',
    ],
    ...['serverNoContextTakeover', 'clientNoContextTakeover'].map((name) => [
      { [name]: 1 },
      TypeError,
      `perMessageDeflate.${name} must be a boolean, not 1.`,
    ]),
  ];
  for (const [perMessageDeflate, { name }, message] of wrong) {
    it(`may not be ${nameOf(perMessageDeflate)}`, async (t) => {
      const { httpServer } = await listen(t);
      const config = { httpServer, perMessageDeflate };
      assert.throws(() => new WebSocketServer(config), { name, message });
      assert.throws(() => new WebSocketServer().mount(config), { name, message });
      assert.equal(httpServer.listenerCount('upgrade'), 0);
      assert.throws(() => new WebSocketClient({ perMessageDeflate }), { name, message });
      const client = new WebSocketClient();
      client.config.perMessageDeflate = perMessageDeflate;
      assert.throws(() => client.connect('ws://127.0.0.1:9/'), { name, message });
      const w3c = () => new W3CWebSocket('ws://127.0.0.1:9/', [], null, {}, {}, config);
      assert.throws(w3c, { name, message });
    });
  }

  function nameOf(value) {
    if (typeof value !== 'object') return String(value);
    const [name] = Object.keys(value);
    return name === undefined ? '[]' : `${name}: ${value[name]}`;
  }

  it('is in the config with its defaults, and is the application’s no more', async (t) => {
    const { httpServer } = await listen(t);
    const given = { serverMaxWindowBits: 10, unknown: 1 };
    const { config } = new WebSocketServer({ httpServer, perMessageDeflate: given });
    const full = {
      serverNoContextTakeover: false,
      clientNoContextTakeover: false,
      serverMaxWindowBits: 10,
      clientMaxWindowBits: undefined,
      threshold: 1024,
      level: -1,
      memLevel: 8,
    };
    assert.deepEqual(config.perMessageDeflate, full);
    given.serverMaxWindowBits = 99;
    assert.deepEqual(config.perMessageDeflate, full);
    assert.deepEqual(new WebSocketClient(config).config.perMessageDeflate, full);
    const on = { ...full, serverMaxWindowBits: undefined };
    assert.deepEqual(new WebSocketClient(ON).config.perMessageDeflate, on);
    assert.equal('perMessageDeflate' in new WebSocketServer({ httpServer }).config, false);
    assert.equal('perMessageDeflate' in new WebSocketClient().config, false);
  });

  it('takes what it inherits', async (t) => {
    const perMessageDeflate = Object.create({ serverMaxWindowBits: 9 });
    const { ask } = await serve(t, Object.create({ perMessageDeflate }));
    assert.deepEqual(extensionHeaders(await ask(pmd())), []);
    const config = new WebSocketClient(Object.create({ perMessageDeflate })).config;
    assert.equal(config.perMessageDeflate.serverMaxWindowBits, 9);
  });

  it('has no effect on a connection that the application constructs', () => {
    const extensions = [{ name: 'permessage-deflate', params: [] }];
    const connection = new WebSocketConnection(new PassThrough(), extensions, null, false, ON);
    assert.equal(connection.extensions, extensions);
    assert.equal(connection._deflate, null);
    connection.drop();
  });
});

describe('The handshake with ws', () => {
  const settings = [
    [true, true, pmd()],
    [true, false, undefined],
    [false, true, undefined],
    [{ serverNoContextTakeover: true }, true, pmd(SERVER_FORGETS)],
    [true, { clientNoContextTakeover: true }, pmd(CLIENT_FORGETS)],
    [
      { serverMaxWindowBits: 12, clientMaxWindowBits: 11 },
      { serverMaxWindowBits: 12, clientMaxWindowBits: 11 },
      pmd(`${SERVER_BITS}=12`, `${CLIENT_BITS}=11`),
    ],
    [
      true,
      { serverMaxWindowBits: 9, clientMaxWindowBits: 9 },
      pmd(`${SERVER_BITS}=9`, `${CLIENT_BITS}=9`),
    ],
  ];

  for (const [server, client, response] of settings) {
    const what = `${response}: ${JSON.stringify(server)} and ${JSON.stringify(client)}`;

    it(`agrees on ${what}, as the server`, async (t) => {
      const { wsServer, url } = await serve(t, { perMessageDeflate: server });
      const connected = once(wsServer, 'connect');
      const theirs = new WebSocket(url, { perMessageDeflate: client });
      const [[upgrade]] = await Promise.all([once(theirs, 'upgrade'), once(theirs, 'open')]);
      const [ours] = await connected;
      assert.equal(upgrade.headers['sec-websocket-extensions'], response);
      assert.equal(theirs.extensions, response === undefined ? '' : 'permessage-deflate');
      assert.deepEqual(ours.extensions, extensionsOf(response));
      theirs.close(4000);
      assert.deepEqual((await once(ours, 'close'))[0], 4000);
    });

    it(`agrees on ${what}, as the client`, async (t) => {
      const { httpServer, url } = await listen(t);
      const wss = new WebSocket.Server({ server: httpServer, perMessageDeflate: server });
      t.after(() => wss.close());
      const connected = once(wss, 'connection');
      const ours = await new WebSocketClient({ perMessageDeflate: client }).connect(url);
      const [theirs] = await connected;
      assert.equal(theirs.extensions, response === undefined ? '' : 'permessage-deflate');
      assert.deepEqual(paramsOf(ours.extensions), paramsOf(extensionsOf(response)));
      ours.close(4000);
      assert.deepEqual((await once(theirs, 'close'))[0], 4000);
    });
  }

  /** In an order of their own, as ws has another one. */
  function paramsOf(extensions) {
    const params = extensions.flatMap((extension) => extension.params);
    return params.map(({ name, value }) => `${name}=${value}`).sort();
  }
});
