'use strict';

const expect = require('../harness/expect');
const { KEY } = require('../harness/scene');

const { CONNECTED, DISCONNECTED, FAREWELL, NORMAL, OPEN, error, switching } = expect;

const SHORT_KEY = 'c2hvcnQ=';

/** Handshakes that upstream accepts: its answer, and this package's refusal. */
const HANDSHAKES = {
  'a key that is not 16 bytes long': {
    row: 'keyLength',
    dial: { headers: { 'Sec-WebSocket-Key': SHORT_KEY } },
    key: SHORT_KEY,
    accept: '5mxwMKXNI9akKyJbT9Ot03A9YWg=',
    reason: 'Client must provide 16 bytes in base64 for Sec-WebSocket-Key.',
  },
  'another method than GET': {
    row: 'strictRequests',
    dial: { method: 'POST' },
    status: '405 Method Not Allowed',
    reason: 'Client must use the GET method.',
    fields: { httpCode: 405, headers: { Allow: 'GET' } },
    lines: ['Allow: GET'],
  },
  'HTTP/1.0': {
    row: 'strictRequests',
    dial: { version: '1.0' },
    reason: 'Client must use HTTP/1.1 or later.',
  },
  'two keys': {
    row: 'strictRequests',
    dial: { headers: { 'sec-websocket-key': KEY } },
    key: `${KEY}, ${KEY}`,
    accept: 'motd92hNo/XZm4ZNfS/a+cB0Id4=',
    reason: 'Client must not repeat the sec-websocket-key header.',
  },
  'an upgrade to something else': {
    row: 'strictRequests',
    dial: { headers: { Upgrade: 'h2c' } },
    reason: 'Client must ask for an upgrade to websocket.',
  },
};

async function handshake(t, dial) {
  const server = await t.server();
  const lane = t.watchServer(server.ws);
  server.ws.on('request', (request) => {
    lane.add('request', request.httpRequest.method, request.key);
    t.watch(request.accept());
  });
  const peer = t.dial(server.port, dial);
  await peer.head;
  if (server.ws.connections.length > 0) await t.farewell(peer);
  await peer.seen('gone');
}

function refused({ row, dial, key = KEY, accept, status, reason, fields, lines = [] }) {
  const head = [
    `HTTP/1.1 ${status ?? '400 Bad Request'}`,
    'Connection: close',
    `X-WebSocket-Reject-Reason: ${reason}`,
    ...lines,
  ];
  const [, agreed] = switching();
  const taken = accept ? [...agreed.slice(0, 3), `Sec-WebSocket-Accept: ${accept}`] : agreed;
  return [
    {
      row,
      lane: 'server',
      upstream: [['request', dial.method ?? 'GET', key], CONNECTED, DISCONNECTED],
      ours: [['upgradeError', { ...error(reason), ...fields }]],
    },
    {
      row,
      lane: 'peer',
      upstream: [['head', taken], ...FAREWELL],
      ours: [['head', head], ['end'], ['gone']],
    },
    { row, lane: 'connection', upstream: [OPEN, ['resume'], ...NORMAL], ours: [] },
  ];
}

module.exports = Object.entries(HANDSHAKES).map(([what, expected]) => ({
  name: `a handshake with ${what}`,
  adopts: false,
  run: (t) => handshake(t, expected.dial),
  differs: refused(expected),
}));
