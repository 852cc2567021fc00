// The additions to the old interface, and calls that their types must refuse.

import * as http from 'node:http';
import {
  client as Client,
  type connection as Connection,
  type IConfig,
  type IPerMessageDeflate,
  request as Request,
  router as Router,
  server as Server,
  w3cwebsocket as W3CWebSocket,
} from '../../index';

const config: IConfig = {
  transport: 'stream',
  highWaterMark: 1024,
  maxFragments: 100,
  requireMasking: true,
  perMessageDeflate: true,
};
config.perMessageDeflate = { serverMaxWindowBits: 10, clientMaxWindowBits: false, level: -1 };
const deflate: IPerMessageDeflate = { threshold: 0, memLevel: 9, clientNoContextTakeover: true };
config.perMessageDeflate = deflate;
// @ts-expect-error the bits of that window are a number
config.perMessageDeflate = { serverMaxWindowBits: false };
// @ts-expect-error there are two transports
config.transport = 'native';

const httpServer = http.createServer();
const server = new Server({ httpServer: [httpServer], parseCookies: false, ...config });
for (const trustProxy of [true, 2, 'loopback', ['10.0.0.0/8'] as const, null, undefined]) {
  server.mount({ httpServer, trustProxy, requestTimeout: 1000 });
}
server.mount({ httpServer, trustProxy: (address, index) => index < address.length });
// @ts-expect-error a predicate says yes or no
server.mount({ httpServer, trustProxy: (address: string) => address });
// @ts-expect-error it is a number of milliseconds
server.mount({ httpServer, requestTimeout: '1s' });
server.on('upgradeError', (error) => {
  const status: number | undefined = error.httpCode;
  console.log(status, error.headers?.['Sec-WebSocket-Version']);
});
// @ts-expect-error a request listener gets a request
server.on('request', (request: Connection) => request.close());
server.on('of its own', (anything) => anything);
httpServer.on('upgrade', (request, socket, head) => server.handleUpgrade(request, socket, head));

httpServer.on('upgrade', (httpRequest, socket, head) => {
  const request = new Request(socket, httpRequest, { closeTimeout: 5000 }, head);
  request.readHandshake();
  const value: string | null | undefined = request.cookies[0]?.value;
  const parameter: string | undefined = request.requestedExtensions[0]?.params[0]?.value;
  request.accept(null, undefined, null).send(`${value} ${parameter}`);
  const { extensions } = request.accept(null, null, null, { perMessageDeflate: false });
  const agreed: string | undefined = extensions[0]?.params?.[0]?.value;
  console.log(agreed);
  // @ts-expect-error it is taken or left
  request.accept(null, null, null, { perMessageDeflate: {} });
});

async function connect(signal: AbortSignal): Promise<void> {
  const client = new Client({ handshakeTimeout: 1000, keepalive: true, ...config });
  const connection: Connection = await client.connect(new URL('ws://localhost'), null, null, null, {
    signal,
  });
  const below: boolean = connection.sendUTF('x', (error) => error?.message);
  connection.send('x', { compress: false });
  connection.sendBytes(Buffer.alloc(1), { compress: false }, (error) => error?.message);
  // @ts-expect-error it is a matter of yes or no
  connection.sendUTF('x', { compress: 9 });
  const counts: number[] = [
    connection.bufferedAmount,
    connection.bytesReceived,
    connection.bytesSent,
    connection.bytesWaitingToFlush,
  ];
  const transport: 'native' | 'stream' = connection.transport;
  const why: string | null = connection.closeDescription;
  console.log(below, counts, transport, why, connection.ping(), connection.pong());
  // @ts-expect-error it is for reading
  connection.bufferedAmount = 0;
  client.connect('ws://localhost').catch((error) => error.message);
  await client.connect('ws://localhost').finally(() => {});
}

new Router({ server }).mount('/chat', null, (request) => {
  const connection: Connection = request.accept(null, [{ name: 'a', value: 'b', maxage: '60' }]);
  request.accept(null, null, { perMessageDeflate: false });
  connection.once('message', (message) => message.type === 'utf8' && message.utf8Data.length);
});

const socket = new W3CWebSocket(new URL('ws://localhost'));
const target: EventTarget = socket;
socket.binaryType = 'blob';
// @ts-expect-error that is another package's
socket.binaryType = 'nodebuffer';
socket.addEventListener('message', (event) => console.log(event.data, event.origin, event.type));
socket.addEventListener('close', { handleEvent: (event) => event.wasClean }, { once: true });
socket.addEventListener('error', ({ error, message }) => console.log(error.stack, message));
socket.addEventListener('of its own', (event: Event) => event.type);
socket.addEventListener('message', (event) => {
  event.data = JSON.parse(event.data);
});
const isWanted: boolean = socket.dispatchEvent({ type: 'of its own' });
console.log(isWanted);
const strings: string[] = [socket.protocol, socket.extensions, socket.url];
socket.send(new Uint8Array(1));
socket.send(new Blob(['x']));
console.log(connect, target, strings);
