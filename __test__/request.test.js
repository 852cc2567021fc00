'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { describe, it } = require('node:test');
const url = require('node:url');

const ours = require('..');
const upstream = require('websocket');
const FakeSocket = require('./support/fakeSocket');
const { ACCEPT, KEY, dial, handshake, headerOf, listen, readHead } = require('./support/http');

const CONFIG = {
  closeTimeout: 5000,
  assembleFragments: true,
  maxReceivedFrameSize: 0x10000,
  maxReceivedMessageSize: 0x100000,
  fragmentationThreshold: 0x4000,
  parseCookies: true,
  parseExtensions: true,
};

const HEADERS = { host: 'example.com', 'sec-websocket-key': KEY, 'sec-websocket-version': '13' };

/** A request over a fake socket after readHandshake(). `events` records every event. */
function pending(lib, headers = {}, config = {}, resource = '/chat?room=1') {
  const socket = new FakeSocket();
  const httpRequest = { url: resource, headers: { ...HEADERS, ...headers } };
  const request = new lib.request(socket, httpRequest, { ...CONFIG, ...config });
  const events = [];
  for (const name of ['requestResolved', 'requestAccepted', 'requestRejected']) {
    request.on(name, () => events.push(name));
  }
  request.readHandshake();
  return { request, socket, events };
}

/** The message of the error that `act` throws, and its effects. */
function outcome(lib, headers, act) {
  const { request, socket, events } = pending(lib, headers);
  let message = null;
  try {
    act(request);
  } catch (error) {
    message = error.message;
  }
  return { message, events, written: socket.written, ended: socket.ended };
}

/** Waits for 'close'. Unlike `once`, it ignores an error of the socket. */
function closed(socket) {
  return new Promise((resolve) => socket.once('close', resolve));
}

/** Asserts that both packages do the same, and returns the result. */
function sameOutcome(headers, act) {
  const result = outcome(ours, headers, act);
  assert.deepEqual(result, outcome(upstream, headers, act));
  return result;
}

describe('WebSocketRequest: reading the handshake', () => {
  const full = {
    origin: 'http://example.com',
    'sec-websocket-protocol': 'Chat, superChat',
    'sec-websocket-extensions': 'permessage-deflate; client_max_window_bits, X-Foo; Bar=10',
    'x-forwarded-for': '203.0.113.7, 10.0.0.1',
    cookie: 'a=1; b="two"; c=%20; flag; d=x=y',
  };

  it("has the same fields as npm websocket's", () => {
    const fields = (lib) => {
      const { request } = pending(lib, full);
      const { resource, resourceURL, host, key, origin, webSocketVersion, cookies } = request;
      const { remoteAddress, remoteAddresses, requestedProtocols, requestedExtensions } = request;
      const { query, pathname, href } = resourceURL;
      return {
        ...{ resource, query: { ...query }, pathname, href, host, key, origin, webSocketVersion },
        ...{ cookies, remoteAddress, remoteAddresses, requestedProtocols, requestedExtensions },
        protocolFullCaseMap: request.protocolFullCaseMap,
      };
    };
    assert.deepEqual(fields(ours), fields(upstream));
    assert.equal(fields(ours).remoteAddress, '203.0.113.7');
    assert.deepEqual(fields(ours).requestedProtocols, ['chat', 'superchat']);
  });

  it('has the result of url.parse() as resourceURL', () => {
    for (const resource of [
      ...['/', '/a/b?c=d&c=e&__proto__=f#g', '/%zz?%zz', '//host/path', '*', ''],
      ...['http://user:pass@example.com:8080/chat?room=1', '/ü?ö= a', '?only', '#only'],
    ]) {
      const { request } = pending(ours, {}, {}, resource);
      assert.deepEqual(request.resourceURL, url.parse(resource, true), resource);
    }
  });

  it('omits what the configuration turns off', () => {
    const off = { ignoreXForwardedFor: true, parseCookies: false, parseExtensions: false };
    for (const lib of [ours, upstream]) {
      const { request } = pending(lib, full, off);
      assert.equal(request.remoteAddress, '127.0.0.1');
      assert.deepEqual(request.remoteAddresses, ['127.0.0.1']);
      assert.deepEqual(request.cookies, []);
      assert.deepEqual(request.requestedExtensions, []);
    }
  });

  it('takes the origin of version 8 from Sec-WebSocket-Origin', () => {
    const headers = { 'sec-websocket-version': '8', 'sec-websocket-origin': 'http://old.example' };
    for (const lib of [ours, upstream]) {
      assert.equal(pending(lib, headers).request.origin, 'http://old.example');
    }
  });

  it('keeps the raw value of a cookie that is no valid percent-encoding', () => {
    const headers = { cookie: 'bad=100%; good=%41' };
    assert.deepEqual(pending(ours, headers).request.cookies, [
      { name: 'bad', value: '100%' },
      { name: 'good', value: 'A' },
    ]);
    assert.throws(() => pending(upstream, headers), URIError);
  });

  it('treats __proto__ as a subprotocol like any other', () => {
    const headers = { 'sec-websocket-protocol': '__proto__, chat' };
    const { request, socket } = pending(ours, headers);
    assert.deepEqual(Object.keys(request.protocolFullCaseMap), ['__proto__', 'chat']);
    assert.equal(request.accept('__proto__').protocol, '__proto__');
    assert.match(socket.written[0], /\r\nSec-WebSocket-Protocol: __proto__\r\n/);
    assert.throws(() => pending(upstream, headers).request.accept('__proto__'), TypeError);
  });

  it('ignores white space and empty members in lists', () => {
    const headers = { 'sec-websocket-protocol': ' a ,,b, ' };
    assert.deepEqual(pending(ours, headers).request.requestedProtocols, ['a', 'b']);
  });
});

