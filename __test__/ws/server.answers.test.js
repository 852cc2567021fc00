'use strict';

// Each check of an upgrade request, with the bytes of its answer and the error of 'wsClientError'.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { describe } = require('node:test');

const { it } = require('../support/connect');
const { ACCEPT, dial, handshake, listen, readHead } = require('../support/http');
const { readToEnd, same, wordsOf } = require('./support/sides');

const PROTOCOLS = 'Sec-WebSocket-Protocol';
const EXTENSIONS = 'Sec-WebSocket-Extensions';
const DEFLATE = { perMessageDeflate: true };
const BAD_KEY = 'Missing or invalid Sec-WebSocket-Key header';
const BAD_VERSION = 'Missing or invalid Sec-WebSocket-Version header';
const BAD_PROTOCOLS = 'Invalid Sec-WebSocket-Protocol header';
const BAD_EXTENSIONS = 'Invalid or unacceptable Sec-WebSocket-Extensions header';

/** Columns: the fault, headers of the request, status, body, the server's options, method. */
const FAULTS = [
  ['another method', {}, 405, 'Invalid HTTP method', {}, 'POST'],
  ['another upgrade', { Upgrade: 'h2c' }, 400, 'Invalid Upgrade header'],
  ['a list of upgrades', { Upgrade: 'h2c, websocket' }, 400, 'Invalid Upgrade header'],
  ['no key', { 'Sec-WebSocket-Key': undefined }, 400, BAD_KEY],
  ['an empty key', { 'Sec-WebSocket-Key': '' }, 400, BAD_KEY],
  ['a short key', { 'Sec-WebSocket-Key': 'Zm9v' }, 400, BAD_KEY],
  ['a key that is no base64', { 'Sec-WebSocket-Key': `${'P'.repeat(21)}!==` }, 400, BAD_KEY],
  ['a key without padding', { 'Sec-WebSocket-Key': 'P'.repeat(24) }, 400, BAD_KEY],
  ['two keys', { 'Sec-WebSocket-Key': [`${'P'.repeat(22)}==`, 'Q'] }, 400, BAD_KEY],
  ['no version', { 'Sec-WebSocket-Version': undefined }, 400, BAD_VERSION],
  ['version 12', { 'Sec-WebSocket-Version': '12' }, 400, BAD_VERSION],
  ['version "hybi"', { 'Sec-WebSocket-Version': 'hybi' }, 400, BAD_VERSION],
  ['a bad subprotocol', { [PROTOCOLS]: 'a;b' }, 400, BAD_PROTOCOLS],
  ['an empty subprotocol', { [PROTOCOLS]: 'a,,b' }, 400, BAD_PROTOCOLS],
  ['no subprotocol in the header', { [PROTOCOLS]: '' }, 400, BAD_PROTOCOLS],
  ['a subprotocol twice', { [PROTOCOLS]: 'a, b, a' }, 400, BAD_PROTOCOLS],
  ['bad extensions', { [EXTENSIONS]: 'a;=' }, 400, BAD_EXTENSIONS, DEFLATE],
  [
    'a bad window',
    { [EXTENSIONS]: 'permessage-deflate; server_max_window_bits=7' },
    400,
    BAD_EXTENSIONS,
    DEFLATE,
  ],
  [
    'a parameter twice',
    { [EXTENSIONS]: 'permessage-deflate; server_max_window_bits=9; server_max_window_bits=9' },
    400,
    BAD_EXTENSIONS,
    DEFLATE,
  ],
];

/** Refused requests without a fault of their own. Columns as above. */
const REFUSALS = [
  ['another path', {}, 400, 'Bad Request', { path: '/other' }],
  ['a client that is not verified', {}, 401, 'Unauthorized', { verifyClient: () => false }],
  [
    'a client that is not verified later',
    {},
    401,
    'Unauthorized',
    { verifyClient: (_client, decide) => setImmediate(decide, false) },
  ],
  [
    'a client with a status',
    {},
    404,
    'Not Found',
    { verifyClient: (_client, decide) => decide(false, 404) },
  ],
  [
    'a client with a status, a message and headers',
    {},
    403,
    'gaê',
    {
      verifyClient: (_client, decide) =>
        decide(false, 403, 'gaê', { Foo: 'bar', 'Content-Type': 'text/plain' }),
    },
  ],
];

