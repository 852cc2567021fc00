// The module in CommonJS of TypeScript. It must compile with both types.

import WebSocket = require('websocket');

const { client: Client, server } = WebSocket;
const caller: WebSocket.client = new Client();
caller.on('connect', (peer: WebSocket.connection) => peer.close());
const config: WebSocket.IServerConfig = { httpServer: [] };
const servers: WebSocket.server[] = [new WebSocket.server(config), new server(config)];
const later: Promise<typeof import('websocket')> = import('websocket');
type Peer = import('websocket').connection;
const peers: Peer[] = servers.flatMap(({ connections }) => connections);
const global: { WebSocket?: typeof WebSocket.w3cwebsocket } = {};
global.WebSocket = WebSocket.w3cwebsocket;
export = { later, peers, version: WebSocket.version };