/** The error that readHandshake() throws. */
function refusalOf(lib, headers) {
  try {
    pending(lib, headers);
  } catch ({ message, httpCode, headers }) {
    return { message, httpCode, headers };
  }
}

const version = (value) => ({ 'sec-websocket-version': value });

describe('WebSocketRequest: refusing the handshake', () => {
  const cases = [
    ['no Host', { host: '' }],
    ['no key', { 'sec-websocket-key': undefined }],
    ['no version', { 'sec-websocket-version': undefined }],
    ['a version that is no number', { 'sec-websocket-version': 'x' }],
    ['no key and version 7', { 'sec-websocket-key': '', 'sec-websocket-version': '7' }],
  ];
  for (const [what, headers] of cases) {
    it(`throws as npm websocket does on ${what}`, () => {
      assert.ok(refusalOf(ours, headers).message);
      assert.deepEqual(refusalOf(ours, headers), refusalOf(upstream, headers));
    });
  }

  // RFC 6455 §4.2.1. npm websocket checks less of it.
  const strict = [
    ['a method other than GET', {}, { method: 'POST' }, 405, /GET/],
    ['HTTP/1.0', {}, { version: '1.0' }, 400, /HTTP\/1\.1/],
    ['an upgrade to something else', { Upgrade: 'h2c' }, {}, 400, /websocket/],
    ['a key that is too short', { 'Sec-WebSocket-Key': 'c2hvcnQ=' }, {}, 400, /16 bytes/],
    ['a key that is no base64', { 'Sec-WebSocket-Key': '!'.repeat(24) }, {}, 400, /16 bytes/],
    ['two keys', { 'Sec-WebSocket-Key': [KEY, KEY] }, {}, 400, /repeat the Sec-WebSocket-Key/],
    ['two versions', { 'Sec-WebSocket-Version': ['13', '13'] }, {}, 400, /repeat/],
    ['two hosts', { Host: ['a', 'b'] }, {}, 400, /repeat the Host/],
  ];
  for (const [what, headers, line, status, reason] of strict) {
    it(`answers ${status} to ${what}`, async (t) => {
      const { httpServer, port } = await listen(t);
      const server = new ours.server({ httpServer });
      server.on('request', () => assert.fail('the request was let through'));
      const refused = once(server, 'upgradeError');
      const socket = await dial(t, port, handshake(headers, line));
      const answer = await readHead(socket);
      assert.equal(answer.status, status);
      assert.match(headerOf(answer, 'X-WebSocket-Reject-Reason'), reason);
      assert.match((await refused)[0].message, reason);
    });
  }

  it("throws for version 7 npm websocket's error, but names both supported versions", () => {
    const [mine, theirs] = [ours, upstream].map((lib) => refusalOf(lib, version('7')));
    assert.deepEqual(theirs, {
      message: 'Unsupported websocket client version: 7Only versions 8 and 13 are supported.',
      httpCode: 426,
      headers: { 'Sec-WebSocket-Version': '13' },
    });
    assert.deepEqual(mine, { ...theirs, headers: { 'Sec-WebSocket-Version': '13, 8' } });
  });

  it('throws for version 0 the error of any unsupported version', () => {
    assert.deepEqual(refusalOf(ours, version('0')), {
      message: 'Unsupported websocket client version: 0Only versions 8 and 13 are supported.',
      httpCode: 426,
      headers: { 'Sec-WebSocket-Version': '13, 8' },
    });
    assert.deepEqual(refusalOf(upstream, version('0')), refusalOf(upstream, version()));
  });

  it('answers 426 with the versions it speaks', async (t) => {
    const { httpServer, port } = await listen(t);
    new ours.server({ httpServer, autoAcceptConnections: true });
    const socket = await dial(t, port, handshake({ 'Sec-WebSocket-Version': '12' }));
    const answer = await readHead(socket);
    assert.equal(answer.status, 426);
    assert.equal(answer.phrase, 'Upgrade Required');
    assert.equal(headerOf(answer, 'Sec-WebSocket-Version'), '13, 8');
  });

  for (const headers of [
    { Connection: 'keep-alive, Upgrade' },
    { Connection: 'UPGRADE', Upgrade: 'WebSocket' },
    { Upgrade: 'h2c, websocket' },
  ]) {
    it(`accepts ${JSON.stringify(headers)}`, async (t) => {
      const { httpServer, port } = await listen(t);
      new ours.server({ httpServer, autoAcceptConnections: true });
      const answer = await readHead(await dial(t, port, handshake(headers)));
      assert.equal(answer.status, 101);
      assert.equal(headerOf(answer, 'Sec-WebSocket-Accept'), ACCEPT);
    });
  }
});

