'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { PassThrough } = require('node:stream');
const { describe } = require('node:test');
const WebSocket = require('ws');

const {
  client: WebSocketClient,
  connection: WebSocketConnection,
  server: WebSocketServer,
  w3cwebsocket: W3CWebSocket,
} = require('../..');
const { it } = require('../support/connect');
const { listen } = require('../support/http');

const {
  ON,
  SERVER_FORGETS,
  CLIENT_FORGETS,
  SERVER_BITS,
  CLIENT_BITS,
  pmd,
  extensionsOf,
  extensionHeaders,
  serve,
  compressionOf,
} = require('./deflateHandshake');

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

  it('is copied into the config with its defaults', async (t) => {
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

  it('includes inherited members', async (t) => {
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
    assert.equal(compressionOf(connection), null);
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

  /** Sorts parameters, because ws orders them differently. */
  function paramsOf(extensions) {
    const params = extensions.flatMap((extension) => extension.params);
    return params.map(({ name, value }) => `${name}=${value}`).sort();
  }
});
