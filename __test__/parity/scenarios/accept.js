'use strict';

const { error } = require('../harness/expect');

const REQUEST_FIELDS = [
  'resource',
  'host',
  'key',
  'webSocketVersion',
  'origin',
  'requestedProtocols',
  'protocolFullCaseMap',
  'requestedExtensions',
  'remoteAddress',
  'remoteAddresses',
  'cookies',
];

function recordFields(lane, label, object, fields) {
  for (const field of fields) lane.add(label, field, object[field]);
}

module.exports = [
  {
    name: "a request shows the client's wishes, and accept() answers them",
    async run(t) {
      const server = await t.server();
      const lane = t.watchServer(server.ws);
      server.ws.on('request', (request) => {
        t.watchRequest(request);
        recordFields(lane, 'request', request, REQUEST_FIELDS);
        const { pathname, query, search } = request.resourceURL;
        lane.add('resourceURL', pathname, { ...query }, search);
        lane.add('is pending', server.ws.pendingRequests.includes(request));
        lane.add(
          'same objects',
          request.serverConfig === server.ws.config,
          request.httpRequest.url,
        );
        const connection = request.accept('chat', 'http://example.org');
        t.watch(connection);
        lane.add('is pending', server.ws.pendingRequests.includes(request));
        lane.add('connection', connection instanceof t.ws.connection);
        lane.add('same socket', connection.socket === request.socket);
        lane.add('same config', connection.config === server.ws.config);
        recordFields(lane, 'connection', connection, [
          'protocol',
          'extensions',
          'remoteAddress',
          'remoteAddresses',
          'webSocketVersion',
          'connected',
          'state',
          'closeReasonCode',
          'closeDescription',
          'closeEventEmitted',
          'maskOutgoingPackets',
          'waitingForCloseResponse',
          'closeTimeout',
          'assembleFragments',
          'maxReceivedMessageSize',
          'outputBufferFull',
          'inputPaused',
          'receivedEnd',
        ]);
      });
      const peer = t.dial(server.port, {
        path: '/room/7?name=a%20b&x=1&x=2',
        headers: {
          Origin: 'http://example.org',
          'Sec-WebSocket-Protocol': 'chat, superchat',
          'Sec-WebSocket-Extensions': 'foo; a=1; b, bar',
          Cookie: 'session=abc; theme=dark',
        },
      });
      await t.farewell(peer);
      await lane.until('close');
    },
  },
  {
    name: 'accept() without arguments sends neither protocol nor origin',
    async run(t) {
      const { connection, peer } = await t.accepted({
        dial: { headers: { 'Sec-WebSocket-Protocol': 'chat', Origin: 'http://example.org' } },
      });
      await t.lane().until('resume');
      t.lane().add('protocol', connection.protocol);
      peer.close(1000, 'bye');
      await peer.seen('gone');
      await t.lane().until('close');
    },
  },
  {
    name: 'accept() removes line breaks from the origin',
    async run(t) {
      const { peer } = await t.accepted({
        accept: (request) => request.accept(null, 'http://a\r\nX-Injected: 1'),
      });
      await t.farewell(peer);
    },
  },
  {
    name: 'version 8 has its own origin header, in both directions',
    async run(t) {
      const { connection, peer } = await t.accepted({
        dial: {
          headers: {
            'Sec-WebSocket-Version': '8',
            'Sec-WebSocket-Origin': 'http://old.example',
            Origin: 'http://ignored.example',
          },
        },
        accept: (request) => {
          t.lane('server').add('origin', request.origin, request.webSocketVersion);
          return request.accept(null, request.origin);
        },
      });
      await t.lane().until('resume');
      t.lane().add('version', connection.webSocketVersion);
      await t.farewell(peer);
    },
  },
  {
    name: 'a request is resolved once: accept or reject afterwards throws',
    async run(t) {
      const server = await t.server();
      const lane = t.watchServer(server.ws);
      server.ws.on('request', (request) => {
        t.watchRequest(request);
        t.watch(request.accept());
        lane.attempt('accept again', () => request.accept());
        lane.attempt('reject', () => request.reject());
      });
      const peer = t.dial(server.port);
      await t.farewell(peer);
      await lane.until('close');
    },
  },
  {
    name: 'autoAcceptConnections takes the first protocol and the origin that was asked for',
    async run(t) {
      const server = await t.server({ autoAcceptConnections: true });
      const lane = t.watchServer(server.ws);
      server.ws.on('request', () => lane.add('request'));
      server.ws.on('connect', (connection) => {
        t.watch(connection);
        lane.add('protocol', connection.protocol);
      });
      const peer = t.dial(server.port, {
        headers: { 'Sec-WebSocket-Protocol': 'one, two', Origin: 'http://example.org' },
      });
      await t.lane('connection').until('resume');
      peer.close(1001);
      await peer.seen('gone');
      await lane.until('close');
    },
  },
  {
    name: 'autoAcceptConnections without a protocol',
    async run(t) {
      const server = await t.server({ autoAcceptConnections: true });
      const lane = t.watchServer(server.ws);
      server.ws.on('connect', (connection) => {
        t.watch(connection);
        lane.add('protocol', connection.protocol);
      });
      const peer = t.dial(server.port);
      await t.lane('connection').until('resume');
      peer.close();
      await peer.seen('gone');
      await lane.until('close');
    },
  },
  {
    name: 'a protocol that the client did not name is refused with 500 and an exception',
    adopts: false,
    async run(t) {
      const server = await t.server();
      const lane = t.watchServer(server.ws);
      server.ws.on('request', (request) => {
        t.watchRequest(request);
        lane.attempt('accept', () => request.accept('other'));
      });
      const peer = t.dial(server.port, { headers: { 'Sec-WebSocket-Protocol': 'chat' } });
      await peer.seen('gone');
    },
  },
  {
    name: 'a protocol with a separator in it is refused with 500 and an exception',
    adopts: false,
    async run(t) {
      const server = await t.server();
      const lane = t.watchServer(server.ws);
      server.ws.on('request', (request) => {
        t.watchRequest(request);
        lane.attempt('accept', () => request.accept('ch at'));
      });
      const peer = t.dial(server.port, { headers: { 'Sec-WebSocket-Protocol': 'chat' } });
      await peer.seen('gone');
    },
    differs: [
      {
        row: 'protocolCharacter',
        lane: 'server',
        upstream: [['accept', 'threw', error('Illegal character "\u0000" in subprotocol.')]],
        ours: [['accept', 'threw', error('Illegal character " " in subprotocol.')]],
      },
    ],
  },
  {
    name: 'protocols are requested in lower case and answered in the spelling of the client',
    async run(t) {
      const { connection, peer } = await t.accepted({
        dial: { headers: { 'Sec-WebSocket-Protocol': 'MixedCase' } },
        accept: (request) => {
          t.lane('server').add('requested', request.requestedProtocols);
          return request.accept('mixedcase');
        },
      });
      await t.lane().until('resume');
      t.lane().add('protocol', connection.protocol);
      await t.farewell(peer);
    },
  },
];
