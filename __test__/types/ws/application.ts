// An application of npm ws, as an ES module or compiled to CommonJS.

import { createServer, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import WebSocket, { createWebSocketStream, type RawData, WebSocketServer } from 'ws';

const server = new WebSocketServer({
  server: createServer(),
  path: '/live',
  perMessageDeflate: { threshold: 512, zlibDeflateOptions: { level: 3 } },
  maxPayload: 1024,
  verifyClient: ({ origin, secure, req }, callback) =>
    callback(secure && origin === req.headers.host, 401, 'no', { 'x-why': 'no' }),
  handleProtocols: (protocols, request) => request.url !== '/' && [...protocols][0],
});

server.on('connection', function (websocket, request) {
  this.options.maxPayload = 5;
  websocket.on('message', (data, isBinary) => {
    const raw: RawData = data;
    for (const client of server.clients) {
      if (client.readyState === WebSocket.OPEN) client.send(raw, { binary: isBinary });
    }
  });
  websocket.on('close', (code, reason) => console.log(code.toFixed(), reason.toString('utf8')));
  websocket.on('my own event', (anything) => anything.whatever);
  websocket.once('pong', (data) => data.byteLength);
  console.log(request.socket.remoteAddress);
});
server.on('headers', (headers, request) => headers.push(`X-Url: ${request.url}`));
server.on('wsClientError', (error, socket, request) => socket.end(error.message + request.url));
server.once('listening', () => console.log(server.address()));
server.close((error) => error?.message);

const client = new WebSocket('ws://localhost', ['a', 'b'], {
  headers: { authorization: 'x' },
  followRedirects: true,
  handshakeTimeout: 5,
  origin: 'http://localhost',
  finishRequest: (request, websocket) => request.setHeader('x', websocket.url),
});
client.onmessage = ({ data, target }) => target.send(typeof data === 'string' ? data : 'bytes');
client.onclose = ({ code, reason, wasClean }) => [code + 1, reason.length, !wasClean];
client.onerror = ({ error, message }) => [error.code, message.length];
client.onopen = null;
client.addEventListener('message', ({ data }) => data, { once: true });
client.addEventListener('close', { handleEvent: ({ code }) => code });
client.removeEventListener('open', ({ type }) => type);
client
  .on('open', function () {
    this.send('text');
  })
  .on('unexpected-response', (request, response) => [request.destroy(), response.statusCode])
  .on('redirect', (url, request) => request.setHeader('referer', url))
  .on('upgrade', (response) => response.headers)
  .on('error', (error) => error.stack);
client.binaryType = 'arraybuffer';
client.send(new Uint8Array(1), { compress: false, fin: true }, (error) => error?.message);
client.ping('data', true, (error) => error);
client.close(4000, 'why');
const state: 0 | 1 | 2 | 3 = client.readyState;
const names: string[] = [client.protocol, client.extensions, client.url];
const options: WebSocket.ClientOptions = { maxRedirects: 1, rejectUnauthorized: false };
const served: WebSocket.ServerOptions = { noServer: true, clientTracking: false };
const stream: Duplex = createWebSocketStream(client, { encoding: 'utf8' });
const event: WebSocket.MessageEvent = { data: 'a', type: 'message', target: client };

class Tagged extends WebSocket {
  tag = 'a';
  override close(code?: number) {
    super.close(code);
  }
}
class Tagging extends WebSocketServer<typeof Tagged> {
  override shouldHandle(request: IncomingMessage) {
    return request.url === this.path;
  }
}
const tagging = new Tagging({ WebSocket: Tagged, noServer: true });
tagging.on('connection', ({ tag }) => tag.length);
tagging.handleUpgrade(null as never, stream, Buffer.alloc(0), ({ tag }) => tag.length);

export { event, names, options, served, state };
