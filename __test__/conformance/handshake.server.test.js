'use strict';

const assert = require('node:assert/strict');
const { createHash } = require('node:crypto');
const { once } = require('node:events');
const { describe } = require('node:test');

const { server: WebSocketServer } = require('../..');
const { it, onEachTransport, optionFor } = require('../support/connect');
const { ACCEPT, KEY, dial, handshake, headerOf, listen, readHead } = require('../support/http');
const { PLAIN, openWire } = require('./wire');

const SWITCHED = [
  ['Upgrade', 'websocket'],
  ['Connection', 'Upgrade'],
  ['Sec-WebSocket-Accept', ACCEPT],
];

/** RFC 6455 §4.2.2, item 5.4, independent of this package's code. */
function acceptOf(key) {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}

/** A server that takes the first offered subprotocol. It answers ordinary requests with 418. */
async function serve(t, config) {
  const { httpServer, port } = await listen(t);
  const wsServer = new WebSocketServer({ httpServer, autoAcceptConnections: true, ...config });
  const accepted = [];
  wsServer.on('connect', (connection) => accepted.push(connection));
  httpServer.on('request', (_request, response) => response.writeHead(418).end());
  const ask = async (...request) => {
    const text = request.length === 1 && typeof request[0] === 'string';
    const socket = await dial(t, port, text ? request[0] : handshake(...request));
    return { socket, ...(await readHead(socket)) };
  };
  return { wsServer, accepted, ask };
}

/** The pong to a ping of 'Hello' proves that the connection works. */
async function works({ socket }) {
  socket.write(Buffer.from('898537fa213d7f9f4d5158', 'hex'));
  const [pong] = await once(socket, 'data');
  assert.equal(pong.toString('hex'), '8a0548656c6c6f');
}

/** The server's remaining bytes, in hex. */
async function restOf(socket) {
  const chunks = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  await once(socket, 'end');
  return Buffer.concat(chunks).toString('hex');
}

/** Defines a test on each transport for each request that must be accepted. */
function accepts(cases) {
  for (const [what, headers, line] of cases) {
    for (const transport of PLAIN) {
      it(`takes ${what} (${transport})`, async (t) => {
        const { accepted, ask } = await serve(t, { transport: optionFor(transport) });
        const answer = await ask(headers, line);
        assert.deepEqual([answer.status, answer.phrase], [101, 'Switching Protocols']);
        assert.deepEqual(answer.headers, SWITCHED);
        await works(answer);
        assert.deepEqual(
          accepted.map((connection) => connection.transport),
          [transport],
        );
      });
    }
  }
}

/**
 * Defines a test for each request that must be refused with `status` and closed. The transport
 * makes no difference here.
 */
function refuses(status, cases, further = () => {}) {
  for (const [what, headers, line] of cases) {
    it(`refuses ${what} with ${status}`, async (t) => {
      const { wsServer, accepted, ask } = await serve(t);
      const answer = await ask(headers, line);
      assert.equal(answer.status, status);
      assert.deepEqual(accepted, []);
      assert.equal(headerOf(answer, 'Connection'), 'close');
      assert.equal(headerOf(answer, 'Sec-WebSocket-Accept'), undefined);
      further(answer);
      if (!answer.socket.readableEnded) await once(answer.socket, 'end');
      assert.deepEqual([wsServer.connections, wsServer.pendingRequests], [[], []]);
    });
  }
}

/** Defines a test for each request that is not for the WebSocket server (RFC 9110 §7.8). */
function leavesToHttp(cases) {
  for (const [what, headers, line] of cases) {
    it(`leaves ${what} to the HTTP server`, async (t) => {
      const { accepted, ask } = await serve(t);
      assert.equal((await ask(headers, line)).status, 418);
      assert.deepEqual(accepted, []);
    });
  }
}

