'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const ours = require('..');
const upstream = require('websocket');
const native = require('../lib/internal/engine/native');
const { SWITCHING, acceptLine, listen, listenRaw } = require('./support/http');
const { next, serve, trace } = require('./support/w3c');

const WebSocket = ours.w3cwebsocket;
const LIBS = { ours, upstream };

/** A raw server that sends these bytes after its handshake. */
function answering(t, frame) {
  return listenRaw(t, (socket, head) => {
    const answer = Buffer.from(`${SWITCHING}${acceptLine(head, native)}\r\n`);
    socket.write(Buffer.concat([answer, Buffer.from(frame, 'hex')]));
    socket.on('data', () => socket.end());
  });
}

const typesOf = (events) => events.map((event) => event.type);

describe('W3CWebSocket: the interface', () => {
  it('has the constants of the standard, on the class and on its objects', () => {
    for (const lib of Object.values(LIBS)) {
      const { CONNECTING, OPEN, CLOSING, CLOSED, prototype } = lib.w3cwebsocket;
      assert.deepEqual([CONNECTING, OPEN, CLOSING, CLOSED], [0, 1, 2, 3]);
      assert.deepEqual([prototype.CONNECTING, prototype.CLOSED], [0, 3]);
    }
  });

  it('is an EventTarget whose events are events', async (t) => {
    const { url } = await serve(t);
    const socket = new WebSocket(url);
    assert.ok(socket instanceof EventTarget);
    const event = await next(socket, 'open');
    assert.ok(event instanceof Event);
    assert.equal(event.target, socket);
    socket.close();
    assert.ok((await next(socket, 'close')) instanceof Event);
  });

  it('goes through its states as npm websocket does', async (t) => {
    const { url } = await serve(t);
    const states = await Promise.all(
      Object.values(LIBS).map(async (lib) => {
        const seen = [];
        const socket = new lib.w3cwebsocket(url, 'chat');
        seen.push([socket.readyState, socket.url]);
        await new Promise((resolve) => {
          socket.onopen = resolve;
        });
        seen.push([socket.readyState, socket.protocol, socket.bufferedAmount]);
        socket.close(1000, 'bye');
        seen.push(socket.readyState);
        const event = await new Promise((resolve) => {
          socket.onclose = resolve;
        });
        seen.push([socket.readyState, event.code, event.reason, event.wasClean]);
        return seen;
      }),
    );
    assert.deepEqual(states[0], states[1]);
    assert.deepEqual(states[0].at(-1), [3, 1000, 'bye', true]);
  });

  it('has strings for protocol and extensions from the start', async (t) => {
    const { url } = await serve(t);
    const socket = new WebSocket(url);
    assert.deepEqual([socket.protocol, socket.extensions], ['', '']);
    await next(socket, 'open');
    assert.deepEqual([socket.protocol, socket.extensions], ['', '']);
    socket.close();
    await next(socket, 'close');

    const theirs = new upstream.w3cwebsocket(url);
    assert.equal(theirs.protocol, undefined);
    await new Promise((resolve) => {
      theirs.onopen = resolve;
    });
    assert.deepEqual(theirs.extensions, []);
    theirs.close();
  });

  it('forwards its other arguments, and does not change the configuration', async (t) => {
    let seen;
    const { url } = await serve(t, (_connection, { origin, httpRequest }) => {
      seen = {
        origin,
        header: httpRequest.headers['x-a'],
        auth: httpRequest.headers.authorization,
      };
    });
    const config = { maxReceivedFrameSize: 7, assembleFragments: false };
    const headers = { 'X-A': 'b' };
    const socket = new WebSocket(url, [], 'http://o.example', headers, { auth: 'u:p' }, config);
    assert.equal(socket._client.config.maxReceivedFrameSize, 7);
    assert.equal(socket._client.config.assembleFragments, true);
    assert.deepEqual(config, { maxReceivedFrameSize: 7, assembleFragments: false });
    await next(socket, 'open');
    assert.deepEqual(seen, { origin: 'http://o.example', header: 'b', auth: 'Basic dTpw' });
    assert.equal(socket._connection.connected, true);
    socket.close();
    await next(socket, 'close');
  });
});

