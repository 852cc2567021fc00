'use strict';

const { once } = require('node:events');
const net = require('node:net');

const { onSocket, serversFor } = require('./carrier');

/** The key of RFC 6455 §1.3 and its answer. */
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';

/** Headers of a valid handshake. */
const HANDSHAKE = {
  Host: 'example.com',
  Upgrade: 'websocket',
  Connection: 'Upgrade',
  'Sec-WebSocket-Key': KEY,
  'Sec-WebSocket-Version': '13',
};

const SWITCHING =
  'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n';

/**
 * An HTTP server on a free port. It closes with all of its connections when the test ends.
 *
 * @returns {Promise<{ httpServer: import('node:http').Server, port: number, url: string }>}
 */
async function listen(t, httpServer = serversFor().http.createServer()) {
  const sockets = new Set();
  onSocket(httpServer, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  t.after(() => {
    httpServer.close();
    for (const socket of sockets) socket.destroy();
  });
  httpServer.listen(0, '127.0.0.1');
  await once(httpServer, 'listening');
  const { port } = httpServer.address();
  return { httpServer, port, url: `ws://127.0.0.1:${port}/` };
}

/**
 * A TCP server that calls `serve(socket, requestHead)` for each client, once its request has
 * arrived.
 *
 * @returns {Promise<{ port: number, url: string }>}
 */
async function listenRaw(t, serve) {
  const sockets = new Set();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    let head = '';
    const read = (chunk) => {
      head += chunk.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      socket.removeListener('data', read);
      serve(socket, head);
    };
    socket.on('data', read);
  });
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  return { port, url: `ws://127.0.0.1:${port}/` };
}

/**
 * Connects to the server by TCP and sends `start`.
 *
 * @returns {Promise<net.Socket>}
 */
async function dial(t, port, start = '') {
  const socket = net.connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(start);
  return socket;
}

/**
 * The text of an upgrade request. It omits an undefined header, and repeats the header for an
 * array.
 */
function handshake(headers = {}, { method = 'GET', path = '/', version = '1.1' } = {}) {
  let text = `${method} ${path} HTTP/${version}\r\n`;
  for (const [name, value] of Object.entries({ ...HANDSHAKE, ...headers })) {
    if (value === undefined) continue;
    for (const one of [value].flat()) text += `${name}: ${one}\r\n`;
  }
  return `${text}\r\n`;
}

/**
 * Reads an answer up to the end of its head.
 *
 * @returns {Promise<{ status: number, phrase: string, headers: [string, string][], rest: Buffer }>}
 */
async function readHead(socket) {
  let bytes = Buffer.alloc(0);
  let end = -1;
  while (end === -1) {
    const [chunk] = await once(socket, 'data');
    bytes = Buffer.concat([bytes, chunk]);
    end = bytes.indexOf('\r\n\r\n');
  }
  const [first, ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const [, status, phrase] = /^HTTP\/1\.1 (\S+) ?(.*)$/.exec(first);
  const headers = lines.map((line) => /^(.*?): (.*)$/.exec(line).slice(1));
  return { status: Number(status), phrase, headers, rest: bytes.subarray(end + 4) };
}

/** The header line that accepts a client, computed from the head of its request. */
function acceptLine(head, lib) {
  const key = /sec-websocket-key: (\S+)/i.exec(head)[1];
  return `Sec-WebSocket-Accept: ${lib.acceptKey(key)}\r\n`;
}

/** The value of a header in the result of `readHead`. */
function headerOf(answer, name) {
  return answer.headers.find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
}

module.exports = {
  ACCEPT,
  KEY,
  SWITCHING,
  acceptLine,
  dial,
  handshake,
  headerOf,
  listen,
  listenRaw,
  readHead,
};
