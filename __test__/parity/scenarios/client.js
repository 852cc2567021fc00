'use strict';

const { error } = require('../harness/expect');
const { encodeFrame } = require('../harness/wire');

const REQUEST = [
  'GET / HTTP/1.1',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: <key>',
  'Host: 127.0.0.1<:port>',
];

/** An accepting raw server, and a client that connects to it with `connect` arguments. */
async function connecting(
  t,
  { config, url = (port) => `ws://127.0.0.1:${port}/`, args = [], headers, after } = {},
) {
  let peer;
  const port = await t.rawServer((raw, key) => {
    peer = raw;
    t.agree(raw, key, headers, after);
  });
  const client = t.client(config);
  const lane = t.lane();
  let connection;
  client.on('connect', (opened) => {
    connection = opened;
    t.watch(opened);
    lane.add('connect', opened.protocol, opened.webSocketVersion, opened.maskOutgoingPackets);
  });
  client.on('connectFailed', (error) => lane.add('connectFailed', error));
  client.on('httpResponse', () => lane.add('httpResponse'));
  client.connect(url(port), ...args);
  await lane.until('connect');
  return { client, connection, peer, lane };
}

/**
 * An answer that only one of the packages accepts. The client connects or fails, and TCP ends in
 * both cases.
 */
async function disputed(t, headers) {
  const lane = t.lane('client');
  const port = await t.rawServer((peer, key) => t.agree(peer, key, headers));
  const client = t.client();
  client.on('connect', (connection) => {
    lane.add('connect', connection.protocol);
    connection.drop(1000, 'done', true);
  });
  client.on('connectFailed', (error) => lane.add('connectFailed', error));
  client.connect(`ws://127.0.0.1:${port}/`);
  await t.lane('peer').until('gone');
}

const failed = (message) => ['connectFailed', error(message)];

