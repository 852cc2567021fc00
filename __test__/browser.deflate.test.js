'use strict';

// Compression with a browser, which always offers it.

const assert = require('node:assert');
const { once } = require('node:events');
const http = require('node:http');
const { after, before, describe, it } = require('node:test');

const WebSocketServer = require('..').server;
const { skip, startBrowser } = require('./support/browser');
const { TRANSPORTS } = require('./interop/battery');
const PATIENCE = require('./support/patience');

const MIB = 1024 * 1024;
const LIMITS = { maxReceivedFrameSize: 2 * MIB, maxReceivedMessageSize: 2 * MIB };

const AGREEMENTS = {
  'as it comes': [true, 'permessage-deflate'],
  'short messages too': [{ threshold: 0 }, 'permessage-deflate'],
  'without context takeover': [
    { serverNoContextTakeover: true, clientNoContextTakeover: true, threshold: 0 },
    'permessage-deflate; server_no_context_takeover; client_no_context_takeover',
  ],
  'with windows of 9 bits': [
    { serverMaxWindowBits: 9, clientMaxWindowBits: 9, threshold: 0 },
    'permessage-deflate; server_max_window_bits=9; client_max_window_bits=9',
  ],
  'with windows of 8 bits': [
    { serverMaxWindowBits: 8, clientMaxWindowBits: 8, threshold: 0 },
    'permessage-deflate; server_max_window_bits=8; client_max_window_bits=8',
  ],
};

/** Runs in the page: sends everything, and compares what comes back. */
async function converse(url) {
  const socket = new WebSocket(url);
  socket.binaryType = 'arraybuffer';
  const closed = new Promise((resolve) => {
    socket.onclose = ({ code, reason, wasClean }) => resolve([code, reason, wasClean]);
  });
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Error('it does not open'));
  });
  const random = (size) => {
    const bytes = new Uint8Array(size);
    for (let at = 0; at < size; at += 65536) {
      crypto.getRandomValues(bytes.subarray(at, Math.min(at + 65536, size)));
    }
    return bytes;
  };
  const sent = [0, 1, 125, 126, 65535, 65536, 1024 * 1024].flatMap((size) => [
    'to and fro '.repeat(size / 11 + 1).slice(0, size),
    'aé漢😀'.repeat(size / 10),
    random(size),
    new Uint8Array(size),
  ]);
  for (let i = 0; i < 1000; i++) sent.push(`{"number":${i},"name":"é€𝄞"}`);
  const wrong = [];
  let count = 0;
  const all = new Promise((resolve) => {
    socket.onmessage = ({ data }) => {
      const expected = sent[count % sent.length];
      const isSame =
        typeof data === 'string'
          ? data === expected
          : data.byteLength === expected.length &&
            new Uint8Array(data).every((byte, i) => byte === expected[i]);
      if (!isSame) wrong.push(count);
      if (++count === 2 * sent.length) resolve();
    };
  });
  for (const data of [...sent, ...sent]) socket.send(data);
  await Promise.race([all, closed]);
  const { extensions } = socket;
  socket.send('close');
  return { extensions, count: count / sent.length, wrong, closed: await closed };
}

describe('Compression in Chromium', { skip, timeout: PATIENCE }, () => {
  const httpServer = http.createServer((_request, response) => {
    response.setHeader('Content-Type', 'text/html').end('<!doctype html><title>page</title>');
  });
  let browser;
  let tab;
  let port;

  before(async () => {
    httpServer.listen(0, '127.0.0.1');
    await once(httpServer, 'listening');
    ({ port } = httpServer.address());
    browser = startBrowser();
    tab = await browser.open(`http://127.0.0.1:${port}/`);
  });

  after(async () => {
    await browser?.close();
    httpServer.close();
  });

  for (const [transport, used] of Object.entries(TRANSPORTS)) {
    for (const [what, [perMessageDeflate, extensions]] of Object.entries(AGREEMENTS)) {
      it(`echoes everything, ${what}, transport '${transport}'`, async (t) => {
        const server = new WebSocketServer({
          ...{ httpServer, transport, perMessageDeflate, ...LIMITS },
          autoAcceptConnections: true,
        });
        t.after(() => server.shutDown());
        server.on('connect', (connection) => {
          connection.on('message', ({ utf8Data, binaryData }) => {
            if (utf8Data !== 'close') connection.send(utf8Data ?? binaryData);
            else connection.close(4001, connection.transport);
          });
        });
        const result = await tab.run(converse, `ws://127.0.0.1:${port}/`);
        assert.deepStrictEqual(result, {
          ...{ extensions, count: 2, wrong: [] },
          closed: [4001, used, true],
        });
      });
    }
  }

  it('delivers messages sent right before the close', async (t) => {
    const perMessageDeflate = { threshold: 0 };
    const autoAcceptConnections = true;
    const server = new WebSocketServer({ httpServer, perMessageDeflate, autoAcceptConnections });
    t.after(() => server.shutDown());
    server.on('connect', (connection) => {
      for (let i = 0; i < 50; i++) connection.send(`${i} `.repeat(5000));
      connection.close(4001, 'done');
    });
    const result = await tab.run((url) => {
      const socket = new WebSocket(url);
      let count = 0;
      socket.onmessage = () => count++;
      return new Promise((resolve) => {
        socket.onclose = ({ code, reason, wasClean }) => resolve([count, code, reason, wasClean]);
      });
    }, `ws://127.0.0.1:${port}/`);
    assert.deepStrictEqual(result, [50, 4001, 'done', true]);
  });
});
