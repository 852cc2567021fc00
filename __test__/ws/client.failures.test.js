'use strict';

// Handshakes of a client that fail: each error with its words, its events and their order.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const http = require('node:http');
const { describe } = require('node:test');

const { it } = require('../support/connect');
const { closing, until } = require('../support/events');
const { SWITCHING, acceptLine, listenRaw } = require('../support/http');
const native = require('../../lib/internal/engine/codec');
const { same, wordsOf } = require('./support/sides');

const NO_EXTENSION = 'Server sent a Sec-WebSocket-Extensions header but no extension was requested';
const NOT_REQUESTED = 'Server indicated an extension that was not requested';
const BAD_EXTENSIONS = 'Invalid Sec-WebSocket-Extensions header';
const ABORTED = 'WebSocket was closed before the connection was established';

/** The answer that accepts a client, with further lines. */
function accepting(...lines) {
  const rest = [...lines, ''].join('\r\n');
  return (head) => `${SWITCHING}${acceptLine(head, native)}${rest}\r\n`;
}

/** A server that answers each client's request. */
function listenAndAnswer(t, answer) {
  return listenRaw(t, (socket, head) => socket.write(answer(head)));
}

/** The events of a client and its fields at each of them. */
function observe(websocket) {
  const log = [];
  for (const event of ['open', 'error', 'close']) {
    websocket.on(event, (...args) => {
      const { readyState, _req: request, protocol, extensions } = websocket;
      log.push([event, ...args.map(described), readyState, request === null, protocol, extensions]);
    });
  }
  return log;
}

function described(argument) {
  if (argument instanceof Error) return wordsOf(argument);
  return Buffer.isBuffer(argument) ? argument.toString() : argument;
}

