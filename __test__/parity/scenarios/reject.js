'use strict';

const { error } = require('../harness/expect');

/** A server that calls `reject(request)` for each request, and one raw client. */
async function rejecting(t, reject, { headers, config, httpOptions, path, version } = {}) {
  const server = await t.server(config, httpOptions);
  const lane = t.watchServer(server.ws);
  server.ws.on('request', (request) => {
    t.watchRequest(request);
    lane.add('request', server.ws.pendingRequests.length);
    reject(request, lane);
    lane.add('pending', server.ws.pendingRequests.length);
  });
  const peer = t.dial(server.port, { headers, path, version });
  await peer.seen('gone');
  lane.add('pending', server.ws.pendingRequests.length);
}

/** A server's answer to an invalid handshake. */
async function unreadable(t, headers, rest) {
  await rejecting(t, (request) => request.reject(), { headers, ...rest });
}

/** The answers to several rejections, one lane each. */
async function phrases(t, statuses) {
  const server = await t.server();
  server.ws.on('request', (request) => {
    request.reject(Number(request.resource.slice(1)));
  });
  for (const status of statuses) {
    const peer = t.dial(server.port, { path: `/${status}`, lane: `${status}` });
    await peer.seen('gone');
  }
}

const phrase = (status, upstream, ours) => ({
  row: 'reasonPhrases',
  lane: `${status}`,
  upstream: [['head', [`HTTP/1.1 ${status} ${upstream}`, 'Connection: close']]],
  ours: [['head', [`HTTP/1.1 ${status} ${ours}`, 'Connection: close']]],
});

const NO_VERSION = 'Client must provide a value for Sec-WebSocket-Version.';

/** A refused handshake: the server's report and the peer's answer. */
function refusal(message, status = '400 Bad Request', fields = {}) {
  const further = Object.entries(fields.headers ?? {}).map(([name, value]) => `${name}: ${value}`);
  const reason = `X-WebSocket-Reject-Reason: ${message}`;
  return {
    server: ['upgradeError', { ...error(message), ...fields }],
    peer: ['head', [`HTTP/1.1 ${status}`, 'Connection: close', reason, ...further]],
  };
}

/** The refusal of a version, with the supported ones. */
function unsupported(version, supported) {
  return refusal(
    `Unsupported websocket client version: ${version}Only versions 8 and 13 are supported.`,
    '426 Upgrade Required',
    { httpCode: 426, headers: { 'Sec-WebSocket-Version': supported } },
  );
}

const differently = (row, upstream, ours) =>
  ['server', 'peer'].map((lane) => ({
    row,
    lane,
    upstream: [upstream[lane]],
    ours: [ours[lane]],
  }));

