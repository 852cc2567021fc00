'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');

const { client: WebSocketClient, server: WebSocketServer } = require('../..');
const native = require('../../lib/internal/engine/native');
const kPeer = require('../../lib/internal/transport/kPeer');
const {
  SWITCHING,
  acceptLine,
  dial,
  handshake,
  listen,
  listenRaw,
  readHead,
} = require('../support/http');

const ON = { perMessageDeflate: true };
const SERVER_FORGETS = 'server_no_context_takeover';
const CLIENT_FORGETS = 'client_no_context_takeover';
const SERVER_BITS = 'server_max_window_bits';
const CLIENT_BITS = 'client_max_window_bits';

/** The parameters of an agreement without any request. */
const PLAINLY = {
  serverNoContextTakeover: false,
  clientNoContextTakeover: false,
  serverMaxWindowBits: 15,
  clientMaxWindowBits: 15,
  threshold: 1024,
  level: -1,
  memLevel: 8,
};

/** The header with these parameters. */
function pmd(...params) {
  return ['permessage-deflate', ...params].join('; ');
}

/** The value of `connection.extensions` for such a header. */
function extensionsOf(header) {
  if (header === undefined) return [];
  const [name, ...params] = header.split('; ');
  const pairs = params.map((param) => [...param.split('='), undefined].slice(0, 2));
  return [{ name, params: pairs.map(([name, value]) => ({ name, value })) }];
}

function extensionHeaders(answer) {
  return answer.headers.filter(([name]) => name === 'Sec-WebSocket-Extensions').map(([, v]) => v);
}

/** A masked ping of 'Hello'. A pong to it proves that the connection works. */
async function works(socket) {
  socket.write(Buffer.from('898537fa213d7f9f4d5158', 'hex'));
  const [pong] = await once(socket, 'data');
  assert.equal(pong.toString('hex'), '8a0548656c6c6f');
}

/** A server. `ask` sends offers, and returns the answer and the connection, if there is one. */
async function serve(t, config, accept) {
  const { httpServer, port, url } = await listen(t);
  const wsServer = new WebSocketServer({
    httpServer,
    autoAcceptConnections: accept === undefined,
    ...config,
  });
  if (accept) wsServer.on('request', accept);
  let connection;
  wsServer.on('connect', (accepted) => {
    connection = accepted;
  });
  const ask = async (offers, headers) => {
    connection = undefined;
    const socket = await dial(
      t,
      port,
      handshake({ 'Sec-WebSocket-Extensions': offers, ...headers }),
    );
    const answer = await readHead(socket);
    return { ...answer, socket, connection };
  };
  return { wsServer, ask, url };
}

/** A client that gets `header` in the answer, and the outcome. */
async function call(t, { config, headers, answer = [] }) {
  let head;
  const { url } = await listenRaw(t, (socket, request) => {
    head = request;
    const lines = [answer].flat().map((value) => `Sec-WebSocket-Extensions: ${value}\r\n`);
    socket.write(`${SWITCHING}${acceptLine(request, native)}${lines.join('')}\r\n`);
  });
  const client = new WebSocketClient(config);
  const connecting = client.connect(url, null, null, headers);
  const connection = await connecting.catch((error) => ({ error }));
  if (!connection.error) t.after(() => connection.drop());
  return { client, connection, error: connection.error, offered: offersIn(head) };
}

/** Every Sec-WebSocket-Extensions of a request. */
function offersIn(head) {
  const lines = head.split('\r\n').map((line) => /^sec-websocket-extensions: (.*)$/i.exec(line));
  return lines.filter((match) => match).map((match) => match[1]);
}

/** The parameters of a connection's compression, or null without compression. */
function compressionOf(connection) {
  return connection[kPeer].compression;
}

module.exports = {
  ON,
  SERVER_FORGETS,
  CLIENT_FORGETS,
  SERVER_BITS,
  CLIENT_BITS,
  PLAINLY,
  pmd,
  extensionsOf,
  extensionHeaders,
  works,
  serve,
  call,
  compressionOf,
  offersIn,
};
