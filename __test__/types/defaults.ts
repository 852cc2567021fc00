// The module as a default import, with esModuleInterop. It must compile with both types.

import type * as everything from 'websocket';
import websocket from 'websocket';

const wsServer: websocket.server = new websocket.server({ httpServer: [] });
const peers: everything.connection[] = wsServer.connections;
const { client: Client, w3cwebsocket: W3CWebSocket } = websocket;
new Client().on('connect', (peer) => peers.push(peer));
const socket: websocket.w3cwebsocket = new W3CWebSocket('ws://localhost:1/');
socket.onmessage = (event: websocket.IMessageEvent) => console.log(event.data);