describe('WebSocketRequest: accept()', () => {
  const chat = { 'sec-websocket-protocol': 'Chat, other' };
  const cookie = { name: 'name', value: 'value' };

  for (const [what, headers, args] of [
    ['nothing', {}, []],
    ['null', {}, [null]],
    ['a subprotocol', chat, ['chat']],
    ['an origin', {}, [null, 'http://example.com']],
    ['an origin with a line end', {}, [null, 'http://a\r\nX: y']],
    ['cookies', {}, [null, null, [cookie, { name: 'b', value: '"quoted"' }]]],
    [
      'a cookie with every attribute',
      {},
      [
        null,
        null,
        [
          {
            ...cookie,
            ...{ path: '/a', domain: 'EXAMPLE.com', maxage: '7.6', secure: true, httponly: true },
            expires: new Date(0),
          },
        ],
      ],
    ],
    ['a cookie with control characters', {}, [null, null, [{ name: 'a\r\n;b', value: 'c d;' }]]],
    ['version 8', { 'sec-websocket-version': '8' }, [null, 'http://example.com']],
  ]) {
    it(`writes the bytes of npm websocket, given ${what}`, () => {
      const { message, written, events } = sameOutcome(headers, (request) => {
        request.accept(...structuredClone(args));
      });
      assert.equal(message, null);
      assert.equal(written.length, 1);
      assert.ok(written[0].includes(`\r\nSec-WebSocket-Accept: ${ACCEPT}\r\n`));
      assert.deepEqual(events, ['requestResolved', 'requestAccepted']);
    });
  }

  for (const [what, args, headers = chat] of [
    ['a subprotocol that was not requested', ['nobody']],
    ['cookies that are no array', ['chat', null, {}]],
    ['a cookie without a name', ['chat', null, [{ value: 'x' }]]],
    ['a cookie without a value', ['chat', null, [{ name: 'x' }]]],
    ['two cookies of one name', ['chat', null, [cookie, cookie]]],
    ['a bad cookie name', ['chat', null, [{ name: 'a=b', value: 'x' }]]],
    ['a circumflex in a cookie name', ['chat', null, [{ name: 'a^b', value: 'x' }]]],
    ['a bad cookie value', ['chat', null, [{ name: 'a', value: 'x,y' }]]],
    ['a badly quoted cookie value', ['chat', null, [{ name: 'a', value: '"x"y"' }]]],
    ['a bad path', ['chat', null, [{ ...cookie, path: '/a;b' }]]],
    ['a bad domain', ['chat', null, [{ ...cookie, domain: 'a b' }]]],
    ['a domain that is no string', ['chat', null, [{ ...cookie, domain: 7 }]]],
    ['an invalid date', ['chat', null, [{ ...cookie, expires: 'tomorrow' }]]],
    ['a negative maxage', ['chat', null, [{ ...cookie, maxage: -1 }]]],
    ['a maxage that is no number', ['chat', null, [{ ...cookie, maxage: 'soon' }]]],
    ['secure that is no boolean', ['chat', null, [{ ...cookie, secure: 'yes' }]]],
    ['httponly that is no boolean', ['chat', null, [{ ...cookie, httponly: 1 }]]],
    ['a good cookie before a bad one', ['chat', null, [cookie, { name: 'b' }]]],
  ]) {
    it(`answers 500 and throws as npm websocket does on ${what}`, () => {
      const act = (request) => request.accept(...args.map((arg) => arg && structuredClone(arg)));
      const { message, ended, events } = sameOutcome(headers, act);
      assert.ok(message);
      assert.match(ended[0], /^HTTP\/1\.1 500 Internal Server Error\r\n/);
      assert.deepEqual(events, ['requestResolved', 'requestRejected']);
    });
  }

  it('throws the second time, as npm websocket does', () => {
    for (const [first, second] of [
      ['accept', 'accept'],
      ['accept', 'reject'],
      ['reject', 'accept'],
      ['reject', 'reject'],
    ]) {
      const { message } = sameOutcome({}, (request) => {
        request[first]();
        request[second]();
      });
      assert.equal(message, 'WebSocketRequest may only be accepted or rejected one time.');
    }
  });

  it('names the character that a subprotocol may not have', () => {
    const headers = { 'sec-websocket-protocol': 'a@b' };
    const act = (request) => request.accept('a@b');
    assert.equal(outcome(ours, headers, act).message, 'Illegal character "@" in subprotocol.');
    assert.match(outcome(upstream, headers, act).message, /^Illegal character ".+" in subprotocol/);
  });

  it('takes a subprotocol in any case and answers in the spelling of the client', () => {
    const { request, socket } = pending(ours, chat);
    assert.equal(request.accept('CHAT').protocol, 'chat');
    assert.match(socket.written[0], /\r\nSec-WebSocket-Protocol: Chat\r\n/);
    assert.throws(() => pending(upstream, chat).request.accept('CHAT'), /not requested/);
  });

  it('accepts names from Object.prototype for cookies', () => {
    const cookies = [{ name: 'constructor', value: '1' }];
    const { request, socket } = pending(ours);
    request.accept(null, null, cookies);
    assert.match(socket.written[0], /\r\nSet-Cookie: constructor=1\r\n/);
    assert.throws(() => pending(upstream).request.accept(null, null, cookies), /twice/);
  });

  // Each character is written as one byte, so U+010D U+010A would become CR LF.
  for (const [what, args] of [
    ['an origin', [null, 'x\u010d\u010aX-Smuggled: 1']],
    ['a cookie name', [null, null, [{ name: 'x\u010d\u010aX-Smuggled', value: '1' }]]],
    ['a cookie path', [null, null, [{ ...cookie, path: '/\u010d\u010aX-Smuggled:1' }]]],
    ['a cookie domain', [null, null, [{ ...cookie, domain: 'a\u030d\u030aX-Smuggled:1' }]]],
  ]) {
    it(`writes no additional header for ${what}`, () => {
      const smuggled = (lib) => {
        const { written, ended } = outcome(lib, {}, (request) => {
          request.accept(...structuredClone(args));
        });
        const bytes = Buffer.from([...written, ...ended].join(''), 'ascii').toString('latin1');
        return bytes.split('\r\n').some((line) => /^x-smuggled/i.test(line));
      };
      assert.equal(smuggled(ours), false);
      assert.equal(smuggled(upstream), true);
    });
  }
});

