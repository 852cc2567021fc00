'use strict';

// The connection of a client: its TLS, and the arguments of `setSocket()`.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { describe } = require('node:test');
const tls = require('node:tls');

const native = require('../../lib/internal/engine/codec');
const { authority, credentials, it } = require('../support/connect');
const { closing } = require('../support/events');
const { SWITCHING, acceptLine, listenRaw } = require('../support/http');
const { ours, same } = require('./support/sides');

describe('A client over TLS', () => {
  /** Columns: a name, the host, options, and the name that the server gets. */
  const NAMES = [
    ['the host', 'localhost', {}, 'localhost'],
    ['no address', '127.0.0.1', {}, false],
    ['an option', '127.0.0.1', { servername: 'example.com' }, 'example.com'],
    ['an empty option', 'localhost', { servername: '' }, false],
  ];
  for (const [what, host, options, servername] of NAMES) {
    it(`asks for the certificate of ${what}`, async (t) => {
      const server = tls.createServer(credentials());
      const names = [];
      server.on('secureConnection', (socket) => {
        names.push(socket.servername);
        socket.on('error', () => {});
        socket.end();
      });
      t.after(() => server.close());
      server.listen(0, host);
      await once(server, 'listening');
      const url = `wss://${host}:${server.address().port}/`;
      const name = await same(async (lib) => {
        const trust = { ca: authority(), rejectUnauthorized: false };
        const websocket = new lib.WebSocket(url, { ...trust, ...options });
        websocket.on('error', () => {});
        await closing(websocket);
        return names.pop();
      });
      assert.equal(name, servername);
    });
  }
});

describe('The argument of setSocket()', () => {
  /** A server that upgrades each client. */
  const listenAndUpgrade = (t) =>
    listenRaw(t, (socket, head) => {
      socket.write(`${SWITCHING}${acceptLine(head, native)}\r\nabc`);
    });

  it('has the defaults or the options of the application', async (t) => {
    const { url } = await listenAndUpgrade(t);
    const given = await same(async (lib) => {
      const calls = [];
      const seen = (options) =>
        new Promise((resolve) => {
          class Mine extends lib.WebSocket {
            setSocket(socket, head, { transport, ...rest }) {
              socket.destroy();
              calls.push([head.toString(), rest]);
              resolve();
            }
          }
          new Mine(url, options);
        });
      await seen({});
      await seen({
        allowSynchronousEvents: false,
        generateMask() {},
        maxBufferedChunks: 1,
        maxFragments: 2,
        maxPayload: 3,
        skipUTF8Validation: true,
      });
      return calls.map(([head, options]) => [
        head,
        { ...options, generateMask: typeof options.generateMask },
      ]);
    });
    assert.deepEqual(given, [
      [
        'abc',
        {
          allowSynchronousEvents: true,
          generateMask: 'undefined',
          maxBufferedChunks: 262144,
          maxFragments: 16384,
          maxPayload: 104857600,
          skipUTF8Validation: false,
        },
      ],
      [
        'abc',
        {
          allowSynchronousEvents: false,
          generateMask: 'function',
          maxBufferedChunks: 1,
          maxFragments: 2,
          maxPayload: 3,
          skipUTF8Validation: true,
        },
      ],
    ]);
  });

  it('has the option `transport`', async (t) => {
    const { url } = await listenAndUpgrade(t);
    for (const transport of ['stream', undefined]) {
      const given = await new Promise((resolve) => {
        class Mine extends ours.WebSocket {
          setSocket(socket, _head, options) {
            socket.destroy();
            resolve(options.transport);
          }
        }
        new Mine(url, { transport });
      });
      assert.equal(given, transport);
    }
  });
});
