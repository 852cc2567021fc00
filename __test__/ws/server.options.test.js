'use strict';

// The options of a server, and how its connections get them.

const assert = require('node:assert/strict');
const { describe } = require('node:test');

const { it } = require('../support/connect');
const { dial, handshake, listen, readHead } = require('../support/http');
const { ours, same } = require('./support/sides');
const { HEAD, madeUp, upgrade } = require('./support/upgrade');

const PROTOCOLS = 'Sec-WebSocket-Protocol';
const EXTENSIONS = 'Sec-WebSocket-Extensions';

describe('The options of a server', () => {
  it('are read again for each upgrade', async (t) => {
    const answers = await same(async (lib) => {
      const { httpServer, port } = await listen(t);
      const server = new lib.WebSocketServer({ server: httpServer });
      const ask = async () => {
        const headers = { [PROTOCOLS]: 'a, b', [EXTENSIONS]: 'permessage-deflate' };
        return (await readHead(await dial(t, port, handshake(headers)))).headers.slice(3);
      };
      const before = await ask();
      server.options.handleProtocols = () => 'b';
      server.options.perMessageDeflate = {};
      const after = await ask();
      server.options.verifyClient = () => false;
      return [before, after, (await ask()).length];
    });
    assert.deepEqual(answers.slice(0, 2), [
      [[PROTOCOLS, 'a']],
      [
        [PROTOCOLS, 'b'],
        [EXTENSIONS, 'permessage-deflate'],
      ],
    ]);
  });

  it('have defaults', async () => {
    await same((lib) => {
      const { WebSocket, ...rest } = new lib.WebSocketServer({ noServer: true }).options;
      assert.equal(WebSocket, lib.WebSocket);
      return rest;
    });
  });

  it('keep what a server does not know', async () => {
    const kept = await same((lib) => {
      const options = { noServer: true, mine: 1, perMessageDeflate: true };
      const server = new lib.WebSocketServer(options);
      return [server.options.mine, server.options.perMessageDeflate, options.perMessageDeflate];
    });
    assert.deepEqual(kept, [1, {}, true]);
  });

  it('choose the class of the connections', async () => {
    const given = await same((lib) => {
      const calls = [];
      class Mine extends lib.WebSocket {
        constructor(...args) {
          super(...args);
          calls.push(args);
        }
        setSocket(_socket, _head, options) {
          const { transport, ...rest } = options;
          calls.push(rest);
        }
      }
      const server = new lib.WebSocketServer({ noServer: true, maxPayload: 7, WebSocket: Mine });
      const { request, socket } = madeUp();
      let opened;
      server.handleUpgrade(request, socket, HEAD, (websocket) => (opened = websocket));
      assert.ok(opened instanceof Mine);
      assert.equal(calls[0][2], server.options);
      return [calls[0].slice(0, 2), calls[1]];
    });
    assert.deepEqual(given[0], [null, undefined]);
    assert.equal(given[1].maxPayload, 7);
  });
});

describe('The compression of a connection', () => {
  it('is one of its extensions', async (t) => {
    const seen = await same(async (lib) => {
      let websocket;
      await upgrade(t, lib, {
        options: { perMessageDeflate: { threshold: 7 } },
        headers: { [EXTENSIONS]: 'permessage-deflate; client_no_context_takeover' },
        prepare: (server) => server.on('connection', (opened) => (websocket = opened)),
      });
      const { params, _threshold } = websocket._extensions['permessage-deflate'];
      return { extensions: websocket.extensions, params, threshold: _threshold };
    });
    assert.equal(seen.extensions, 'permessage-deflate');
    assert.equal(seen.threshold, 7);
  });
});

describe('The option `transport`', () => {
  it('reaches the connections', () => {
    const given = [];
    class Mine extends ours.WebSocket {
      setSocket(_socket, _head, { transport }) {
        given.push(transport);
      }
    }
    for (const transport of ['stream', undefined]) {
      const options = { noServer: true, WebSocket: Mine, transport };
      const { request, socket } = madeUp();
      new ours.WebSocketServer(options).handleUpgrade(request, socket, HEAD, () => {});
    }
    assert.deepEqual(given, ['stream', undefined]);
  });
});
