// The module and its default export, as ECMAScript modules see them.

import websocket, { type server as Server, version } from 'websocket-native';

const server: Server = new websocket.server();
const text: string = version;
console.log(server, text);