describe("A client judges the server's answer", () => {
  /** Columns: the fault, the answer, the message, and the client's arguments. */
  const ANSWERS = [
    [
      'no Upgrade header',
      (head) =>
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n${acceptLine(head, native)}\r\n`,
      // Node takes it for an ordinary answer.
      'Unexpected server response: 101',
    ],
    [
      'another upgrade',
      (head) => accepting()(head).replace('Upgrade: websocket', 'Upgrade: foo'),
      'Invalid Upgrade header',
    ],
    ['no accepted key', () => `${SWITCHING}\r\n`, 'Invalid Sec-WebSocket-Accept header'],
    [
      'another key',
      () => `${SWITCHING}Sec-WebSocket-Accept: CxYS6+NgJSBG74mdgLvGscRvpns=\r\n\r\n`,
      'Invalid Sec-WebSocket-Accept header',
    ],
    [
      'a subprotocol unasked',
      accepting('Sec-WebSocket-Protocol: a'),
      'Server sent a subprotocol but none was requested',
    ],
    [
      'another subprotocol',
      accepting('Sec-WebSocket-Protocol: b'),
      'Server sent an invalid subprotocol',
      ['a'],
    ],
    [
      'two subprotocols',
      accepting('Sec-WebSocket-Protocol: a, b'),
      'Server sent an invalid subprotocol',
      [['a', 'b']],
    ],
    [
      'an empty subprotocol',
      accepting('Sec-WebSocket-Protocol:'),
      'Server sent an invalid subprotocol',
      ['a'],
    ],
    ['no subprotocol', accepting(), 'Server sent no subprotocol', ['a']],
    [
      'extensions unasked',
      accepting('Sec-WebSocket-Extensions: permessage-deflate'),
      NO_EXTENSION,
      [{ perMessageDeflate: false }],
    ],
    [
      'empty extensions unasked',
      accepting('Sec-WebSocket-Extensions:'),
      NO_EXTENSION,
      [{ perMessageDeflate: false }],
    ],
    ['empty extensions', accepting('Sec-WebSocket-Extensions:'), BAD_EXTENSIONS],
    ['bad extensions', accepting('Sec-WebSocket-Extensions: a;='), BAD_EXTENSIONS],
    ['another extension', accepting('Sec-WebSocket-Extensions: a'), NOT_REQUESTED],
    [
      'one more extension',
      accepting('Sec-WebSocket-Extensions: permessage-deflate, a'),
      NOT_REQUESTED,
    ],
    [
      'an unknown parameter',
      accepting('Sec-WebSocket-Extensions: permessage-deflate; a'),
      BAD_EXTENSIONS,
    ],
    [
      'a wider window than offered',
      accepting('Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=12'),
      BAD_EXTENSIONS,
      [{ perMessageDeflate: { clientMaxWindowBits: 10 } }],
    ],
    [
      'a subprotocol, and bad extensions',
      accepting('Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Extensions: a;='),
      BAD_EXTENSIONS,
      ['a'],
    ],
  ];
  for (const [what, answer, words, args = []] of ANSWERS) {
    it(`refuses ${what}`, async (t) => {
      const { url } = await listenAndAnswer(t, answer);
      const log = await same(async (lib) => {
        const websocket = new lib.WebSocket(url, ...args);
        const log = observe(websocket);
        websocket.on('open', () => websocket.terminate());
        await closing(websocket);
        return log;
      });
      assert.deepEqual(
        log.map(([event, first, second]) => [event, first, second]),
        [
          ['error', `Error: ${words}`, 2],
          ['close', 1006, ''],
        ],
      );
    });
  }

  /** Columns: a name, lines of the answer, the client's arguments, subprotocol and extensions. */
  const AGREEMENTS = [
    ['nothing more', [], [], ['', '']],
    ['a subprotocol', ['Sec-WebSocket-Protocol: b'], [['a', 'b']], ['b', '']],
    [
      'compression',
      ['Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover'],
      [],
      ['', 'permessage-deflate'],
    ],
    [
      'compression twice',
      ['Sec-WebSocket-Extensions: permessage-deflate, permessage-deflate'],
      [],
      ['', 'permessage-deflate'],
    ],
  ];
  for (const [what, lines, args, agreed] of AGREEMENTS) {
    it(`takes ${what}`, async (t) => {
      const { url } = await listenAndAnswer(t, accepting(...lines));
      const seen = await same(async (lib) => {
        const websocket = new lib.WebSocket(url, ...args);
        let upgraded;
        websocket.on('upgrade', (response) => {
          upgraded = [response.statusCode, websocket.readyState, websocket._req !== null];
        });
        await once(websocket, 'open');
        const { protocol, extensions, readyState, _req: request } = websocket;
        const { params } = websocket._extensions['permessage-deflate'] ?? {};
        websocket.terminate();
        return { agreed: [protocol, extensions], readyState, request, upgraded, params };
      });
      assert.deepEqual(seen.agreed, agreed);
      assert.deepEqual(seen.upgraded, [101, 0, true]);
    });
  }
});

describe('The handshake of a client', () => {
  it('fails with an answer that is no upgrade', async (t) => {
    const { url } = await listenAndAnswer(t, () => 'HTTP/1.1 401 Unauthorized\r\n\r\n');
    const [first] = await same(async (lib) => {
      const websocket = new lib.WebSocket(url);
      const log = observe(websocket);
      await closing(websocket);
      return log;
    });
    assert.deepEqual(first.slice(0, 3), ['error', 'Error: Unexpected server response: 401', 2]);
  });

  it('fails with a redirect that it does not follow', async (t) => {
    const answer = () => 'HTTP/1.1 302 Found\r\nLocation: /a\r\n\r\n';
    const { url } = await listenAndAnswer(t, answer);
    const log = await same(async (lib) => {
      const websocket = new lib.WebSocket(url);
      const log = observe(websocket);
      await closing(websocket);
      return [...log, websocket._redirects];
    });
    assert.equal(log[0][1], 'Error: Unexpected server response: 302');
  });

  it("leaves such an answer to a listener for 'unexpected-response'", async (t) => {
    const answer = () => 'HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nmine';
    const { url } = await listenAndAnswer(t, answer);
    const seen = await same(async (lib) => {
      const websocket = new lib.WebSocket(url);
      const log = observe(websocket);
      const [request, response] = await once(websocket, 'unexpected-response');
      const state = [request === websocket._req, response.statusCode, websocket.readyState];
      response.setEncoding('latin1');
      const [body] = await once(response, 'data');
      websocket.close();
      await closing(websocket);
      return [state, body, ...log];
    });
    assert.deepEqual(seen.slice(0, 2), [[true, 404, 0], 'mine']);
    assert.equal(seen[2][1], `Error: ${ABORTED}`);
  });

  it('fails with an error of the request', async (t) => {
    const { port, url } = await listenRaw(t, (socket) => socket.end());
    const seen = await same(async (lib) => {
      const logs = [];
      for (const address of [url, `wss://127.0.0.1:${port}/`, 'ws://127.0.0.1:0/']) {
        const websocket = new lib.WebSocket(address, { handshakeTimeout: 0 });
        const log = observe(websocket);
        // A plain server waits for the rest of what it takes for a request.
        if (address.startsWith('wss')) websocket._req.on('socket', (socket) => socket.destroy());
        await closing(websocket);
        logs.push(log);
      }
      return logs;
    });
    assert.equal(seen[0][0][1], 'Error ECONNRESET: socket hang up');
  });

  it('fails if it takes too long', async (t) => {
    const { url } = await listenRaw(t, () => {});
    const [error, close] = await same(async (lib) => {
      const websocket = new lib.WebSocket(url, { handshakeTimeout: 20 });
      const log = observe(websocket);
      await closing(websocket);
      return log;
    });
    assert.deepEqual(error.slice(0, 3), ['error', 'Error: Opening handshake has timed out', 2]);
    assert.deepEqual(close.slice(0, 3), ['close', 1006, '']);
  });

  it('passes on a mistake of the request that appears when it is sent', async () => {
    const words = await same((lib) => {
      try {
        new lib.WebSocket('ws://127.0.0.1:1/', { agent: 'none' });
      } catch (error) {
        return error.code;
      }
      return undefined;
    });
    assert.equal(words, 'ERR_INVALID_ARG_TYPE');
  });
});

