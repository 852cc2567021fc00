'use strict';

const assert = require('node:assert/strict');
const { EventEmitter } = require('node:events');
const { describe } = require('node:test');
const { inspect } = require('node:util');

const ours = require('..');
const { it, onEachSide, open } = require('./support/connect');
const FakeSocket = require('./support/fakeSocket');
const VALUES = require('./support/wrongValues');

// Its native addons end the process when they get no Buffer.
process.env.WS_NO_BUFFER_UTIL = '1';
process.env.WS_NO_UTF_8_VALIDATE = '1';
const theirs = require('websocket');

const CONFIG = {
  assembleFragments: true,
  maxReceivedFrameSize: 0x10000,
  maxReceivedMessageSize: 0x100000,
  fragmentOutgoingMessages: true,
  fragmentationThreshold: 0x4000,
  closeTimeout: 5000,
};

/** @param {any} fields of a frame, made by the implementation that gets it */
function frame(fields) {
  return (ws) => {
    const made = new ws.frame(Buffer.alloc(4), Buffer.alloc(10), CONFIG);
    return Object.assign(made, { fin: true, opcode: 0x2 }, fields());
  };
}

const FRAMES = {
  ...Object.fromEntries(
    Object.entries(VALUES).map(([name, value]) => [
      `frame of ${name}`,
      frame(() => ({ binaryPayload: value() })),
    ]),
  ),
  'close frame of text': frame(() => ({ opcode: 0x8, closeStatus: 1000, binaryPayload: 'bye' })),
  'close frame with a code that is text': frame(() => ({ opcode: 0x8, closeStatus: 'x' })),
  'close frame with a code beyond 16 bits': frame(() => ({ opcode: 0x8, closeStatus: 70000 })),
  'frame without opcode': frame(() => ({ opcode: undefined, binaryPayload: Buffer.from('x') })),
  'frame without toBuffer': () => ({ opcode: 0x2, binaryPayload: Buffer.from('x') }),
  'frame of its own': () => ({ opcode: 0x2, toBuffer: () => Buffer.from('raw') }),
};

/** The calls on a connection that take one of `VALUES`, with their other arguments. */
const METHODS = {
  'send(value)': { call: (c, value) => c.send(value) },
  'sendUTF(value)': { call: (c, value) => c.sendUTF(value) },
  'sendBytes(value)': { call: (c, value) => c.sendBytes(value) },
  'send(text, value)': { call: (c, value) => c.send('x', value) },
  'sendUTF(text, value)': { call: (c, value) => c.sendUTF('x', value) },
  'sendBytes(Buffer, value)': { call: (c, value) => c.sendBytes(Buffer.from('x'), value) },
  'ping(value)': { call: (c, value) => c.ping(value) },
  'pong(value)': { call: (c, value) => c.pong(value) },
  'sendFrame(value)': { call: (c, value) => c.sendFrame(value), more: FRAMES },
  'fragmentAndSend(value)': { call: (c, value) => c.fragmentAndSend(value), more: FRAMES },
  'close(value)': { call: (c, value) => c.close(value), ends: true },
  'close(code, value)': { call: (c, value) => c.close(1000, value), ends: true },
  'drop(value)': { call: (c, value) => c.drop(value), ends: true },
  'drop(code, value)': { call: (c, value) => c.drop(1000, value), ends: true },
  'drop(code, reason, value)': { call: (c, value) => c.drop(1000, '', value), ends: true },
  'sendCloseFrame(value)': { call: (c, value) => c.sendCloseFrame(value), ends: true },
  'sendCloseFrame(code, value)': { call: (c, value) => c.sendCloseFrame(1000, value), ends: true },
};

/** The calls in which this package differs from npm websocket on purpose. */
const BETTER = new Map([
  // These bytes can be sent.
  ['pong(value)', /^Uint8Array$/],
  ['sendFrame(value)', /^frame of Uint8Array$/],
  // For a payload without a length, npm websocket sends nothing and calls no callback.
  ['fragmentAndSend(value)', /^frame of (?!(long |detached )?Buffer$)/],
  // RFC 6455 §7.4 forbids such codes on the wire, and a reason has at most 123 bytes (§5.5).
  ['drop(value)', /^(zero|five|negative|not a number|infinity)$/],
  ['sendCloseFrame(value)', /^(zero|five|negative|fraction|not a number|infinity)$/],
  ['close(code, value)', /^long text$/],
  ['drop(code, value)', /^long text$/],
  ['sendCloseFrame(code, value)', /^long text$/],
]);