describe('The server and the request line (RFC 6455 §4.2.1, item 1)', () => {
  accepts([
    ['a GET of a path', {}, { path: '/chat/room?x=1&y=%20' }],
    ['a GET of an absolute URI', {}, { path: 'http://example.com/chat' }],
  ]);
  refuses(
    405,
    ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'HEAD', 'TRACE'].map((method) => [
      `method ${method}`,
      {},
      { method },
    ]),
    (answer) => assert.equal(headerOf(answer, 'Allow'), 'GET'),
  );
  refuses(400, [
    ['HTTP/1.0', {}, { version: '1.0' }],
    ['HTTP/0.9', {}, { version: '0.9' }],
  ]);

  for (const [what, line] of [
    ['a method in lower case', { method: 'get' }],
    ['an HTTP version that does not exist', { version: '1.2' }],
  ]) {
    it(`survives ${what}`, async (t) => {
      const { accepted, ask } = await serve(t);
      assert.equal((await ask({}, line)).status, 400);
      assert.deepEqual(accepted, []);
    });
  }
});

describe('The server and Host (item 2)', () => {
  accepts([
    ['a name', { Host: 'example.com' }],
    ['a name and a port', { Host: 'example.com:8080' }],
    ['an IPv6 address', { Host: '[2001:db8::1]:8080' }],
  ]);
  refuses(400, [
    ['none', { Host: undefined }],
    ['an empty one', { Host: '' }],
    ['two', { Host: ['example.com', 'example.org'] }],
    ['the same one twice', { Host: ['example.com', 'example.com'] }],
    ['two in different case', { Host: 'example.com', HOST: 'example.com' }],
  ]);
});

describe('The server and Upgrade (item 3)', () => {
  accepts([
    ['websocket', { Upgrade: 'websocket' }],
    ['WebSocket', { Upgrade: 'WebSocket' }],
    ['WEBSOCKET', { Upgrade: 'WEBSOCKET' }],
    ['the last of a list', { Upgrade: 'h2c, WebSocket' }],
    ['the first of a list', { Upgrade: 'websocket,h2c' }],
    ['a list with empty members', { Upgrade: ', ,\twebsocket ,' }],
    ['two headers', { Upgrade: ['h2c', 'websocket'] }],
  ]);
  refuses(400, [
    ['another protocol', { Upgrade: 'h2c' }],
    ['a version', { Upgrade: 'websocket/13' }],
    ['a longer name', { Upgrade: 'websockets' }],
    ['a shorter name', { Upgrade: 'websocke' }],
    ['a quoted name', { Upgrade: '"websocket"' }],
    ['a name in another', { Upgrade: 'x websocket' }],
  ]);
  leavesToHttp([['a request without it', { Upgrade: undefined }]]);
});

describe('The server and Connection (item 4)', () => {
  accepts([
    ['Upgrade', { Connection: 'Upgrade' }],
    ['upgrade', { Connection: 'upgrade' }],
    ['UPGRADE', { Connection: 'UPGRADE' }],
    ['the last of a list', { Connection: 'keep-alive, Upgrade' }],
    ['the first of a list', { Connection: 'upgrade,HTTP2-Settings' }],
    ['a list with empty members', { Connection: ', ,\tupgrade ,' }],
    ['two headers', { Connection: ['keep-alive', 'Upgrade'] }],
  ]);
  leavesToHttp([
    ['a request without it', { Connection: undefined }],
    ['one without Upgrade', { Connection: 'keep-alive' }],
    ['one with a longer word', { Connection: 'upgraded' }],
    ['one with a quoted word', { Connection: '"upgrade"' }],
  ]);
});