describe('W3CWebSocket: arguments that the constructor refuses', () => {
  for (const [what, args, message] of [
    ['a relative URL', ['/path'], 'You must specify a full WebSocket URL, including protocol.'],
    ['no host', ['ws://'], /including hostname/],
    ['a bad port', ['ws://a:99999'], /not a valid URL/],
    ['another scheme', ['ftp://a'], /scheme/],
    ['a fragment', ['ws://a/#b'], /fragment/],
    ['an empty fragment', ['ws://a/#'], /fragment/],
    ['a bad subprotocol', ['ws://a', 'a b'], 'Protocol list contains invalid character " "'],
    ['a subprotocol twice', ['ws://a', ['x', 'x']], /duplicate/],
    ['a subprotocol twice in another case', ['ws://a', ['chat', 'Chat']], /duplicate/],
  ]) {
    it(`throws a SyntaxError on ${what}`, () => {
      assert.throws(
        () => new WebSocket(...args),
        (error) => {
          assert.ok(error instanceof DOMException && error instanceof Error);
          assert.equal(error.name, 'SyntaxError');
          if (typeof message === 'string') assert.equal(error.message, message);
          else assert.match(error.message, message);
          return true;
        },
      );
    });
  }

  it("throws npm websocket's message when that throws, too", () => {
    for (const args of [['/path'], ['ws://a', 'a b']]) {
      const messageOf = (lib) => {
        try {
          new lib.w3cwebsocket(...args);
        } catch (error) {
          return error.message;
        }
      };
      assert.equal(messageOf(ours), messageOf(upstream));
    }
  });

  it('throws a TypeError without a URL, as npm websocket does', () => {
    for (const lib of Object.values(LIBS)) {
      for (const args of [[], [undefined], [null]]) {
        assert.throws(() => new lib.w3cwebsocket(...args), TypeError);
      }
    }
  });

  it('treats an empty subprotocol as none, as npm websocket does', async (t) => {
    const requested = [];
    const { url } = await serve(t, (_connection, request) => {
      requested.push(request.httpRequest.headers['sec-websocket-protocol']);
    });
    for (const lib of Object.values(LIBS)) {
      const socket = new lib.w3cwebsocket(url, '');
      await next(socket, 'open');
      assert.equal(socket.protocol || '', '');
      socket.close();
      await next(socket, 'close');
    }
    assert.deepEqual(requested, [undefined, undefined]);
  });

  it('accepts http URLs as ws, and URL objects', async (t) => {
    const { url } = await serve(t);
    const socket = new WebSocket(new URL(url.replace('ws:', 'http:')));
    await next(socket, 'open');
    assert.equal(socket.url, url.replace('ws:', 'http:'));
    socket.close();
    await next(socket, 'close');
  });
});

