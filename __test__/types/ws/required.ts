// The module in CommonJS of TypeScript.

import WebSocket = require('ws');

const server: WebSocket.Server = new WebSocket.Server({ port: 0 }, () => server.close());
const other: WebSocket.WebSocketServer = new WebSocket.WebSocketServer({ noServer: true });
const client: WebSocket = new WebSocket('ws://localhost', { agent: undefined, protocolVersion: 8 });
const same: WebSocket.WebSocket = new WebSocket.WebSocket(new URL('ws://localhost'));
const stream = WebSocket.createWebSocketStream(client);
const all: Set<WebSocket> = server.clients;
const { OPEN, CLOSED } = WebSocket;
const data: WebSocket.Data = 'text';
const check: WebSocket.VerifyClientCallbackSync = ({ req }) => req.url === '/';
const where = server.address() as WebSocket.AddressInfo;
const injected = new WebSocket(null);

export = { all, check, CLOSED, data, injected, OPEN, other, same, stream, where };
