// An application that gives the types fields of its own.

import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';

declare module 'ws' {
  interface WebSocket {
    isAlive?: boolean;
  }
  interface ServerOptions {
    room?: string;
  }
}

const options: ServerOptions = { noServer: true, room: 'lobby' };
const alive = (websocket: WebSocket) => websocket.isAlive === true;

export { alive, options, WebSocketServer };
