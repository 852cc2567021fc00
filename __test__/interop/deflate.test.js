'use strict';

// Compression between this package and others with their own deflate code.

const assert = require('node:assert');
const { once } = require('node:events');
const http = require('node:http');
const https = require('node:https');
const { after, before, describe } = require('node:test');
const undici = require('undici');
const ws = require('ws');

const lib = require('../..');
const { authority, credentials } = require('../support/connect');
const { noise, prose } = require('../support/deflate');
const { TRANSPORTS, it } = require('./battery');
const { ofConnection, ofStandard, ofWs } = require('./peers');

const MIB = 1024 * 1024;
const SIZES = [0, 1, 125, 126, 65535, 65536, MIB];
const LIMITS = { maxReceivedFrameSize: 2 * MIB, maxReceivedMessageSize: 2 * MIB };

/** The options of the server and of the client, by what they agree on. */
const AGREEMENTS = {
  'as it comes': { server: {}, client: {} },
  'of everything, short messages too': {
    server: { threshold: 0 },
    client: { threshold: 0 },
  },
  'without context takeover': {
    server: { serverNoContextTakeover: true, clientNoContextTakeover: true, threshold: 0 },
    client: { threshold: 0 },
  },
  'without the server’s context, as the client asks': {
    server: { threshold: 0 },
    client: { serverNoContextTakeover: true, threshold: 0 },
    asks: true,
  },
  'with windows of 9 bits': {
    server: { serverMaxWindowBits: 9, clientMaxWindowBits: 9, threshold: 0 },
    client: { threshold: 0 },
  },
  'with windows of 8 bits that are forgotten': {
    server: {
      ...{ serverNoContextTakeover: true, clientNoContextTakeover: true },
      ...{ serverMaxWindowBits: 8, clientMaxWindowBits: 8, threshold: 0 },
    },
    client: {},
  },
  'with windows of 8 and 15 bits': {
    server: { serverMaxWindowBits: 8, clientMaxWindowBits: 15, threshold: 0 },
    client: { threshold: 0 },
  },
  'with windows of 12 bits that the client asks for': {
    server: { threshold: 0 },
    client: { serverMaxWindowBits: 12, clientMaxWindowBits: 12, threshold: 0 },
    asks: true,
  },
};

/** The pairs of our ends and theirs. `client` connects with the client's options. */
const PAIRS = {
  'ws as the client of our server': { serve: serveOurs, connect: connectWs },
  'undici as the client of our server': { serve: serveOurs, connect: connectUndici, fixed: true },
  'our client at a server of ws': { serve: serveWs, connect: connectOurs },
  'our W3CWebSocket at a server of ws': { serve: serveWs, connect: connectOurStandard },
  'our client at our server': { serve: serveOurs, connect: connectOurs },
};

/** The transport and TLS do not affect the agreement, so the others run only a few pairs. */
const FEW = ['as it comes', 'without context takeover', 'with windows of 8 and 15 bits'];

const SETTINGS = [
  ...Object.entries(TRANSPORTS).map(([transport, used]) => ({ transport, used, secure: false })),
  { transport: 'auto', used: 'stream', secure: true },
];

for (const { transport, used, secure } of SETTINGS) {
  for (const [pair, { serve, connect, fixed }] of Object.entries(PAIRS)) {
    for (const [what, agreement] of Object.entries(AGREEMENTS)) {
      if (used === 'stream' && !FEW.includes(what)) continue;
      // undici always makes the same offer.
      if (fixed && agreement.asks) continue;
      const where = secure ? 'TLS' : `transport '${transport}'`;
      describe(`Compression ${what}: ${pair}, ${where}`, () => {
        const httpServer = secure ? https.createServer(credentials()) : http.createServer();
        const accepted = serve(httpServer, transport, agreement.server);
        let url;

        before(async () => {
          httpServer.listen(0, '127.0.0.1');
          await once(httpServer, 'listening');
          url = `${secure ? 'wss' : 'ws'}://127.0.0.1:${httpServer.address().port}/`;
        });
        after(() => httpServer.close());

        async function open() {
          const [first, second] = await Promise.all([
            accepted(),
            connect(url, transport, agreement.client),
          ]);
          // A client over TLS of the engine becomes native in a later turn.
          for (const { transport } of secure ? [first] : [first, second])
            if (transport) assert.equal(transport(), used);
          return [first, second];
        }

        battery(open);
      });
    }
  }
}