describe('The server and Sec-WebSocket-Key (item 5)', () => {
  accepts([['white space around it', { 'Sec-WebSocket-Key': ` \t${KEY} \t` }]]);

  for (const [what, key] of [
    ['zeros', 'AAAAAAAAAAAAAAAAAAAAAA=='],
    ['every bit set', '/////////////////////w=='],
    ['slashes and pluses', '+/+/+/+/+/+/+/+/+/+/+w=='],
    ['bits set that no byte has', 'dGhlIHNhbXBsZSBub25jZf=='],
  ]) {
    it(`takes ${what} and answers with its hash`, async (t) => {
      const { ask } = await serve(t);
      const answer = await ask({ 'Sec-WebSocket-Key': key });
      assert.equal(answer.status, 101);
      assert.equal(headerOf(answer, 'Sec-WebSocket-Accept'), acceptOf(key));
    });
  }

  refuses(400, [
    ['none', { 'Sec-WebSocket-Key': undefined }],
    ['an empty one', { 'Sec-WebSocket-Key': '' }],
    ['15 bytes', { 'Sec-WebSocket-Key': 'MTIzNDU2Nzg5MDEyMzQ1' }],
    ['17 bytes', { 'Sec-WebSocket-Key': 'MTIzNDU2Nzg5MDEyMzQ1Njc=' }],
    ['18 bytes in 24 characters', { 'Sec-WebSocket-Key': 'MTIzNDU2Nzg5MDEyMzQ1Njc4' }],
    ['16 bytes without padding', { 'Sec-WebSocket-Key': KEY.slice(0, 22) }],
    ['16 bytes with half the padding', { 'Sec-WebSocket-Key': KEY.slice(0, 23) }],
    ['too much padding', { 'Sec-WebSocket-Key': `${KEY}=` }],
    ['padding within', { 'Sec-WebSocket-Key': 'dGhlIHNhbXBs==Bub25jZQ==' }],
    ['a hyphen of base64url', { 'Sec-WebSocket-Key': '-GhlIHNhbXBsZSBub25jZQ==' }],
    ['an underscore of base64url', { 'Sec-WebSocket-Key': '_GhlIHNhbXBsZSBub25jZQ==' }],
    ['a blank within', { 'Sec-WebSocket-Key': 'dGhlIHNhbX sZSBub25jZQ==' }],
    ['a byte beyond ASCII', { 'Sec-WebSocket-Key': `é${KEY.slice(1)}` }],
    ['two', { 'Sec-WebSocket-Key': [KEY, 'AAAAAAAAAAAAAAAAAAAAAA=='] }],
    ['the same one twice', { 'Sec-WebSocket-Key': [KEY, KEY] }],
    ['a list of two', { 'Sec-WebSocket-Key': `${KEY}, ${KEY}` }],
  ]);
});

describe('The server and Sec-WebSocket-Version (item 6, §4.4)', () => {
  accepts([
    ['13', { 'Sec-WebSocket-Version': '13' }],
    ['8', { 'Sec-WebSocket-Version': '8' }],
    ['white space around it', { 'Sec-WebSocket-Version': ' \t13 ' }],
  ]);
  refuses(
    426,
    [
      ...['0', '1', '7', '9', '12', '14', '80', '130', '255'],
      // Versions beyond the grammar of §4.3, and the supported ones modulo 2⁸, 2³² and 2⁶⁴.
      ...['256', '269', '1000', '4294967309', '18446744073709551624', '9'.repeat(400)],
    ].map((version) => [version.slice(0, 20), { 'Sec-WebSocket-Version': version }]),
    (answer) => {
      assert.equal(answer.phrase, 'Upgrade Required');
      assert.equal(headerOf(answer, 'Sec-WebSocket-Version'), '13, 8');
    },
  );
  refuses(400, [
    ['none', { 'Sec-WebSocket-Version': undefined }],
    ['an empty one', { 'Sec-WebSocket-Version': '' }],
    ['a word', { 'Sec-WebSocket-Version': 'thirteen' }],
    ['a number with more characters after it', { 'Sec-WebSocket-Version': '13abc' }],
    ['a fraction', { 'Sec-WebSocket-Version': '13.0' }],
    ['a sign', { 'Sec-WebSocket-Version': '+13' }],
    ['a negative number', { 'Sec-WebSocket-Version': '-1' }],
    ['an unsupported number with more characters after it', { 'Sec-WebSocket-Version': '7abc' }],
    ['a leading zero', { 'Sec-WebSocket-Version': '013' }],
    ['two zeros', { 'Sec-WebSocket-Version': '00' }],
    ['hexadecimal', { 'Sec-WebSocket-Version': '0xd' }],
    ['digits beyond ASCII', { 'Sec-WebSocket-Version': '1\u00b3' }],
    ['a list', { 'Sec-WebSocket-Version': '13, 8' }],
    ['a list of unsupported ones', { 'Sec-WebSocket-Version': '7, 6' }],
    ['two', { 'Sec-WebSocket-Version': ['13', '8'] }],
    ['two unsupported ones', { 'Sec-WebSocket-Version': ['7', '6'] }],
    ['the same one twice', { 'Sec-WebSocket-Version': ['13', '13'] }],
  ]);
});