module.exports = [
  {
    name: 'a client connects, and shows its connection',
    async run(t) {
      const { client, connection, peer, lane } = await connecting(t, {
        url: (port) => `ws://127.0.0.1:${port}/path/here?query=1`,
      });
      const { protocol, hostname, pathname, path } = client.url;
      lane.add('url', protocol, hostname, pathname, path);
      lane.add('client', client.secure, client.protocols, client.origin, client.protocol);
      lane.add('response', client.response.statusCode, client.response.headers.upgrade);
      lane.add('socket', client.socket === connection.socket);
      lane.add('connection', connection.remoteAddress, connection.remoteAddresses);
      lane.add('config', connection.config === client.config, connection.extensions);
      lane.add('class', connection instanceof t.ws.connection);
      await t.farewell(peer);
    },
  },
  {
    name: 'a client asks for protocols, an origin and headers of its own',
    async run(t) {
      const { client, peer, lane } = await connecting(t, {
        args: [['Chat', 'v2.chat'], 'http://example.org', { Cookie: 'a=1', 'X-Own': 'yes' }],
        headers: { 'Sec-WebSocket-Protocol': 'v2.chat' },
      });
      lane.add('client', client.protocols, client.origin, client.protocol);
      await t.farewell(peer);
    },
  },
  {
    name: 'one protocol may be given as text',
    async run(t) {
      const { client, peer, lane } = await connecting(t, {
        args: ['chat'],
        headers: { 'Sec-WebSocket-Protocol': 'chat' },
      });
      lane.add('client', client.protocols);
      await t.farewell(peer);
    },
  },
  {
    name: 'an empty protocol, and one of another type, counts as none',
    async run(t) {
      for (const [i, protocols] of ['', null, 7].entries()) {
        const server = await t.rawServer((peer) => peer.socket.destroy(), { lane: `${protocols}` });
        const client = t.client();
        client.on('connectFailed', () => t.lane('client').add('failed', client.protocols));
        client.connect(`ws://127.0.0.1:${server}/`, protocols);
        await t.lane('client').until('failed', i + 1);
        await t.lane(`${protocols}`).until('gone');
      }
    },
    adopts: false,
  },
  {
    name: 'version 8 changes the header of the origin',
    async run(t) {
      const { peer } = await connecting(t, {
        config: { webSocketVersion: 8 },
        args: [null, 'http://example.org'],
      });
      await t.farewell(peer);
    },
  },
  {
    name: 'headers that the library sets itself can not be replaced, except Host',
    async run(t) {
      const own = {
        Upgrade: 'other',
        Connection: 'close',
        'Sec-WebSocket-Version': '99',
        'Sec-WebSocket-Key': 'AAAA',
        Host: 'virtual.example',
      };
      const { peer } = await connecting(t, { args: [null, null, own] });
      await t.farewell(peer);
    },
  },
  {
    name: 'request options reach http, those of the library win',
    async run(t) {
      const { peer } = await connecting(t, {
        args: [null, null, null, { method: 'POST', path: '/other', setHost: false, agent: false }],
      });
      await t.farewell(peer);
    },
  },
  {
    name: 'a URL that was parsed before',
    async run(t) {
      const { client, peer, lane } = await connecting(t, {
        url: (port) => require('node:url').parse(`ws://127.0.0.1:${port}/parsed?x`),
      });
      lane.add('path', client.url.path);
      await t.farewell(peer);
    },
  },
  {
    name: 'a URL without a path',
    async run(t) {
      const { client, peer, lane } = await connecting(t, {
        url: (port) => `ws://127.0.0.1:${port}`,
      });
      lane.add('path', client.url.path);
      await t.farewell(peer);
    },
  },
  {
    name: 'a URL with a fragment and characters to be escaped',
    async run(t) {
      const { peer } = await connecting(t, {
        url: (port) => `ws://127.0.0.1:${port}/a b?c=ü#part`,
      });
      await t.farewell(peer);
    },
  },
  {
    name: 'frames that came with the answer of the server follow connect',
    async run(t) {
      const after = Buffer.concat([
        encodeFrame('text', 'one', { mask: false }),
        encodeFrame('text', 'two', { mask: false }),
      ]);
      const { peer, lane } = await connecting(t, { after });
      await lane.until('message', 2);
      await t.farewell(peer);
    },
  },
  {
    name: 'the answer of the server may write its headers as it likes',
    async run(t) {
      const { peer } = await connecting(t, {
        headers: { Upgrade: 'WebSocket', Connection: 'upgrade' },
      });
      await t.farewell(peer);
    },
  },
  {
    name: 'a server that answers Connection: keep-alive, Upgrade',
    adopts: false,
    run: (t) => disputed(t, { Connection: 'keep-alive, Upgrade' }),
    differs: [
      {
        row: 'connectionTokens',
        lane: 'client',
        upstream: [failed('Expected a Connection: Upgrade header from the server')],
        ours: [['connect', '(undefined)']],
      },
    ],
  },
  {
    name: 'a server that chooses a protocol although none was requested',
    adopts: false,
    run: (t) => disputed(t, { 'Sec-WebSocket-Protocol': 'unasked' }),
    differs: [
      {
        row: 'unaskedProtocol',
        lane: 'client',
        upstream: [['connect', '(undefined)']],
        ours: [failed('Server responded with a protocol that was not requested: unasked')],
      },
    ],
  },
  {
    name: 'a server that chooses a protocol which the application asked for by a header of its own',
    async run(t) {
      const { client, peer, lane } = await connecting(t, {
        args: [null, null, { 'sec-websocket-protocol': 'chat, v2.chat' }],
        headers: { 'Sec-WebSocket-Protocol': 'v2.chat' },
      });
      lane.add('protocol', client.protocols, client.protocol);
      await t.farewell(peer);
    },
  },
  {
    name: 'credentials in the URL',
    adopts: false,
    async run(t) {
      const port = await t.rawServer((peer) => peer.socket.destroy());
      const client = t.client();
      client.on('connectFailed', () => t.lane('client').add('failed'));
      client.connect(`ws://user:p%40ss@127.0.0.1:${port}/`);
      await t.lane('client').until('failed');
      await t.lane('peer').until('gone');
    },
    differs: [
      {
        row: 'urlCredentials',
        lane: 'peer',
        upstream: [['head', REQUEST]],
        ours: [['head', [...REQUEST, 'Authorization: Basic dXNlcjpwQHNz']]],
      },
    ],
  },
  {
    name: 'the configuration of a client when nothing is given',
    adopts: false,
    async run(t) {
      const { config } = new t.ws.client();
      for (const name of [
        'maxReceivedFrameSize',
        'maxReceivedMessageSize',
        'fragmentOutgoingMessages',
        'fragmentationThreshold',
        'webSocketVersion',
        'assembleFragments',
        'disableNagleAlgorithm',
        'closeTimeout',
        'tlsOptions',
        'keepalive',
      ]) {
        t.lane('client').add('default', name, config[name]);
      }
    },
  },
  {
    name: "tlsOptions, and the caller's configuration after they were taken",
    adopts: false,
    async run(t) {
      const given = { tlsOptions: { rejectUnauthorized: false }, closeTimeout: 1 };
      const { config } = new t.ws.client(given);
      t.lane('client').add('given', given);
      t.lane('client').add('config', config.tlsOptions, config.closeTimeout);
    },
    differs: [
      {
        row: 'callersObjects',
        lane: 'client',
        upstream: [['given', { closeTimeout: 1 }]],
        ours: [['given', { tlsOptions: { rejectUnauthorized: false }, closeTimeout: 1 }]],
      },
    ],
  },
];