module.exports = [
  {
    name: 'reject() answers 403',
    adopts: false,
    run: (t) => rejecting(t, (request) => request.reject()),
  },
  {
    name: 'reject() with status, reason and headers, cleaned of line breaks',
    adopts: false,
    run: (t) =>
      rejecting(t, (request) => {
        request.reject(401, 'who\r\nare you?', {
          'WWW-Authenticate': 'Basic realm="x"',
          'X-Split\r\nIn': 'one\r\ntwo',
          'X-Number': 7,
        });
      }),
  },
  {
    name: 'reject() takes only a number for the status',
    adopts: false,
    run: (t) => rejecting(t, (request) => request.reject('404', 'not here')),
  },
  {
    name: 'reject() with a status that has a reason phrase in both packages',
    adopts: false,
    run: (t) => phrases(t, [200, 302, 400, 401, 403, 404, 407, 410, 413, 426, 500, 501, 503, 504]),
  },
  {
    name: 'reject() with a status that upstream has no reason phrase for',
    adopts: false,
    run: (t) => phrases(t, [405, 429, 511]),
    differs: [
      phrase(405, 'undefined', 'Method Not Allowed'),
      phrase(429, 'undefined', 'Too Many Requests'),
      phrase(511, 'undefined', 'Network Authentication Required'),
    ],
  },
  {
    name: 'a request that was rejected takes neither accept nor reject',
    adopts: false,
    run: (t) =>
      rejecting(t, (request, lane) => {
        request.reject(404);
        lane.attempt('accept', () => request.accept());
        lane.attempt('reject', () => request.reject());
      }),
  },
  {
    name: 'a server without a request listener answers 404',
    adopts: false,
    async run(t) {
      const server = await t.server();
      const lane = t.watchServer(server.ws);
      await t.dial(server.port).seen('gone');
      lane.add('pending', server.ws.pendingRequests.length);
    },
  },
  {
    name: 'a handshake without a Host header',
    adopts: false,
    run: (t) => unreadable(t, { Host: undefined }, { httpOptions: { requireHostHeader: false } }),
  },
  {
    name: 'a handshake without a key',
    adopts: false,
    run: (t) => unreadable(t, { 'Sec-WebSocket-Key': undefined }),
  },
  {
    name: 'a handshake without a version',
    adopts: false,
    run: (t) => unreadable(t, { 'Sec-WebSocket-Version': undefined }),
  },
  {
    name: 'a handshake whose version is no number',
    adopts: false,
    run: (t) => unreadable(t, { 'Sec-WebSocket-Version': 'latest' }),
  },
  {
    name: 'a handshake of an unknown version gets the supported ones',
    adopts: false,
    run: (t) => unreadable(t, { 'Sec-WebSocket-Version': '7' }),
    differs: differently('supportedVersions', unsupported(7, '13'), unsupported(7, '13, 8')),
  },
  {
    name: 'a handshake of version 0',
    adopts: false,
    run: (t) => unreadable(t, { 'Sec-WebSocket-Version': '0' }),
    differs: differently('versionZero', refusal(NO_VERSION), unsupported(0, '13, 8')),
  },
  {
    name: 'a peer that leaves while its request is pending, and is accepted after that',
    adopts: false,
    async run(t) {
      const server = await t.server();
      const lane = t.watchServer(server.ws);
      server.ws.on('request', async (request) => {
        request.socket.on('end', () => lane.add('socket ended'));
        lane.add('request');
        await lane.until('socket ended');
        const connection = t.watch(request.accept());
        connection.add('accepted');
      });
      const peer = t.dial(server.port);
      await lane.until('request');
      peer.end();
      await t.lane('connection').until('close');
      await peer.seen('gone');
    },
  },
  {
    name: 'a peer that ends its half while its request is pending, and is rejected after that',
    adopts: false,
    async run(t) {
      const server = await t.server();
      const lane = t.watchServer(server.ws);
      server.ws.on('request', async (request) => {
        request.socket.on('end', () => lane.add('socket ended'));
        lane.add('request');
        await lane.until('socket ended');
        t.watchRequest(request).attempt('reject', () => request.reject(401, 'too late'));
      });
      const peer = t.dial(server.port);
      await lane.until('request');
      peer.end();
      await peer.seen('gone');
    },
  },
  {
    name: 'a peer that sends a message and ends its half while its request is pending',
    adopts: false,
    async run(t) {
      const server = await t.server();
      const lane = t.lane('server');
      server.ws.on('request', async (request) => {
        const before = request.socket.bytesRead;
        lane.add('request');
        while (request.socket.bytesRead === before) await new Promise(setImmediate);
        lane.add('pending', server.ws.pendingRequests.length);
        t.watch(request.accept());
      });
      const peer = t.dial(server.port);
      await lane.until('request');
      peer.text('too early');
      peer.end();
      await t.lane().until('close');
      await peer.seen('gone');
    },
  },
  {
    name: 'a server needs an http server to be mounted on',
    adopts: false,
    async run(t) {
      const lane = t.lane('server');
      lane.attempt('mount', () => new t.ws.server(t.config({ keepalive: false })));
      const server = new t.ws.server();
      lane.add('unmounted', server.connections, server.pendingRequests, typeof server.config);
      lane.attempt('mount later', () => server.mount(t.config({})));
    },
  },
];
