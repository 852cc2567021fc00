'use strict';

// The request of a client: what its arguments make of it, and which of them are refused at once.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { describe } = require('node:test');

const { it } = require('../support/connect');
const { closing } = require('../support/events');
const { listenRaw } = require('../support/http');
const { same, thrownBy } = require('./support/sides');

const NOTHING = 'ws://127.0.0.1:1/';
const BAD_PROTOCOL = 'SyntaxError: An invalid or duplicated subprotocol was specified';
const BAD_SCHEME =
  'SyntaxError: The URL\'s protocol must be one of "ws:", "wss:", "http:", "https:", or "ws+unix:"';
const BAD_VERSION = (version) =>
  `RangeError: Unsupported protocol version: ${version} (supported versions: 8, 13)`;
const CREDENTIALS = (text) => `Basic ${Buffer.from(text).toString('base64')}`;
const DEFLATE = 'permessage-deflate; client_max_window_bits';

/** A server that keeps the head of each request, without the key, and answers none. */
async function listenForHeads(t) {
  const heads = [];
  const server = await listenRaw(t, (socket, head) => {
    heads.push(head.replace(/^(Sec-WebSocket-Key: )[+/\w]{22}==\r$/m, '$1(key)\r'));
    socket.end();
  });
  return { ...server, heads };
}

/** A client that fails once its request has arrived. */
async function request(lib, ...args) {
  const websocket = new lib.WebSocket(...args);
  websocket.on('error', () => {});
  await closing(websocket);
  return websocket;
}

/** The first line and the headers of a request by their names in lower case. */
function parse(head) {
  const [line, ...rest] = head.trimEnd().split('\r\n');
  const headers = rest.map((header) => {
    const colon = header.indexOf(':');
    return [header.slice(0, colon).toLowerCase(), header.slice(colon + 2)];
  });
  return { line, headers: Object.fromEntries(headers) };
}

describe('The constructor of a client', () => {
  /** Columns: the arguments, and the error. */
  const REFUSED = [
    [[''], 'SyntaxError: Invalid URL: '],
    [[undefined], 'SyntaxError: Invalid URL: undefined'],
    [['example.com'], 'SyntaxError: Invalid URL: example.com'],
    [['ws:'], 'SyntaxError: Invalid URL: ws:'],
    [['ftp://example.com'], BAD_SCHEME],
    [[new URL('file:///tmp')], BAD_SCHEME],
    [['ws+unix:'], "SyntaxError: The URL's pathname is empty"],
    [['ws://example.com#'], undefined],
    [['ws://example.com/#here'], 'SyntaxError: The URL contains a fragment identifier'],
    [['https://example.com/#here'], 'SyntaxError: The URL contains a fragment identifier'],
    [[NOTHING, { protocolVersion: 1000 }], BAD_VERSION(1000)],
    [[NOTHING, [], { protocolVersion: '13' }], BAD_VERSION('13')],
    // The version is judged before the URL, and the URL before the subprotocols.
    [['', [], { protocolVersion: 1 }], BAD_VERSION(1)],
    [['', ['a', 'a']], 'SyntaxError: Invalid URL: '],
    [[NOTHING, null], BAD_PROTOCOL],
    [[NOTHING, ''], BAD_PROTOCOL],
    [[NOTHING, 'a,b'], BAD_PROTOCOL],
    [[NOTHING, 'ä'], BAD_PROTOCOL],
    [[NOTHING, 7], BAD_PROTOCOL],
    [[NOTHING, ['a', 'b', 'a']], BAD_PROTOCOL],
    [[NOTHING, [['a']]], BAD_PROTOCOL],
    [[NOTHING, { protocols: ['a', ''] }], BAD_PROTOCOL],
    [[NOTHING, undefined, { protocols: 'a b' }], BAD_PROTOCOL],
    [
      [NOTHING, [], { headers: { 'x y': '1' } }],
      'TypeError ERR_INVALID_HTTP_TOKEN: Header name must be a valid HTTP token ["x y"]',
    ],
  ];
  for (const [args, words] of REFUSED) {
    const shown = JSON.stringify(args).slice(1, -1);
    it(`${words ? 'refuses' : 'takes'} ${shown}`, async () => {
      const thrown = await same((lib) => {
        if (words) return thrownBy(() => new lib.WebSocket(...args));
        const websocket = new lib.WebSocket(...args);
        websocket.on('error', () => {});
        websocket.terminate();
        return undefined;
      });
      assert.equal(thrown, words);
    });
  }
});