describe('A client that is closed while it connects', () => {
  for (const method of ['close', 'terminate']) {
    for (const [when, wait] of [
      ['at once', () => {}],
      ['once it is connected', (websocket) => once(websocket._req, 'socket')],
    ]) {
      it(`ends by ${method}() ${when}`, async (t) => {
        const { url } = await listenRaw(t, () => {});
        const log = await same(async (lib) => {
          const websocket = new lib.WebSocket(url);
          const log = observe(websocket);
          const over = new Promise((resolve) => websocket._req.on('close', resolve));
          await wait(websocket);
          websocket[method]();
          log.push([websocket.readyState]);
          await Promise.all([over, closing(websocket)]);
          return log;
        });
        assert.deepEqual(
          log.map(([event, words]) => [event, words]),
          [
            [2, undefined],
            ['error', `Error: ${ABORTED}`],
            ['close', 1006],
          ],
        );
      });
    }

    it(`closes the connection of an answer by ${method}()`, async (t) => {
      const ends = [];
      const { url } = await listenRaw(t, (socket) => {
        socket.on('close', () => ends.push('close'));
        socket.write('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');
      });
      await same(async (lib) => {
        const websocket = new lib.WebSocket(url, { agent: new http.Agent({ keepAlive: true }) });
        const log = observe(websocket);
        const [, response] = await once(websocket, 'unexpected-response');
        response.resume();
        await once(response, 'end');
        websocket[method]();
        await closing(websocket);
        await until(() => ends.length === 1);
        return [...log, ...ends.splice(0)];
      });
    });

    it(`ends by ${method}() in a listener for 'upgrade'`, async (t) => {
      const { url } = await listenAndAnswer(t, accepting());
      const log = await same(async (lib) => {
        const websocket = new lib.WebSocket(url);
        const log = observe(websocket);
        websocket.on('upgrade', () => websocket[method]());
        await closing(websocket);
        return log;
      });
      assert.equal(log[0][1], `Error: ${ABORTED}`);
    });
  }

  it('emits its error before what its request emits', async (t) => {
    const { url } = await listenRaw(t, () => {});
    const log = await same(async (lib) => {
      const websocket = new lib.WebSocket(url);
      const log = [];
      websocket._req.on('abort', () => log.push('abort'));
      websocket._req.on('close', () => log.push('request'));
      websocket.on('error', () => log.push('error'));
      websocket.on('close', () => log.push('close'));
      const over = Promise.all([once(websocket._req, 'close'), closing(websocket)]);
      websocket.terminate();
      log.push('returned');
      await over;
      return log;
    });
    assert.ok(log.includes('error'));
  });
});