/**
 * The effect of a call: the error that it throws, or the bytes that it writes and the state after
 * it.
 */
function outcome(ws, { call }, value, prepare) {
  const socket = new FakeSocket();
  const connection = new ws.connection(socket, [], null, false, CONFIG);
  connection._addSocketEventListeners();
  connection.on('error', () => {});
  prepare(connection);
  socket.written = [];
  try {
    call(connection, value(ws));
  } catch (error) {
    return { error };
  } finally {
    connection.clearCloseTimer();
  }
  const { state, closeReasonCode, closeDescription } = connection;
  return { written: Buffer.concat(socket.written), state, closeReasonCode, closeDescription };
}

/** Asserts that an error says what is wrong, and not in the words of the binding. */
function assertWords(error, what) {
  assert.ok(error instanceof Error, what);
  assert.match(error.message, /\w{3}/, what);
  assert.doesNotMatch(error.message, /\$name|napi|Expected \$|TypedArray info failed/, what);
}

const STATES = {
  open: () => {},
  ending: (connection) => connection.close(),
  closed: (connection) => connection.drop(1000, '', true),
};

for (const [state, prepare] of Object.entries(STATES)) {
  describe(`A connection that is ${state} treats a value of any kind like npm websocket`, () => {
    for (const [name, method] of Object.entries(METHODS)) {
      it(name, () => {
        for (const [kind, value] of Object.entries({ ...VALUES, ...method.more })) {
          const what = `${name}, ${kind}`;
          const mine = outcome(ours, method, value, prepare);
          if (mine.error) assertWords(mine.error, what);
          if (BETTER.get(name)?.test(kind)) continue;
          const wanted = outcome(theirs, method, value, prepare);
          if (!wanted.error) assert.deepEqual(mine, wanted, what);
          else assert.ok(mine.error, `${what} must throw like: ${wanted.error.message}`);
        }
      });
    }
  });
}

onEachSide(
  'A connection over a socket refuses the same values as one over a fake socket',
  (side) => {
    it('with the same messages, and stays open', async (t) => {
      const { connection, peer } = await open(t, side);
      for (const [name, method] of Object.entries(METHODS)) {
        for (const [kind, value] of Object.entries({ ...VALUES, ...method.more })) {
          const { error: wanted } = outcome(ours, method, value, STATES.open);
          if (!wanted) continue;
          const what = `${name}, ${kind}`;
          let thrown;
          try {
            method.call(connection, value(ours));
          } catch (error) {
            thrown = error;
          }
          assertWords(thrown, what);
          assert.equal(thrown.name, wanted.name, what);
        }
      }
      connection.sendUTF('still here');
      assert.equal((await peer.next()).payload.toString(), 'still here');
    });

    it('and sends the text of bytes that toString() returns', async (t) => {
      const { connection, peer } = await open(t, side);
      connection.sendUTF({ toString: () => Buffer.from('bytes') });
      const { opcode, payload } = await peer.next();
      assert.deepEqual([opcode, payload.toString()], [0x1, 'bytes']);
    });
  },
);

/** A request that a server has received. */
function requested(ws) {
  const socket = Object.assign(new FakeSocket(), { writable: true });
  const headers = {
    host: 'x',
    upgrade: 'websocket',
    connection: 'upgrade',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'sec-websocket-version': '13',
    'sec-websocket-protocol': 'chat',
  };
  const httpRequest = Object.assign(new EventEmitter(), { headers, url: '/', socket });
  const request = new ws.request(socket, httpRequest, { ...CONFIG, parseCookies: true });
  request.readHandshake();
  return request;
}

function served(ws) {
  const server = new ws.server();
  server.connections.push(new ws.connection(new FakeSocket(), [], null, false, CONFIG));
  return server;
}