for (const transport of ['auto', 'stream']) {
  const args = ['', null, null, null, { transport }];

  describe(`W3CWebSocket: messages, transport ${transport}`, () => {
    /** An open socket, and the server's connection to it. */
    async function open(t) {
      let connection;
      const { url } = await serve(t, (given) => {
        connection = given;
      });
      const socket = new WebSocket(url, ...args);
      await next(socket, 'open');
      t.after(() => connection.drop());
      return { socket, connection, url };
    }

    it('delivers text, empty text too', async (t) => {
      const { socket, connection, url } = await open(t);
      for (const text of ['hello', '', '\u{1f600}']) {
        connection.sendUTF(text);
        const event = await next(socket, 'message');
        assert.equal(event.data, text);
        assert.equal(event.origin, new URL(url).origin);
      }
    });

    it('delivers binary data as an ArrayBuffer of its own size', async (t) => {
      const { socket, connection } = await open(t);
      assert.equal(socket.binaryType, 'arraybuffer');
      for (const size of [0, 1, 100, 70000]) {
        const bytes = Buffer.alloc(size, 7);
        connection.sendBytes(bytes);
        const { data } = await next(socket, 'message');
        assert.ok(data instanceof ArrayBuffer);
        assert.deepEqual(Buffer.from(data), bytes);
      }
    });

    it("delivers it as a Blob with binaryType 'blob'", async (t) => {
      const { socket, connection } = await open(t);
      socket.binaryType = 'blob';
      connection.sendBytes(Buffer.from('bytes'));
      const { data } = await next(socket, 'message');
      assert.ok(data instanceof Blob);
      assert.equal(await data.text(), 'bytes');
    });

    it('ignores another binaryType, where npm websocket throws', async (t) => {
      const { socket, url } = await open(t);
      for (const type of ['arraybuffer', 'blob']) {
        socket.binaryType = type;
        socket.binaryType = 'invalid';
        assert.equal(socket.binaryType, type);
      }
      const theirs = new upstream.w3cwebsocket(url);
      assert.throws(() => {
        theirs.binaryType = 'invalid';
      }, SyntaxError);
      await next(theirs, 'open');
      theirs.close();
      await next(theirs, 'close');
    });

    it('counts the payload until it has left, and for the rest of the turn', async (t) => {
      const { socket, connection } = await open(t);
      connection.on('message', (message) =>
        connection.send(message.utf8Data ?? message.binaryData),
      );
      for (let round = 0; round < 3; round++) {
        const texts = ['x', '\u00e5', '\u5336', '\ud801\udc7e', '', 'long'.repeat(20_000)];
        let expected = 0;
        for (const text of texts) {
          socket.send(text);
          expected += Buffer.byteLength(text);
          assert.equal(socket.bufferedAmount, expected);
        }
        socket.send(Buffer.alloc(5));
        assert.equal(socket.bufferedAmount, expected + 5);
        for (let i = 0; i <= texts.length; i++) await next(socket, 'message');
        await new Promise(setImmediate);
        assert.equal(socket.bufferedAmount, 0);
      }
    });

    it('sends every type of the standard', async (t) => {
      const { socket, connection } = await open(t);
      const bytes = Uint8Array.of(1, 2, 3, 4);
      const binary = (...values) => ({ type: 'binary', binaryData: Buffer.from(values) });
      const text = (value) => ({ type: 'utf8', utf8Data: value });
      for (const [data, expected] of [
        ['text', text('text')],
        ['', text('')],
        [new String('object'), text('object')],
        [7, text('7')],
        [Buffer.from([9]), binary(9)],
        [bytes, binary(1, 2, 3, 4)],
        [bytes.subarray(1, 3), binary(2, 3)],
        [new Uint16Array(bytes.buffer, 2, 1), binary(3, 4)],
        [new DataView(bytes.buffer, 3), binary(4)],
        [bytes.buffer, binary(1, 2, 3, 4)],
        [new ArrayBuffer(0), binary()],
        [new Blob([bytes]), binary(1, 2, 3, 4)],
      ]) {
        const received = once(connection, 'message');
        socket.send(data);
        assert.deepEqual((await received)[0], expected);
      }
    });

    it('keeps the order after a Blob, and the bytes at the time of send()', async (t) => {
      const { socket, connection } = await open(t);
      const received = [];
      const all = new Promise((resolve) => {
        connection.on('message', (message) => {
          received.push(message.utf8Data ?? message.binaryData.toString());
        });
        connection.on('close', resolve);
      });
      const bytes = Buffer.from('second');
      socket.send(new Blob(['first']));
      socket.send(bytes);
      socket.send('third');
      assert.equal(socket.bufferedAmount, 'firstsecondthird'.length);
      bytes.fill('x');
      socket.close();
      await all;
      assert.deepEqual(received, ['first', 'second', 'third']);
    });

    it('throws an InvalidStateError while it is connecting', async (t) => {
      const { url } = await serve(t);
      const socket = new WebSocket(url, ...args);
      assert.throws(() => socket.send('x'), {
        name: 'InvalidStateError',
        message: 'cannot call send() while not connected',
      });
      await next(socket, 'open');
      socket.close();
      await next(socket, 'close');
    });

    it('counts data that it gets after close(), and sends none of it', async (t) => {
      const { socket, connection } = await open(t);
      connection.on('message', () => assert.fail('nothing is sent'));
      socket.close();
      const before = socket.bufferedAmount;
      socket.send('four');
      socket.send(Buffer.alloc(6));
      assert.ok(socket.bufferedAmount >= 10 && socket.bufferedAmount - before <= 10);
      await next(socket, 'close');
      assert.equal(socket.bufferedAmount, 10);
      socket.send('\u00e9');
      assert.equal(socket.bufferedAmount, 12);
    });
  });

  describe(`W3CWebSocket: the end, transport ${transport}`, () => {
    it('is clean for the code 1000 only, as with npm websocket', async (t) => {
      for (const [code, reason] of [
        [1000, 'bye'],
        [4001, 'mine'],
        [1001, 'leaving'],
      ]) {
        const { url } = await serve(t, (connection) => connection.close(code, reason));
        for (const lib of Object.values(LIBS)) {
          const events = await trace(new lib.w3cwebsocket(url, ...args));
          assert.deepEqual(typesOf(events), ['open', 'close']);
          const event = events.at(-1);
          assert.deepEqual(
            [event.code, event.reason, event.wasClean],
            [code, reason, code === 1000],
          );
        }
      }
    });

    it("is 'close' without 'error' when the server vanishes, as with npm websocket", async (t) => {
      const { url } = await serve(t, (connection) => {
        connection.on('message', () => connection.socket.destroy());
      });
      for (const lib of Object.values(LIBS)) {
        const socket = new lib.w3cwebsocket(url, ...args);
        socket.onopen = () => socket.send('go');
        const events = await trace(socket);
        assert.deepEqual(typesOf(events), ['open', 'close']);
        assert.deepEqual([events[1].code, events[1].wasClean], [1006, false]);
        assert.equal(socket.readyState, lib.w3cwebsocket.CLOSED);
      }
    });

    it("states the server's fault in the reason", async (t) => {
      // A frame with RSV1, which no extension allows.
      const { url } = await answering(t, 'c100');
      const events = await trace(new WebSocket(url, ...args));
      assert.deepEqual(typesOf(events), ['open', 'close']);
      assert.match(events[1].reason, /rsv/i);
      assert.deepEqual([events[1].code, events[1].wasClean], [1002, false]);
    });

    it('is 1006 for a close frame without a code, as with npm websocket', async (t) => {
      const { url } = await answering(t, '8800');
      for (const lib of Object.values(LIBS)) {
        const events = await trace(new lib.w3cwebsocket(url, ...args));
        assert.deepEqual(typesOf(events), ['open', 'close']);
        assert.deepEqual([events[1].code, events[1].wasClean], [1006, false]);
      }
    });

    it('is 1006 for a code that must not be sent', async (t) => {
      for (const code of [999, 1004, 1005, 1006, 1015, 1016, 2999, 5000]) {
        const { url } = await answering(t, `8802${code.toString(16).padStart(4, '0')}`);
        const events = await trace(new WebSocket(url, ...args));
        assert.deepEqual(typesOf(events), ['open', 'close']);
        assert.deepEqual([events[1].code, events[1].wasClean], [1006, false], `${code}`);
      }
    });

    it('is not clean when the server never answers our close frame', async (t) => {
      const { url } = await listenRaw(t, (socket, head) => {
        socket.write(`${SWITCHING}${acceptLine(head, native)}\r\n`);
        socket.resume();
      });
      const config = { transport, closeTimeout: 30 };
      const socket = new WebSocket(url, '', null, null, null, config);
      await next(socket, 'open');
      socket.close(4001);
      const events = await trace(socket);
      assert.deepEqual(typesOf(events), ['close']);
      assert.equal(events[0].wasClean, false);
    });

    it('delivers nothing more after close()', async (t) => {
      const { url } = await serve(t, (connection) => {
        connection.on('message', () => {
          for (let i = 0; i < 100; i++) connection.sendUTF(`${i}`);
        });
      });
      const socket = new WebSocket(url, ...args);
      let messages = 0;
      socket.onopen = () => socket.send('go');
      socket.onmessage = () => {
        messages++;
        socket.close();
      };
      await next(socket, 'close');
      assert.equal(messages, 1);
    });

    it('does nothing the second time', async (t) => {
      const { url } = await serve(t);
      const socket = new WebSocket(url, ...args);
      await next(socket, 'open');
      socket.close(4000, 'first');
      socket.close(4001, 'second');
      const event = await next(socket, 'close');
      assert.deepEqual([event.code, event.reason], [4000, 'first']);
      socket.close();
    });
  });
}