/** @param {() => Promise<object[]>} open gives both ends, the server's first */
function battery(open) {
  it('exchanges text and bytes of every size, twice', async () => {
    const ends = await open();
    const data = SIZES.flatMap((size) => [
      prose(size),
      wide(size),
      noise(size),
      Buffer.alloc(size),
    ]);
    for (const one of [...data, ...data]) for (const end of ends) end.send(one);
    for (const end of ends) {
      const received = await end.messages.take(2 * data.length);
      for (const [i, one] of [...data, ...data].entries()) {
        const same = Buffer.isBuffer(one) ? one.equals(received[i]) : one === received[i];
        assert.ok(same, `${typeof one} of ${one.length}`);
      }
    }
    await part(ends);
  });

  it('exchanges many small messages at once, among pings and uncompressed messages', async () => {
    const ends = await open();
    const texts = Array.from({ length: 2000 }, (_, i) => `{"number":${i},"name":"é€𝄞 ${i * 7}"}`);
    for (const [i, text] of texts.entries()) {
      for (const end of ends) {
        end.send(text, { compress: i % 3 !== 0 });
        if (i % 100 === 0) end.ping?.(`${i}`);
      }
      if (i % 500 === 0) await new Promise(setImmediate);
    }
    for (const end of ends) assert.deepStrictEqual(await end.messages.take(2000), texts);
    // Only the latest of several waiting pings gets an answer (RFC 6455 §5.5.3).
    for (const end of ends) {
      let last = '';
      while (end.ping && last !== '1900') last = String((await end.pongs.take(1))[0]);
    }
    await part(ends);
  });

  it('sends fewer bytes', async () => {
    const ends = await open();
    const text = prose(MIB / 4);
    for (let i = 0; i < 4; i++) for (const end of ends) end.send(text);
    for (const end of ends) assert.ok((await end.messages.take(4)).every((it) => it === text));
    const counted = ends.find(({ bytes }) => bytes);
    // One of the two may send without compression.
    if (counted) assert.ok(counted.bytes() < 1.6 * MIB, `${counted.bytes()} of ${2 * MIB}`);
    await part(ends);
  });

  it('delivers messages sent right before the close', async () => {
    for (const first of [0, 1]) {
      const ends = await open();
      const texts = Array.from({ length: 50 }, (_, i) => `${i} ${prose(10000)}`);
      for (const text of texts) ends[first].send(text);
      ends[first].close(1000, 'done');
      assert.deepStrictEqual(await ends[1 - first].messages.take(50), texts);
      assert.deepStrictEqual(await ends[1 - first].closed, { code: 1000, reason: 'done' });
      await ends[first].closed;
    }
  });
}

/** Text of at most `size` bytes, with characters of one to four bytes. */
function wide(size) {
  return 'aé漢😀'.repeat(size / 10);
}

async function part(ends) {
  ends[0].close(1000, '');
  for (const end of ends) assert.strictEqual((await end.closed).code, 1000);
}

function serveOurs(httpServer, transport, perMessageDeflate) {
  const server = new lib.server({ httpServer, transport, perMessageDeflate, ...LIMITS });
  return async () => {
    const [request] = await once(server, 'request');
    return ofOurs(request.accept(null, request.origin));
  };
}

function serveWs(server, _transport, perMessageDeflate) {
  const wss = new ws.WebSocketServer({ server, perMessageDeflate });
  return async () => {
    const [socket] = await once(wss, 'connection');
    assert.match(socket.extensions, /^permessage-deflate/);
    return ofWs(socket);
  };
}

async function connectOurs(url, transport, perMessageDeflate) {
  const tlsOptions = { ca: authority() };
  const client = new lib.client({ transport, perMessageDeflate, tlsOptions, ...LIMITS });
  client.connect(url);
  const [connection] = await once(client, 'connect');
  return ofOurs(connection);
}

/** Our connection, once it has its final transport. */
async function ofOurs(connection) {
  assert.strictEqual(connection.extensions[0]?.name, 'permessage-deflate');
  const peer = ofConnection(connection);
  await new Promise(setImmediate);
  return peer;
}

async function connectOurStandard(url, transport, perMessageDeflate) {
  const tlsOptions = { ca: authority() };
  const config = { transport, perMessageDeflate, tlsOptions, ...LIMITS };
  const socket = new lib.w3cwebsocket(url, undefined, undefined, undefined, undefined, config);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  assert.match(socket.extensions, /^permessage-deflate/);
  return ofStandard(socket);
}

async function connectWs(url, _transport, perMessageDeflate) {
  const socket = new ws.WebSocket(url, { perMessageDeflate, ca: authority() });
  await once(socket, 'open');
  assert.match(socket.extensions, /^permessage-deflate/);
  return ofWs(socket);
}

async function connectUndici(url) {
  const dispatcher = new undici.Agent({ connect: { ca: authority() } });
  const socket = new undici.WebSocket(url, { dispatcher });
  await once(socket, 'open');
  assert.match(socket.extensions, /^permessage-deflate/);
  return ofStandard(socket);
}