describe('WebSocketRequest: reject()', () => {
  for (const args of [
    [],
    ['404'],
    [401],
    [413],
    [407, 'no'],
    [403, 'two\r\nlines'],
    [503, 'busy', { 'Retry-After': 30, 'X-A\r\nB': 'c\r\nd' }],
  ]) {
    it(`writes the bytes of npm websocket, given ${JSON.stringify(args)}`, () => {
      const { message, ended, events } = sameOutcome({}, (request) => request.reject(...args));
      assert.equal(message, null);
      assert.equal(ended.length, 1);
      assert.deepEqual(events, ['requestResolved', 'requestRejected']);
    });
  }

  const lineOf = (lib, ...args) => {
    const { ended } = outcome(lib, {}, (request) => request.reject(...args));
    return ended[0].split('\r\n')[0];
  };

  it('has the phrase of every status', () => {
    assert.equal(lineOf(ours, 429), 'HTTP/1.1 429 Too Many Requests');
    assert.equal(lineOf(upstream, 429), 'HTTP/1.1 429 undefined');
    assert.equal(lineOf(ours, 422), 'HTTP/1.1 422 Unprocessable Entity');
    assert.equal(lineOf(ours, 599), 'HTTP/1.1 599 Unknown');
  });

  it('answers 403 for an invalid status', () => {
    for (const status of [Number.NaN, 4.5, 99, 1000]) {
      assert.equal(lineOf(ours, status), 'HTTP/1.1 403 Forbidden');
    }
  });

  it('writes a line for each element of a header that is an array', () => {
    const { ended } = outcome(ours, {}, (request) => {
      request.reject(401, null, { 'Set-Cookie': ['a=1', 'b=2'], 'X-None': null });
    });
    assert.match(ended[0], /\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\n$/);
  });

  it('writes no additional header for line breaks in its reason or its headers', () => {
    const bytes = (lib) => {
      const { ended } = outcome(lib, {}, (request) => {
        request.reject(403, 'x\u010d\u010aX-Smuggled: 1', { 'A\u010d\u010aX-Smuggled': '2' });
      });
      return Buffer.from(ended[0], 'ascii').toString('latin1');
    };
    assert.doesNotMatch(bytes(ours), /\r\nX-Smuggled/);
    assert.match(bytes(upstream), /\r\nX-Smuggled: 1/);
  });

  it('accepts any value as a reason', () => {
    const { ended } = outcome(ours, {}, (request) => request.reject(500, new Error('no')));
    assert.match(ended[0], /\r\nX-WebSocket-Reject-Reason: Error: no\r\n/);
  });

  it('closes a socket whose peer goes on sending', async (t) => {
    const { httpServer, port } = await listen(t);
    const server = new ours.server({ httpServer });
    server.on('request', (request) => request.reject(403));
    const accepted = once(httpServer, 'connection');
    const socket = await dial(t, port, `${handshake()}${'x'.repeat(100000)}`);
    const [serverSide] = await accepted;
    const gone = closed(serverSide);
    assert.equal((await readHead(socket)).status, 403);
    socket.end();
    await gone;
  });

  it('cuts off a peer that never hangs up', async (t) => {
    const { httpServer, port } = await listen(t);
    const server = new ours.server({ httpServer, closeTimeout: 20 });
    server.on('request', (request) => request.reject(403));
    const accepted = once(httpServer, 'connection');
    const socket = await dial(t, port, handshake());
    socket.allowHalfOpen = true;
    const [serverSide] = await accepted;
    await closed(serverSide);
  });
});