describe('The server and Sec-WebSocket-Protocol (item 8, §4.2.2)', () => {
  /** The answer of a server that calls accept() with `protocol`. */
  async function answerTo(t, headers, protocol) {
    const { wsServer, ask } = await serve(t, { autoAcceptConnections: false });
    let thrown = null;
    wsServer.on('request', (request) => {
      try {
        request.accept(protocol, null);
      } catch (error) {
        thrown = error;
      }
    });
    const answer = await ask(headers);
    return { ...answer, thrown };
  }

  for (const [what, offered, accepted, answered] of [
    ['the one that is offered', 'chat', 'chat', 'chat'],
    ['any one of a list', 'a, b, c', 'b', 'b'],
    ['one of several headers', ['a', 'b, c'], 'c', 'c'],
    ['one without white space', 'a,b', 'b', 'b'],
    ['one among empty members', ', ,\tb ,', 'b', 'b'],
    ['one that is offered twice, once', 'a, a', 'a', 'a'],
    ['it in the client’s spelling', 'ChAt', 'chat', 'ChAt'],
    ['it in the client’s spelling', 'ChAt', 'CHAT', 'ChAt'],
    [
      'every kind of character',
      "!#$%&'*+-.^_`|~09AZaz",
      "!#$%&'*+-.^_`|~09azaz",
      "!#$%&'*+-.^_`|~09AZaz",
    ],
  ]) {
    it(`answers ${what}`, async (t) => {
      const answer = await answerTo(t, { 'Sec-WebSocket-Protocol': offered }, accepted);
      assert.deepEqual(answer.headers, [...SWITCHED, ['Sec-WebSocket-Protocol', answered]]);
      await works(answer);
    });
  }

  for (const [what, offered] of [
    ['none is offered', undefined],
    ['an empty list is offered', ''],
    ['none is wanted', 'chat'],
  ]) {
    it(`answers none if ${what}`, async (t) => {
      const answer = await answerTo(t, { 'Sec-WebSocket-Protocol': offered }, null);
      assert.deepEqual(answer.headers, SWITCHED);
      await works(answer);
    });
  }

  for (const [what, offered, accepted] of [
    ['one that is not offered', 'chat', 'other'],
    ['one when none is offered', undefined, 'chat'],
    ['a list of what is offered', 'a, b', 'a, b'],
    ['one that is no token', 'a b', 'a b'],
    ['one that would begin a header', 'chat', 'chat\r\nX-Smuggled: 1'],
  ]) {
    it(`never answers ${what}`, async (t) => {
      const answer = await answerTo(t, { 'Sec-WebSocket-Protocol': offered }, accepted);
      assert.equal(answer.status, 500);
      assert.match(answer.thrown.message, /not requested|Illegal character/);
      assert.equal(headerOf(answer, 'Sec-WebSocket-Protocol'), undefined);
      assert.equal(headerOf(answer, 'X-Smuggled'), undefined);
    });
  }

  refuses(
    400,
    ['a b', 'a@b', 'a/b', '"chat"', 'a=b', 'chät'].map((protocol) => [
      `${protocol}, which is no token, where it would be accepted`,
      { 'Sec-WebSocket-Protocol': protocol },
    ]),
  );
});