/** A server and the whole answer to a request; the server's faults are recorded if `hears`. */
async function ask(t, lib, { headers, options, method = 'GET', hears = false }) {
  const { httpServer, port } = await listen(t);
  const server = new lib.WebSocketServer({ server: httpServer, ...options });
  const log = [];
  server.on('connection', () => log.push('connection'));
  if (hears) {
    server.on('wsClientError', (error, socket, request) => {
      log.push(wordsOf(error), request.method);
      socket.end('mine');
    });
  }
  const socket = await dial(t, port, handshake(headers, { method }));
  return { answer: await readToEnd(socket), log };
}

/** Defines a test of the answer for each row. */
function refuses(rows) {
  for (const [what, headers, status, body, options, method] of rows) {
    it(`refuses ${what}`, async (t) => {
      const { answer, log } = await same((lib) => ask(t, lib, { headers, options, method }));
      assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} [A-Z].*\r\nConnection: close\r\n`));
      assert.ok(answer.endsWith(`\r\n\r\n${Buffer.from(body).toString('latin1')}`), answer);
      assert.deepEqual(log, []);
    });
  }
}

describe('WebSocketServer of ws', () => {
  refuses(FAULTS);
  refuses(REFUSALS);

  it('names its versions to a client with another one', async (t) => {
    const headers = { 'Sec-WebSocket-Version': '12' };
    const { answer } = await same((lib) => ask(t, lib, { headers }));
    assert.match(answer, /\r\nSec-WebSocket-Version: 13, 8\r\n/);
  });

  it('refuses a request without an Upgrade header', async (t) => {
    // Node emits no 'upgrade' for it, but an application may call handleUpgrade().
    const { answer } = await same(async (lib) => {
      const { httpServer, port } = await listen(t);
      const server = new lib.WebSocketServer({ noServer: true });
      httpServer.on('upgrade', (request, socket, head) => {
        delete request.headers.upgrade;
        server.handleUpgrade(request, socket, head, assert.fail);
      });
      const socket = await dial(t, port, handshake());
      return { answer: await readToEnd(socket) };
    });
    assert.match(answer, /^HTTP\/1\.1 400 .*Invalid Upgrade header$/s);
  });

  for (const [what, headers, , message, options, method = 'GET'] of FAULTS) {
    it(`leaves ${what} to a listener for 'wsClientError'`, async (t) => {
      const asked = (lib) => ask(t, lib, { headers, options, method, hears: true });
      const { answer, log } = await same(asked);
      assert.equal(answer, 'mine');
      assert.deepEqual(log, [`Error: ${message}`, method]);
    });
  }

  for (const [what, headers, status, , options] of REFUSALS) {
    it(`refuses ${what} without 'wsClientError'`, async (t) => {
      const { answer, log } = await same((lib) => ask(t, lib, { headers, options, hears: true }));
      assert.ok(answer.startsWith(`HTTP/1.1 ${status} `), answer);
      assert.deepEqual(log, []);
    });
  }

  it('judges in a fixed order', async (t) => {
    const faults = [
      ['POST', {}],
      ['GET', { Upgrade: 'h2c' }],
      ['GET', { 'Sec-WebSocket-Key': 'x' }],
      ['GET', { 'Sec-WebSocket-Version': '1' }],
      ['GET', { [PROTOCOLS]: 'a;b' }],
      ['GET', { [EXTENSIONS]: 'a;=' }],
    ];
    const answers = await same((lib) => {
      const options = { ...DEFLATE, verifyClient: () => false };
      return Promise.all(
        faults.map(async ([method], i) => {
          // Each request has its own fault and all the later ones.
          const headers = Object.assign({}, ...faults.slice(i).map(([, fault]) => fault));
          return (await ask(t, lib, { headers, options, method })).answer;
        }),
      );
    });
    assert.deepEqual(
      answers.map((answer) => answer.split('\r\n\r\n')[1]),
      [
        'Invalid HTTP method',
        'Invalid Upgrade header',
        BAD_KEY,
        BAD_VERSION,
        BAD_PROTOCOLS,
        BAD_EXTENSIONS,
      ],
    );
  });

  it('asks shouldHandle() before it reads subprotocols', async (t) => {
    const headers = { [PROTOCOLS]: 'a;b' };
    const { answer } = await same((lib) => ask(t, lib, { headers, options: { path: '/x' } }));
    assert.match(answer, /\r\n\r\nBad Request$/);
  });
});

describe('An upgraded connection of ws', () => {
  /** Columns: a name, headers of the request, the server's options, headers of the answer. */
  const UPGRADES = [
    ['nothing else', {}, {}, []],
    ['version 8', { 'Sec-WebSocket-Version': '8' }, {}, []],
    ['another case', { Upgrade: 'WebSocket' }, {}, []],
    ['its path', {}, { path: '/' }, []],
    ['subprotocols', { [PROTOCOLS]: 'b, a' }, {}, [[PROTOCOLS, 'b']]],
    ['compression that is off', { [EXTENSIONS]: 'permessage-deflate; x' }, {}, []],
    ['another extension', { [EXTENSIONS]: 'x-foo' }, DEFLATE, []],
    [
      'compression',
      { [EXTENSIONS]: 'permessage-deflate; client_max_window_bits' },
      DEFLATE,
      [[EXTENSIONS, 'permessage-deflate']],
    ],
    [
      'compression, the second offer',
      {
        [EXTENSIONS]:
          'permessage-deflate; server_max_window_bits=8, permessage-deflate; server_no_context_takeover',
      },
      { perMessageDeflate: { serverMaxWindowBits: 10 } },
      [[EXTENSIONS, 'permessage-deflate; server_no_context_takeover; server_max_window_bits=10']],
    ],
    [
      'both',
      { [PROTOCOLS]: 'a', [EXTENSIONS]: 'permessage-deflate' },
      DEFLATE,
      [
        [PROTOCOLS, 'a'],
        [EXTENSIONS, 'permessage-deflate'],
      ],
    ],
  ];

  for (const [what, headers, options, lines] of UPGRADES) {
    it(`is answered with ${what}`, async (t) => {
      const answer = await same(async (lib) => {
        const { httpServer, port } = await listen(t);
        new lib.WebSocketServer({ server: httpServer, ...options });
        const socket = await dial(t, port, handshake(headers));
        const { status, phrase, headers: sent } = await readHead(socket);
        return { status, phrase, sent };
      });
      assert.equal(answer.status, 101);
      assert.deepEqual(answer.sent, [
        ['Upgrade', 'websocket'],
        ['Connection', 'Upgrade'],
        ['Sec-WebSocket-Accept', ACCEPT],
        ...lines,
      ]);
    });
  }
});

describe('An HTTP server of ws', () => {
  it('demands an upgrade from ordinary requests', async (t) => {
    const answer = await same(async (lib) => {
      const server = new lib.WebSocketServer({ port: 0, host: '127.0.0.1' });
      t.after(() => server.close());
      await once(server, 'listening');
      const request = 'GET / HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n';
      const socket = await dial(t, server.address().port, request);
      return (await readToEnd(socket)).replace(/^Date: .*\r\n/m, '');
    });
    assert.match(answer, /^HTTP\/1\.1 426 .*\r\n\r\nUpgrade Required$/s);
    assert.match(answer, /^Content-Type: text\/plain\r$/m);
  });
});