function routed(ws) {
  const router = new ws.router();
  router.mount('/a', 'chat', () => {});
  return router;
}

/** The other calls that take arguments. */
const CALLS = {
  'new server(value)': (ws, value) => new ws.server(value),
  'server.mount(value)': (ws, value) => new ws.server().mount(value),
  'server.mount({ httpServer: value })': (ws, value) =>
    new ws.server().mount({ httpServer: value }),
  'server.broadcast(value)': (ws, value) => served(ws).broadcast(value),
  'server.broadcastUTF(value)': (ws, value) => served(ws).broadcastUTF(value),
  'server.broadcastBytes(value)': (ws, value) => served(ws).broadcastBytes(value),
  'server.broadcastUTF(value) without connections': (ws, value) =>
    new ws.server().broadcastUTF(value),
  'server.broadcastBytes(value) without connections': (ws, value) =>
    new ws.server().broadcastBytes(value),
  'request.accept(value)': (ws, value) => requested(ws).accept(value),
  'request.accept(null, null, value)': (ws, value) => requested(ws).accept(null, null, value),
  'request.reject(value)': (ws, value) => requested(ws).reject(value),
  'request.reject(status, value)': (ws, value) => requested(ws).reject(403, value),
  'request.reject(status, reason, value)': (ws, value) => requested(ws).reject(403, '', value),
  'new client(value)': (ws, value) => new ws.client(value),
  'new client({ webSocketVersion: value })': (ws, value) =>
    new ws.client({ webSocketVersion: value }),
  'new router(value)': (ws, value) => new ws.router(value),
  'router.attachServer(value)': (ws, value) => new ws.router().attachServer(value),
  'router.mount(value)': (ws, value) => new ws.router().mount(value, 'chat', () => {}),
  'router.mount(path, value)': (ws, value) => new ws.router().mount('/a', value, () => {}),
  'router.mount(path, protocol, value)': (ws, value) => new ws.router().mount('/a', 'chat', value),
  'router.unmount(value)': (ws, value) => routed(ws).unmount(value, 'chat'),
  'router.unmount(path, value)': (ws, value) => routed(ws).unmount('/a', value),
  'frame.toBuffer(value)': (ws, value) => frame(() => ({}))(ws).toBuffer(value),
  'frame.toBuffer() with maskBytes of value': (ws, value) =>
    Object.assign(new ws.frame(Buffer.alloc(4), Buffer.alloc(10), CONFIG), {
      mask: true,
      maskBytes: value,
      binaryPayload: Buffer.from('x'),
    }).toBuffer(),
  'frame.addData(value)': (ws, value) => frame(() => ({}))(ws).addData(value),
  'new connection(value)': (ws, value) => new ws.connection(value, [], null, false, CONFIG),
  'new connection(socket, …, value)': (ws, value) =>
    new ws.connection(new FakeSocket(), [], null, false, value),
};

describe('Calls that throw also throw with npm websocket, and say why', () => {
  for (const [name, call] of Object.entries(CALLS)) {
    it(name, () => {
      for (const [kind, value] of Object.entries(VALUES)) {
        const what = `${name}, ${kind}`;
        try {
          call(ours, value());
        } catch (error) {
          assertWords(error, what);
          assert.throws(() => call(theirs, value()), undefined, `${what}: ${inspect(error)}`);
        }
      }
    });
  }

  it('addData() of a frame, from a list of buffers that returns no bytes', () => {
    const head = [0x81, 0x81];
    for (const kind of ['text', 'array', 'Uint16Array', 'prototype of Buffer', 'Proxy of Buffer']) {
      const received = new ours.frame(Buffer.alloc(4), Buffer.alloc(10), CONFIG);
      const list = {
        length: 7,
        joinInto: (target, start) =>
          target.set(start === 0 && head.length > 0 ? head.splice(0) : []),
        advance: () => {},
        take: VALUES[kind],
      };
      head.push(0x81, 0x81);
      assert.throws(
        () => received.addData(list),
        (error) => {
          assertWords(error, kind);
          return /take\(\)/.test(error.message);
        },
      );
    }
  });
});
