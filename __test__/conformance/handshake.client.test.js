'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { describe } = require('node:test');

const { client: WebSocketClient, w3cwebsocket: W3CWebSocket } = require('../..');
const native = require('../../lib/internal/engine/native');
const { it, onEachTransport, optionFor } = require('../support/connect');
const { listenRaw } = require('../support/http');
const { PLAIN, ascii, openWire } = require('./wire');

/** A text frame that says 'Hello'. */
const HELLO = Buffer.from('810548656c6c6f', 'hex');

/**
 * A server's valid answer, with the given headers replaced. An array gives several headers of a
 * name.
 */
function answerOf(accept, { status = '101 Switching Protocols', headers = {} } = {}) {
  const given = typeof headers === 'function' ? headers(accept) : headers;
  const right = { Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Accept': accept };
  let text = `HTTP/1.1 ${status}\r\n`;
  for (const [name, value] of Object.entries({ ...right, ...given })) {
    for (const one of value === undefined ? [] : [value].flat()) text += `${name}: ${one}\r\n`;
  }
  return Buffer.from(`${text}\r\n`, 'latin1');
}

/**
 * Calls connect() once. The server answers with `reply(accept)`, which gets the right
 * Sec-WebSocket-Accept.
 */
async function call(t, reply, { protocols, headers, path = '/', config } = {}) {
  const server = {};
  server.done = new Promise((resolve) => {
    server.end = resolve;
  });
  const { port } = await listenRaw(t, (socket, head) => {
    server.head = head;
    const late = [];
    socket.on('data', (chunk) => late.push(chunk));
    socket.on('end', () => server.end(Buffer.concat(late)));
    const key = /sec-websocket-key: (\S+)/i.exec(head)[1];
    socket.write(reply(native.acceptKey(key)));
  });
  const client = new WebSocketClient(config);
  const outcomes = [];
  client.on('connect', () => outcomes.push('connect'));
  client.on('connectFailed', () => outcomes.push('connectFailed'));
  const connecting = client.connect(`ws://127.0.0.1:${port}${path}`, protocols, null, headers);
  const connection = await connecting.catch((error) => ({ error }));
  if (!connection.error) t.after(() => connection.drop());
  return { client, connection, error: connection.error, outcomes, server, port };
}

/** Defines a test on each transport for each answer that must establish the connection. */
function takes(cases) {
  for (const [what, answer, options] of cases) {
    for (const transport of PLAIN) {
      it(`takes ${what} (${transport})`, async (t) => {
        const reply = (accept) => Buffer.concat([answerOf(accept, answer), HELLO]);
        const config = { transport: optionFor(transport) };
        const { connection, error, outcomes } = await call(t, reply, { ...options, config });
        assert.equal(error, undefined);
        const [message] = await once(connection, 'message');
        assert.equal(message.utf8Data, 'Hello');
        assert.deepEqual(outcomes, ['connect']);
        assert.equal(connection.transport, transport);
      });
    }
  }
}

/**
 * Defines a test for each answer that must fail the connection: TCP ends and no frame is sent. The
 * transport makes no difference here.
 */
function fails(cases) {
  for (const [what, answer, words, options] of cases) {
    it(`fails on ${what}`, async (t) => {
      const { error, outcomes, server } = await call(t, (a) => answerOf(a, answer), options);
      assert.ok(error, 'the connection was established');
      assert.match(error.message, words);
      assert.equal((await server.done).length, 0);
      assert.deepEqual(outcomes, ['connectFailed']);
    });
  }
}

/** The header lines of a request by their names, which must be unique. */
function headersOf(head) {
  const lines = head.split('\r\n').slice(1, -2);
  const headers = new Map(lines.map((line) => /^(.*?): (.*)$/.exec(line).slice(1)));
  const names = new Set([...headers.keys()].map((name) => name.toLowerCase()));
  assert.equal(names.size, lines.length, 'a header twice');
  return Object.fromEntries(headers);
}

describe('A client’s request (RFC 6455 §4.1)', () => {
  const ask = (t, options) => call(t, (accept) => answerOf(accept), options);

  it('is a GET by HTTP/1.1 with these headers and no others', async (t) => {
    const { server, port } = await ask(t, { path: '/chat?room=1#here' });
    assert.equal(server.head.split('\r\n')[0], 'GET /chat?room=1 HTTP/1.1');
    const { 'Sec-WebSocket-Key': key, ...rest } = headersOf(server.head);
    assert.match(key, /^[A-Za-z0-9+/]{21}[AQgw]==$/);
    assert.deepEqual(rest, {
      Host: `127.0.0.1:${port}`,
      Upgrade: 'websocket',
      Connection: 'Upgrade',
      'Sec-WebSocket-Version': '13',
    });
  });

  it('has a new key each time', async (t) => {
    const keys = new Set();
    const { url } = await listenRaw(t, (socket, head) => {
      keys.add(headersOf(head)['Sec-WebSocket-Key']);
      socket.end('HTTP/1.1 404 Not Found\r\n\r\n');
    });
    for (let i = 0; i < 20; i++) {
      await assert.rejects(async () => new WebSocketClient().connect(url), /404/);
    }
    assert.equal(keys.size, 20);
  });

  it('names the subprotocols in one header, in order', async (t) => {
    const reply = (accept) => answerOf(accept, { headers: { 'Sec-WebSocket-Protocol': 'b' } });
    const { server } = await call(t, reply, { protocols: ['c', 'B', 'b', 'a'] });
    assert.equal(headersOf(server.head)['Sec-WebSocket-Protocol'], 'c, B, b, a');
  });

  it('names each subprotocol once (item 10)', async (t) => {
    const reply = (accept) => answerOf(accept, { headers: { 'Sec-WebSocket-Protocol': 'b' } });
    const { server } = await call(t, reply, { protocols: ['a', 'b', 'a'] });
    assert.equal(headersOf(server.head)['Sec-WebSocket-Protocol'], 'a, b');
  });

  it('names no empty subprotocol (item 10)', async (t) => {
    const reply = (accept) => answerOf(accept, { headers: { 'Sec-WebSocket-Protocol': 'b' } });
    const some = await call(t, reply, { protocols: ['', 'b'] });
    assert.equal(headersOf(some.server.head)['Sec-WebSocket-Protocol'], 'b');
    const none = await ask(t, { protocols: [''] });
    assert.equal('Sec-WebSocket-Protocol' in headersOf(none.server.head), false);
    assert.equal(none.error, undefined);
  });

  it('has each of its own headers once, whatever headers the application adds', async (t) => {
    const headers = {
      'sec-websocket-key': 'mine',
      'SEC-WEBSOCKET-VERSION': '7',
      connection: 'close',
      upgrade: 'h2c',
      'X-A': 'b',
    };
    const { server, error } = await ask(t, { headers });
    assert.equal(error, undefined);
    const sent = headersOf(server.head);
    assert.notEqual(sent['Sec-WebSocket-Key'], 'mine');
    assert.deepEqual(
      [sent['Sec-WebSocket-Version'], sent.Connection, sent.Upgrade, sent['X-A']],
      ['13', 'Upgrade', 'websocket', 'b'],
    );
  });
});

describe('A client and the status (RFC 6455 §4.1, item 1 of the answer)', () => {
  fails(
    [
      ...['200 OK', '201 Created', '204 No Content', '300 Multiple Choices', '301 Moved'],
      ...['302 Found', '304 Not Modified', '307 Temporary Redirect', '400 Bad Request'],
      ...[
        '401 Unauthorized',
        '403 Forbidden',
        '404 Not Found',
        '407 Proxy',
        '426 Upgrade Required',
      ],
      ...['500 Oops', '503 Busy', '999 What'],
    ].map((status) => [
      `${status}, whatever its headers`,
      { status },
      new RegExp(`^Server responded with a non-101 status: ${status}\nResponse Headers Follow:\n`),
    ]),
  );
  takes([['101 by another phrase', { status: '101 Yes' }]]);

  for (const [what, start] of [
    ['100 Continue', 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['102 Processing', 'HTTP/1.1 102 Processing\r\n\r\n'],
    ['103 Early Hints', 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'],
  ]) {
    it(`waits for the answer after ${what}`, async (t) => {
      const reply = (accept) => Buffer.concat([Buffer.from(start), answerOf(accept), HELLO]);
      const { connection, error } = await call(t, reply);
      assert.equal(error, undefined);
      assert.equal((await once(connection, 'message'))[0].utf8Data, 'Hello');
    });
  }

  for (const [what, bytes, code] of [
    ['what is no HTTP', 'SSH-2.0-OpenSSH\r\n', /^HPE_/],
    ['an HTTP version that does not exist', 'HTTP/1.2 101 Yes\r\n\r\n', /^HPE_/],
    ['a header without a colon', 'HTTP/1.1 101 Yes\r\nUpgrade websocket\r\n\r\n', /^HPE_/],
    ['a header that is too long', `HTTP/1.1 101 Yes\r\nX: ${'a'.repeat(20000)}\r\n\r\n`, /^HPE_/],
    ['too many headers', `HTTP/1.1 101 Yes\r\n${'X: 0123456789\r\n'.repeat(2000)}\r\n`, /^HPE_/],
  ]) {
    it(`fails on ${what}`, async (t) => {
      const { error, outcomes } = await call(t, () => bytes);
      assert.match(error.code, code);
      assert.deepEqual(outcomes, ['connectFailed']);
    });
  }

  it('fails on an answer that ends before its headers do', async (t) => {
    const { url } = await listenRaw(t, (socket) => socket.end('HTTP/1.1 101 Yes\r\nUpgrade: we'));
    await assert.rejects(async () => new WebSocketClient().connect(url), { code: 'ECONNRESET' });
  });

  it('fails on no answer at all', async (t) => {
    const { url } = await listenRaw(t, (socket) => socket.end());
    await assert.rejects(async () => new WebSocketClient().connect(url), { code: 'ECONNRESET' });
  });
});

describe('A client and Upgrade (item 2)', () => {
  const words = /Expected an Upgrade: websocket header from the server/;
  takes(
    ['websocket', 'WebSocket', 'WEBSOCKET'].map((Upgrade) => [Upgrade, { headers: { Upgrade } }]),
  );
  fails([
    ['none', { headers: { Upgrade: undefined } }, /non-101 status: 101/],
    ['another protocol', { headers: { Upgrade: 'h2c' } }, words],
    ['a version', { headers: { Upgrade: 'websocket/13' } }, words],
    ['a longer name', { headers: { Upgrade: 'websockets' } }, words],
    ['a list with another protocol', { headers: { Upgrade: 'websocket, h2c' } }, words],
    ['two headers', { headers: { Upgrade: ['h2c', 'websocket'] } }, words],
  ]);
});

describe('A client and Connection (item 3)', () => {
  takes(
    [
      'Upgrade',
      'upgrade',
      'UPGRADE',
      'keep-alive, UpGrade',
      ', upgrade ,\tx',
      ['x', 'upgrade'],
    ].map((Connection) => [JSON.stringify(Connection), { headers: { Connection } }]),
  );
  fails(
    [undefined, 'keep-alive', 'upgraded', 'up grade', '"upgrade"'].map((Connection) => [
      JSON.stringify(Connection) ?? 'none',
      { headers: { Connection } },
      /non-101 status: 101|Expected a Connection: Upgrade header/,
    ]),
  );
});

describe('A client and Sec-WebSocket-Accept (item 4)', () => {
  const name = 'Sec-WebSocket-Accept';
  const wrong = /^Sec-WebSocket-Accept header from server didn't match expected value of \S{28}$/;
  takes([['white space around it', { headers: (accept) => ({ [name]: ` \t${accept} \t` }) }]]);
  fails([
    ['none', { headers: { [name]: undefined } }, /Expected Sec-WebSocket-Accept header/],
    ['an empty one', { headers: { [name]: '' } }, /Expected Sec-WebSocket-Accept header/],
    ['that of another key', { headers: { [name]: 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=' } }, wrong],
    ['another case', { headers: (accept) => ({ [name]: swapCase(accept) }) }, wrong],
    ['no padding', { headers: (accept) => ({ [name]: accept.slice(0, -1) }) }, wrong],
    ['more characters after it', { headers: (accept) => ({ [name]: `${accept}=` }) }, wrong],
    ['quotes', { headers: (accept) => ({ [name]: `"${accept}"` }) }, wrong],
    ['the right one twice', { headers: (accept) => ({ [name]: [accept, accept] }) }, wrong],
    ['a wrong one before it', { headers: (accept) => ({ [name]: ['x', accept] }) }, wrong],
    ['a wrong one after it', { headers: (accept) => ({ [name]: [accept, 'x'] }) }, wrong],
  ]);

  /** Base64 text with the case of its letters changed. It is well-formed, but has another value. */
  function swapCase(text) {
    const lower = text.toLowerCase();
    return lower === text ? text.toUpperCase() : lower;
  }
});

describe('A client and Sec-WebSocket-Extensions (item 5)', () => {
  const of = (extensions) => ({ headers: { 'Sec-WebSocket-Extensions': extensions } });
  /** The client offers no extension, unless the application does. */
  const offered = { headers: { 'Sec-WebSocket-Extensions': 'foo; bar=1, baz' } };

  fails([
    ...['permessage-deflate', 'foo; bar="1"', 'foo, bar', ['foo', 'bar'], '__proto__'].map(
      (extensions) => [
        `${JSON.stringify(extensions)}, none being offered`,
        of(extensions),
        /exten/i,
      ],
    ),
    ['one that is not offered', of('bar'), /exten/i, offered],
    ['one that is not offered, after one that is', of('foo, bar'), /exten/i, offered],
  ]);
  takes([
    ['one that is offered', of('foo; bar=2'), offered],
    ['all that are offered', of(['baz', 'foo']), offered],
  ]);

  it('compares with the offer of the same call', async (t) => {
    const { url } = await listenRaw(t, (socket, head) => {
      const offered = /^sec-websocket-extensions: (.*)$/im.exec(head)?.[1];
      const key = /sec-websocket-key: (\S+)/i.exec(head)[1];
      const headers = { 'Sec-WebSocket-Extensions': offered };
      socket.write(answerOf(native.acceptKey(key), { headers }));
    });
    const client = new WebSocketClient();
    const first = client.connect(url, null, null, { 'Sec-WebSocket-Extensions': 'foo' });
    const second = client.connect(url);
    for (const connection of [await first, await second]) connection.drop();
  });

  it('refuses a compressed message, although the application has offered compression by a header', async (t) => {
    const deflate = { headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate' } };
    // 'Hello' as in RFC 7692 §7.2.3.1.
    const compressed = Buffer.from('c107f248cdc9c90700', 'hex');
    const reply = (accept) => Buffer.concat([answerOf(accept, deflate), compressed]);
    const { connection } = await call(t, reply, deflate);
    assert.deepEqual(await once(connection, 'close'), [
      1002,
      'Unsupported usage of rsv bits without negotiated extension.',
    ]);
  });
});

describe('A client and Sec-WebSocket-Protocol (item 6)', () => {
  const asked = { protocols: ['chat', 'Other'] };
  const of = (protocol) => ({ headers: { 'Sec-WebSocket-Protocol': protocol } });
  const unasked = /Server did not respond with a requested protocol/;

  for (const protocol of asked.protocols) {
    it(`takes ${protocol}, which it has requested`, async (t) => {
      const { connection } = await call(t, (accept) => answerOf(accept, of(protocol)), asked);
      assert.equal(connection.protocol, protocol);
    });
  }
  fails([
    ['one that it has not asked for', of('third'), unasked, asked],
    ['one in another case', of('CHAT'), unasked, asked],
    ['a list of what it has asked for', of('chat, Other'), unasked, asked],
    ['two headers of what it has asked for', of(['chat', 'Other']), unasked, asked],
    ['one twice', of(['chat', 'chat']), unasked, asked],
    ['part of one', of('cha'), unasked, asked],
    ['none, having asked', of(undefined), /Expected a Sec-WebSocket-Protocol header/, asked],
    ['an empty one, having asked', of(''), /Expected a Sec-WebSocket-Protocol header/, asked],
  ]);

  const wrong = /^Server responded with a protocol that was not requested: /;
  const byHeader = { headers: { 'sec-websocket-protocol': 'chat, Other' } };
  takes([
    ['none, having asked for none', of(undefined)],
    ['an empty one, which counts as none, without a request', of('')],
    ['one that the application has asked for by a header', of('Other'), byHeader],
    ['none, the application having asked by a header', of(undefined), byHeader],
    [
      'one of two headers of the application’s',
      of('Other'),
      { headers: { 'Sec-WebSocket-Protocol': ['chat', 'Other'] } },
    ],
    [
      'one that it has requested, whatever header the application adds',
      of('chat'),
      { ...asked, headers: { 'sec-websocket-protocol': 'mine' } },
    ],
  ]);
  fails([
    ['one, having asked for none', of('chat'), wrong],
    ['two headers, having asked for none', of(['chat', 'Other']), wrong],
    ['one, having asked for one without a name', of('chat'), wrong, { protocols: [''] }],
    ['one that the application has not asked for by its header', of('third'), wrong, byHeader],
    ['a list of what the application has asked for', of('chat, Other'), wrong, byHeader],
  ]);

  it("fails a W3CWebSocket that has requested none, with 'error' and then 'close'", async (t) => {
    const { url } = await listenRaw(t, (socket, head) => {
      const key = /sec-websocket-key: (\S+)/i.exec(head)[1];
      socket.write(answerOf(native.acceptKey(key), of('chat')));
    });
    const socket = new W3CWebSocket(url);
    const seen = [];
    socket.onopen = () => seen.push(['open']);
    socket.onerror = ({ error }) => seen.push(['error', error.message]);
    socket.onclose = ({ code, wasClean }) => seen.push(['close', code, wasClean]);
    await once(socket, 'close');
    assert.deepEqual(seen, [
      ['error', 'Server responded with a protocol that was not requested: chat'],
      ['close', 1006, false],
    ]);
    assert.deepEqual([socket.readyState, socket.protocol], [socket.CLOSED, '']);
  });
});

onEachTransport(
  'A client and frames in one segment with the answer',
  (transport) => {
    const side = { transport, role: 'client' };

    it('delivers them', async (t) => {
      const frames = ['8105 48656c6c6f', '8900', '8802 0fa1'];
      const { wire, messages } = await openWire(t, { ...side, frames });
      assert.deepEqual(await wire.rest(), ['8a00', '8802 03e8', 'FIN']);
      assert.deepEqual(messages, ['Hello']);
    });

    it('refuses invalid ones', async (t) => {
      const { wire, closed } = await openWire(t, { ...side, frames: ['c105 48656c6c6f'] });
      const words = 'Unsupported usage of rsv bits without negotiated extension.';
      assert.deepEqual(await wire.rest(), [`883d 03ea${ascii(words)}`, 'FIN']);
      assert.deepEqual(await closed, [1002, words]);
    });
  },
  PLAIN,
);

describe('A client and other parts of an answer', () => {
  takes([
    ['unknown headers', { headers: { 'X-A': 'b', 'Sec-WebSocket-Foo': 'bar' } }],
    ['headers in any case', { headers: { 'X-a': ['b', 'c'], 'SET-COOKIE': ['a=b', 'c=d'] } }],
    ['a header that is only just not too long', { headers: { 'X-A': 'a'.repeat(15000) } }],
    ['headers that are only just not too many', { headers: { X: Array(1800).fill('a') } }],
    ['a length, which 101 has not', { headers: { 'Content-Length': '7' } }],
    ['chunks, which 101 has not', { headers: { 'Transfer-Encoding': 'chunked' } }],
  ]);
});