describe('The server and Sec-WebSocket-Extensions (item 9, §9.1)', () => {
  accepts(
    [
      'permessage-deflate',
      'permessage-deflate; client_max_window_bits, x-webkit-deflate-frame',
      ['foo', 'bar; baz=2'],
      'foo; bar="quoted"',
      '',
      ';;=;,;=,"',
    ].map((extensions) => [
      `${JSON.stringify(extensions)} and answers none`,
      { 'Sec-WebSocket-Extensions': extensions },
    ]),
  );

  it('refuses a compressed message of a client that has offered compression', async (t) => {
    const { ask } = await serve(t);
    const headers = { 'Sec-WebSocket-Extensions': 'permessage-deflate' };
    const { socket } = await ask(headers);
    // 'Hello' as in RFC 7692 §7.2.3.1, masked.
    socket.write(Buffer.from('c18737fa213dc5b2ecf4fefd21', 'hex'));
    const words = 'Unsupported usage of rsv bits without negotiated extension.';
    assert.equal(await restOf(socket), `883d03ea${Buffer.from(words).toString('hex')}`);
  });
});

describe('The server and other parts of a request', () => {
  accepts([
    ['unknown headers', { 'X-A': 'b', 'Sec-WebSocket-Foo': 'bar' }],
    ['a header twice', { 'X-A': ['b', 'c'] }],
    ['headers in any case', { 'SEC-WEBSOCKET-FOO': 'bar' }],
    ['no body', { 'Content-Length': '0' }],
  ]);

  it('is answered as in the example of RFC 6455 §1.3', async (t) => {
    const { ask } = await serve(t);
    const { headers } = await ask(
      [
        'GET /chat HTTP/1.1',
        'Host: server.example.com',
        'Upgrade: websocket',
        'Connection: Upgrade',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        'Origin: http://example.com',
        'Sec-WebSocket-Protocol: chat, superchat',
        'Sec-WebSocket-Version: 13',
        ...['', ''],
      ].join('\r\n'),
    );
    assert.deepEqual(headers, [
      ...SWITCHED,
      ['Sec-WebSocket-Protocol', 'chat'],
      ['Origin', 'http://example.com'],
    ]);
  });

  it('treats two origins as one that is not allowed', async (t) => {
    const { wsServer, ask } = await serve(t, { autoAcceptConnections: false });
    const asked = once(wsServer, 'request');
    wsServer.on('request', (request) => request.reject(403));
    const { status } = await ask({ Origin: ['http://example.com', 'http://example.org'] });
    assert.equal(status, 403);
    assert.equal((await asked)[0].origin, 'http://example.com, http://example.org');
  });

  it('answers 431 to more than Node’s 16 KiB of headers, and keeps running', async (t) => {
    const { ask } = await serve(t);
    for (const name of ['X-A', 'Cookie', 'Sec-WebSocket-Protocol', 'Sec-WebSocket-Extensions']) {
      assert.equal((await ask({ [name]: 'a'.repeat(17000) })).status, 431);
    }
    await works(await ask());
  });

  it('takes headers just below that size', async (t) => {
    const { ask } = await serve(t);
    for (const [name, value] of [
      ['X-A', 'a'.repeat(15000)],
      ['Cookie', 'a=b; '.repeat(3000)],
      ['X-Forwarded-For', 'a, '.repeat(5000)],
      ['Sec-WebSocket-Extensions', 'a; b, '.repeat(2500)],
    ]) {
      await works(await ask({ [name]: value }));
    }
  });

  // A server would have to read a body before the frames (RFC 9110 §7.8), and Node leaves it in
  // their place.
  refuses(400, [
    ['a body with a length', { 'Content-Length': '5' }],
    ['a body in chunks', { 'Transfer-Encoding': 'chunked' }],
  ]);
});

onEachTransport(
  'The server and frames in one segment with the handshake',
  (transport) => {
    it('delivers them', async (t) => {
      const frames = ['8105 48656c6c6f', '8900', '8802 0fa1'];
      const { wire, messages } = await openWire(t, { transport, role: 'server', frames });
      assert.deepEqual(await wire.rest(), ['8a00', '8802 03e8', 'FIN']);
      assert.deepEqual(messages, ['Hello']);
    });
  },
  PLAIN,
);