for (const transport of ['auto', 'stream']) {
  describe(`WebSocketRequest: early resets and early bytes, transport ${transport}`, () => {
    it('survives a reset while it is pending, and accepts into a closed connection', async (t) => {
      const { httpServer, port } = await listen(t);
      const server = new ours.server({ httpServer, transport });
      const asked = once(server, 'request');
      const socket = await dial(t, port, handshake());
      const [request] = await asked;
      const gone = closed(request.socket);
      socket.resetAndDestroy();
      await gone;
      assert.deepEqual(server.pendingRequests, []);

      const connection = request.accept();
      assert.deepEqual(server.connections, [connection]);
      const [code, description] = await once(connection, 'close');
      assert.equal(code, 1006);
      assert.equal(description, 'TCP connection lost before handshake completed.');
      assert.deepEqual(server.connections, []);
    });

    it('survives a reset that arrives after a rejection', async (t) => {
      const { httpServer, port } = await listen(t);
      const server = new ours.server({ httpServer, transport });
      const asked = once(server, 'request');
      const socket = await dial(t, port, handshake());
      const [request] = await asked;
      const gone = closed(request.socket);
      request.reject(403);
      socket.resetAndDestroy();
      await gone;
    });

    it('delivers messages that came together with the handshake', async (t) => {
      const { httpServer, port } = await listen(t);
      const server = new ours.server({ httpServer, autoAcceptConnections: true, transport });
      const connected = once(server, 'connect');
      // "Hello", masked: RFC 6455 §5.7.
      const frame = Buffer.from('818537fa213d7f9f4d5158', 'hex');
      await dial(t, port, Buffer.concat([Buffer.from(handshake()), frame]));
      const [connection] = await connected;
      const [message] = await once(connection, 'message');
      assert.deepEqual(message, { type: 'utf8', utf8Data: 'Hello' });
    });

    it('delivers them to a request that an application constructs with the head', async (t) => {
      const { httpServer, port } = await listen(t);
      const connected = new Promise((resolve) => {
        httpServer.on('upgrade', (httpRequest, socket, head) => {
          const request = new ours.request(socket, httpRequest, { ...CONFIG, transport }, head);
          request.readHandshake();
          resolve(request.accept());
        });
      });
      const frame = Buffer.from('818537fa213d7f9f4d5158', 'hex');
      await dial(t, port, Buffer.concat([Buffer.from(handshake()), frame]));
      const connection = await connected;
      const [message] = await once(connection, 'message');
      assert.equal(message.utf8Data, 'Hello');
      connection.drop();
    });
  });
}