describe('The request of a client', () => {
  /** Columns: what decides, the arguments behind the URL, and headers of the request. */
  const HEADERS = [
    ['no argument', [], { 'sec-websocket-extensions': DEFLATE, 'sec-websocket-version': '13' }],
    ['one subprotocol', ['a'], { 'sec-websocket-protocol': 'a' }],
    ['subprotocols', [['a', 'b']], { 'sec-websocket-protocol': 'a,b' }],
    ['no subprotocol', [[]], { 'sec-websocket-protocol': undefined }],
    ['the option `protocols`', [{ protocols: ['a', 'b'] }], { 'sec-websocket-protocol': 'a,b' }],
    [
      'the option `protocols` with one',
      [undefined, { protocols: 'a' }],
      { 'sec-websocket-protocol': 'a' },
    ],
    ['subprotocols twice', ['a', { protocols: 'b' }], { 'sec-websocket-protocol': 'a' }],
    ['an origin', [{ origin: 'http://a.b' }], { origin: 'http://a.b' }],
    [
      'version 8',
      [{ origin: 'http://a.b', protocolVersion: 8 }],
      { origin: undefined, 'sec-websocket-origin': 'http://a.b', 'sec-websocket-version': '8' },
    ],
    ['headers', [{ headers: { Cookie: 'a=1', Host: 'x.y' } }], { cookie: 'a=1', host: 'x.y' }],
    [
      'headers of the handshake',
      [{ headers: { Upgrade: 'h2c', Connection: 'close', 'Sec-WebSocket-Version': 1 } }],
      { upgrade: 'websocket', connection: 'Upgrade', 'sec-websocket-version': '13' },
    ],
    [
      'no compression',
      [{ perMessageDeflate: false, headers: { 'Sec-WebSocket-Extensions': 'x' } }],
      { 'sec-websocket-extensions': 'x' },
    ],
    [
      'parameters of compression',
      [
        {
          perMessageDeflate: {
            clientMaxWindowBits: 10,
            clientNoContextTakeover: true,
            serverMaxWindowBits: 12,
            serverNoContextTakeover: true,
          },
        },
      ],
      {
        'sec-websocket-extensions':
          'permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12; client_max_window_bits=10',
      },
    ],
    ['credentials', [{ auth: 'a:b' }], { authorization: CREDENTIALS('a:b') }],
  ];
  for (const [what, args, expected] of HEADERS) {
    it(`has the headers for ${what}`, async (t) => {
      const { url, heads } = await listenForHeads(t);
      const head = await same(async (lib) => {
        await request(lib, url, ...args);
        return heads.pop();
      });
      const { headers } = parse(head);
      for (const [name, value] of Object.entries(expected)) assert.equal(headers[name], value);
    });
  }

  /** Columns: what follows the server's URL, and the target of the request. */
  const URLS = [
    ['', '/'],
    ['a/b?c=d&e', '/a/b?c=d&e'],
    ['?c', '/?c'],
    ['ä', '/%C3%A4'],
  ];
  for (const [rest, target] of URLS) {
    it(`asks for ${target}`, async (t) => {
      const { url, heads } = await listenForHeads(t);
      const head = await same(async (lib) => {
        const websocket = await request(lib, url + rest);
        assert.equal(websocket.url, new URL(url + rest).href);
        return heads.pop();
      });
      assert.equal(parse(head).line, `GET ${target} HTTP/1.1`);
    });
  }

  /** Columns: the credentials in the URL, and those that are sent. */
  const LOGINS = [
    ['a:b', 'a:b'],
    ['a', 'a:'],
    [':b', ':b'],
    ['a%40x:b%3Ac', 'a@x:b:c'],
    ['%E4:%zz', '\ufffd:%zz'],
  ];
  for (const [login, sent] of LOGINS) {
    it(`has the credentials ${login} of the URL`, async (t) => {
      const { port, heads } = await listenForHeads(t);
      const head = await same(async (lib) => {
        await request(lib, `ws://${login}@127.0.0.1:${port}/`, { auth: 'x:y' });
        return heads.pop();
      });
      assert.equal(parse(head).headers.authorization, CREDENTIALS(sent));
    });
  }

  it('goes where the URL says, whatever the options say', async (t) => {
    const { url, port, heads } = await listenForHeads(t);
    const { line, headers } = parse(
      await same(async (lib) => {
        await request(lib, url, {
          host: 'example.invalid',
          hostname: 'example.invalid',
          method: 'POST',
          path: '/other',
          port: 1,
          protocol: 'https:',
          socketPath: '/nowhere',
          timeout: 1,
        });
        return heads.pop();
      }),
    );
    assert.equal(line, 'GET / HTTP/1.1');
    assert.equal(headers.host, `127.0.0.1:${port}`);
  });

  it('leaves the arguments as they were', async (t) => {
    const { url, heads } = await listenForHeads(t);
    const seen = await same(async (lib) => {
      const address = new URL(url.replace('ws:', 'http:'));
      const options = { headers: { A: '1' }, followRedirects: true };
      const websocket = await request(lib, address, ['a'], options);
      heads.pop();
      return [websocket.url, address.href, options];
    });
    assert.equal(seen[0], url);
    assert.equal(seen[1], url.replace('ws:', 'http:'));
    assert.deepEqual(seen[2], { headers: { A: '1' }, followRedirects: true });
  });

  it('goes to a Unix domain socket', { skip: process.platform === 'win32' }, async (t) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-'));
    t.after(() => fs.rmSync(folder, { recursive: true }));
    const file = path.join(folder, 's');
    const heads = [];
    const server = http.createServer();
    server.on('upgrade', (incoming, socket) => {
      heads.push([incoming.url, incoming.headers.host, incoming.headers.authorization]);
      socket.end();
    });
    t.after(() => server.close());
    server.listen(file);
    await once(server, 'listening');
    const seen = await same(async (lib) => {
      const urls = [];
      for (const rest of ['', ':', ':/a?b', '?a:/b']) {
        urls.push((await request(lib, `ws+unix:${file}${rest}`)).url);
      }
      return [urls, heads.splice(0)];
    });
    assert.deepEqual(
      seen[1].map(([url, host]) => [url, host]),
      // With a query the path of the socket is another one, so nothing arrives.
      [
        ['/', 'localhost'],
        ['/', 'localhost'],
        ['/a?b', 'localhost'],
      ],
    );
  });

  it('is finished by the application if it wants to', async (t) => {
    const { url, heads } = await listenForHeads(t);
    const head = await same(async (lib) => {
      const log = [];
      const websocket = new lib.WebSocket(url, {
        finishRequest(outgoing, given) {
          log.push(given, outgoing === given._req);
          outgoing.setHeader('X-Mine', '1');
          setImmediate(() => outgoing.end());
        },
      });
      websocket.on('error', () => {});
      assert.deepEqual(log, [websocket, true]);
      await closing(websocket);
      return heads.pop();
    });
    assert.equal(parse(head).headers['x-mine'], '1');
  });

  it('has no port in its Host header if it is the default', async (t) => {
    const { url, port, heads } = await listenForHeads(t);
    const head = await same(async (lib) => {
      await request(lib, url, { defaultPort: port });
      return heads.pop();
    });
    assert.equal(parse(head).headers.host, '127.0.0.1');
  });

  it('goes to an IPv6 address', async (t) => {
    const { port: ours } = await listenForHeads(t);
    const hosts = await same(async (lib) => {
      const hosts = [];
      const createConnection = ({ host, port }) => {
        hosts.push([host, port]);
        return net.connect(ours, '127.0.0.1');
      };
      const websocket = await request(lib, 'ws://[::1]/', { createConnection });
      return [...hosts, websocket.url];
    });
    assert.deepEqual(hosts, [['::1', 80], 'ws://[::1]/']);
  });

  it('goes over an agent of the application', async (t) => {
    const { url, heads } = await listenForHeads(t);
    const seen = await same(async (lib) => {
      const log = [];
      class Agent extends http.Agent {
        createConnection(options, callback) {
          log.push([options.host, options.path, typeof options.port, options.mine]);
          return super.createConnection(options, callback);
        }
      }
      await request(lib, url, { agent: new Agent(), mine: 1 });
      return [log, heads.pop()];
    });
    assert.deepEqual(seen[0], [['127.0.0.1', null, 'string', 1]]);
  });

  it('goes over a connection of the application', async (t) => {
    const { url, heads } = await listenForHeads(t);
    const seen = await same(async (lib) => {
      const log = [];
      const createConnection = ({ host, port, path: target, socketPath }) => {
        log.push([host, target, socketPath]);
        return net.connect(port, host);
      };
      await request(lib, url, { createConnection });
      return [log, heads.pop()];
    });
    assert.deepEqual(seen[0], [['127.0.0.1', undefined, undefined]]);
  });
});
