'use strict';

const expect = require('../harness/expect');
const { encodeFrame } = require('../harness/wire');

const { CONNECTED, DISCONNECTED, FAREWELL, NORMAL, OPEN, error, switching } = expect;

/** A handshake that only one of the packages accepts. The connection ends cleanly. */
const OPENED = [OPEN, ['resume'], ...NORMAL];

module.exports = [
  {
    name: 'accept() with a protocol in mixed case',
    async run(t) {
      const server = await t.server();
      const lane = t.watchServer(server.ws);
      server.ws.on('request', (request) => {
        const connection = lane.call('accept', () => request.accept('MixedCase'));
        if (!connection) return;
        t.watch(connection);
        lane.add('protocol', connection.protocol);
      });
      const headers = { 'Sec-WebSocket-Protocol': 'MixedCase, other' };
      const peer = t.dial(server.port, { headers });
      await peer.head;
      if (server.ws.connections.length > 0) await t.farewell(peer);
      await peer.seen('gone');
    },
    differs: [
      {
        row: 'mixedCase',
        lane: 'server',
        upstream: [
          ['accept', 'threw', error('Specified protocol was not requested by the client.')],
        ],
        ours: [CONNECTED, ['accept'], ['protocol', 'mixedcase'], DISCONNECTED],
      },
      {
        row: 'mixedCase',
        lane: 'peer',
        upstream: [
          ['head', ['HTTP/1.1 500 Internal Server Error', 'Connection: close']],
          ['end'],
          ['gone'],
        ],
        ours: [switching('Sec-WebSocket-Protocol: MixedCase'), ...FAREWELL],
      },
      { row: 'mixedCase', lane: 'connection', upstream: [], ours: OPENED },
    ],
  },
  {
    name: 'a protocol named like a member of Object.prototype, accepted automatically',
    async run(t) {
      const server = await t.server({ autoAcceptConnections: true });
      const lane = t.watchServer(server.ws);
      server.ws.on('connect', (connection) => {
        t.watch(connection);
        lane.add('protocol', connection.protocol);
      });
      const peer = t.dial(server.port, { headers: { 'Sec-WebSocket-Protocol': '__proto__' } });
      await Promise.race([t.lane('process').until('uncaught'), peer.head]);
      if (server.ws.connections.length > 0) await t.farewell(peer);
    },
    differs: [
      {
        row: 'prototypeNames',
        lane: 'process',
        upstream: [['uncaught', error('protocolFullCase.replace is not a function', 'TypeError')]],
        ours: [],
      },
      {
        row: 'prototypeNames',
        lane: 'server',
        upstream: [],
        ours: [CONNECTED, ['protocol', '__proto__'], DISCONNECTED],
      },
      {
        row: 'prototypeNames',
        lane: 'peer',
        upstream: [],
        ours: [switching('Sec-WebSocket-Protocol: __proto__'), ...FAREWELL],
      },
      { row: 'prototypeNames', lane: 'connection', upstream: [], ours: OPENED },
    ],
  },
  {
    name: 'a frame that came in one piece with the handshake',
    async run(t) {
      const { peer } = await t.accepted({ dial: { after: encodeFrame('text', 'early') } });
      await t.lane().until('resume');
      peer.text('later');
      await t.lane().until('message');
      await t.farewell(peer);
    },
    differs: [
      {
        row: 'earlyFrames',
        lane: 'connection',
        upstream: [],
        ours: [['message', { type: 'utf8', utf8Data: 'early' }]],
      },
    ],
  },
  {
    name: 'a peer that resets while its request is pending, and is accepted after that',
    adopts: false,
    async run(t) {
      const server = await t.server();
      const lane = t.watchServer(server.ws);
      server.ws.on('request', async (request) => {
        request.socket.on('close', () => lane.add('socket closed'));
        lane.add('request');
        await lane.until('socket closed');
        lane.add('is pending', server.ws.pendingRequests.includes(request));
        t.watch(request.accept());
      });
      const peer = t.dial(server.port);
      await lane.until('request');
      peer.reset();
      await t.lane('connection').until('close');
    },
    differs: [
      {
        row: 'pendingReset',
        lane: 'process',
        upstream: [
          ['uncaught', { ...error('read ECONNRESET'), code: 'ECONNRESET', syscall: 'read' }],
        ],
        ours: [],
      },
    ],
  },
];
