// An application for npm websocket and @types/websocket. It must compile with their types and with
// ours. types.test.js does both.

import * as http from 'node:http';
import {
  deprecation,
  type IBinaryMessage,
  type IClientConfig,
  type ICloseEvent,
  type IConfig,
  type ICookie,
  type IExtension,
  type IMessageEvent,
  type IRouterConfig,
  type IRouterHandler,
  type IRouterRequest,
  type IServerConfig,
  type IStringified,
  type IUtf8Message,
  type Message,
  version,
  w3cwebsocket as W3CWebSocket,
  client as WebSocketClient,
  connection as WebSocketConnection,
  frame as WebSocketFrame,
  type request as WebSocketRequest,
  router as WebSocketRouter,
  server as WebSocketServer,
} from 'websocket';

const limits: IConfig = { maxReceivedFrameSize: 1024, closeTimeout: 1000 };
const httpServer = http.createServer();
const serverConfig: IServerConfig = { httpServer, autoAcceptConnections: false, ...limits };
const wsServer = new WebSocketServer(serverConfig);
const clients: WebSocketConnection[] = [];

/** A client that is not a browser has no origin. */
function originIsAllowed(origin?: string) {
  return origin === undefined || origin === 'http://example.com';
}

wsServer.on('request', (request: WebSocketRequest) => {
  if (!originIsAllowed(request.origin)) {
    request.reject(403, 'not you', { 'X-Reason': 'origin' });
    return;
  }
  const cookies: ICookie[] = [
    { name: 'a', value: 'b', path: '/', maxage: 60, secure: true, expires: new Date() },
  ];
  const [protocol] = request.requestedProtocols;
  const connection = request.accept(protocol, request.origin, cookies);
  const room = request.resourceURL.query.room;
  console.log(request.remoteAddress, request.httpRequest.headers, request.cookies.length, room);
  clients.push(connection);

  connection.on('message', (message: Message) => {
    if (message.type === 'utf8') onText(connection, message);
    else onBinary(connection, message);
  });
  connection.on('frame', (frame) => console.log(frame.opcode, frame.binaryPayload.length));
  connection.on('ping', (cancel, payload) => payload.length > 10 && cancel());
  connection.on('error', (error) => console.error(error.message));
  connection.on('close', (code: number, description: string) => {
    console.log(code, description, connection.closeReasonCode, connection.remoteAddress);
    clients.splice(clients.indexOf(connection), 1);
  });
  connection.once('drain', () => console.log('drained'));
});
wsServer.on('connect', (connection) => connection.sendUTF('welcome'));
wsServer.on('close', (connection, reason, description) => {
  console.log(connection.connected, reason, description);
});

function onText(connection: WebSocketConnection, message: IUtf8Message) {
  const stringified: IStringified = { toString: () => message.utf8Data };
  connection.sendUTF(stringified, (error) => error && connection.drop());
  connection.send(message.utf8Data);
}

function onBinary(connection: WebSocketConnection, message: IBinaryMessage) {
  connection.sendBytes(message.binaryData);
  connection.ping(message.binaryData);
  connection.close(WebSocketConnection.CLOSE_REASON_NORMAL, 'enough');
}

const router = new WebSocketRouter();
router.attachServer(wsServer);
router.mount('*', 'echo', (request: IRouterRequest) => {
  request.accept(request.origin).on('message', () => {});
});
const routerConfig: IRouterConfig = { server: wsServer };
const routes: IRouterHandler[] = new WebSocketRouter(routerConfig).handlers;
console.log(routes.map((route) => route.pathString));

const clientConfig: IClientConfig = { webSocketVersion: 13, tlsOptions: { ca: 'x' } };
const client = new WebSocketClient(clientConfig);
client.on('connectFailed', (error) => console.error(error.message));
client.on('httpResponse', (response, sender) =>
  console.log(response.statusCode, sender === client),
);
client.on('connect', (connection: WebSocketConnection) => {
  const frame = new WebSocketFrame();
  frame.opcode = 0x9;
  frame.fin = true;
  connection.sendFrame(frame);
  const extensions: IExtension[] = connection.extensions;
  console.log(extensions, connection.socket.remotePort, connection.state === 'open');
});
client.connect('ws://localhost:8080/', 'echo', 'http://example.com', { Cookie: 'a=b' }, {});
client.abort();

class Typed extends WebSocketServer {
  constructor(config: IServerConfig) {
    super(config);
    this.on('connect', (connection) => this.broadcast(connection.remoteAddress));
  }
}
new Typed(serverConfig).shutDown();

const socket = new W3CWebSocket('ws://localhost:8080/', ['echo'], undefined, {}, {}, clientConfig);
socket.binaryType = 'arraybuffer';
socket.onopen = () => socket.send('hello');
socket.onerror = (error: Error) => console.error(error.message);
socket.onclose = (event: ICloseEvent) => console.log(event.code, event.reason, event.wasClean);
socket.onmessage = (event: IMessageEvent) => {
  if (typeof event.data === 'string') console.log(event.data.length);
  else socket.send(Buffer.from(event.data as ArrayBuffer));
};
if (socket.readyState === W3CWebSocket.OPEN) socket.close(1000, 'bye');

deprecation.disableWarnings = true;
console.log(version.toUpperCase());