describe('W3CWebSocket: failing to connect', () => {
  it('has an error and a close, as npm websocket has', async (t) => {
    const { httpServer, url } = await listen(t);
    new ours.server({ httpServer });
    for (const lib of Object.values(LIBS)) {
      const socket = new lib.w3cwebsocket(url);
      const events = [];
      socket.onerror = (event) => events.push([event.type, socket.readyState]);
      const close = await new Promise((resolve) => {
        socket.onclose = resolve;
      });
      assert.deepEqual(events, [['error', 3]]);
      assert.deepEqual(
        [close.code, close.reason, close.wasClean],
        [1006, 'connection failed', false],
      );
    }
  });

  it('gives the cause on the error event', async (t) => {
    const { httpServer, url } = await listen(t);
    new ours.server({ httpServer });
    const event = await next(new WebSocket(url), 'error');
    assert.match(event.error.message, /non-101 status: 404 Not Found/);
  });

  it('gives up the TCP connection when it is closed meanwhile', async (t) => {
    let request;
    const asked = new Promise((resolve) => {
      request = resolve;
    });
    const { url } = await listenRaw(t, (socket) => request(socket));
    const socket = new WebSocket(url);
    const peer = await asked;
    const gone = new Promise((resolve) => peer.once('close', resolve));
    peer.resume();
    socket.close();
    assert.equal(socket.readyState, WebSocket.CLOSING);
    const events = await trace(socket);
    assert.deepEqual(typesOf(events), ['error', 'close']);
    assert.equal(events[1].code, 1006);
    await gone;
  });

  it('opens no connection when it is closed at once', async (t) => {
    const { url, server } = await serve(t);
    const socket = new WebSocket(url);
    socket.close();
    const events = await trace(socket);
    assert.deepEqual(typesOf(events), ['error', 'close']);
    assert.deepEqual(server.connections, []);
  });
});

describe('W3CWebSocket: close()', () => {
  it('throws an InvalidAccessError on a code that must not be sent', async (t) => {
    const { url } = await serve(t);
    const socket = new WebSocket(url);
    for (const code of [999, 1004, 1005, 1006, 1015, 2999, 5000]) {
      assert.throws(() => socket.close(code), {
        name: 'InvalidAccessError',
        message: `Close code ${code} is not valid.`,
      });
    }
    for (const code of [0, Number.NaN]) {
      assert.throws(() => socket.close(code), { name: 'InvalidAccessError' });
    }
    assert.throws(() => socket.close(1000, '\u00e9'.repeat(62)), { name: 'SyntaxError' });
    await next(socket, 'open');
    socket.close(1000, 'e'.repeat(123));
    assert.equal((await next(socket, 'close')).reason, 'e'.repeat(123));
  });

  it('replaces lone surrogates in the reason', async (t) => {
    const { url } = await serve(t);
    const socket = new WebSocket(url);
    await next(socket, 'open');
    socket.close(1000, 'a\ud807b');
    assert.equal((await next(socket, 'close')).reason, 'a\ufffdb');
  });

  it('treats a missing code, undefined and null as 1000', async (t) => {
    const { url } = await serve(t);
    for (const args of [[], [undefined, 'unused'], [null]]) {
      const socket = new WebSocket(url);
      await next(socket, 'open');
      socket.close(...args);
      assert.equal((await next(socket, 'close')).code, 1000);
    }
  });
});
