// An application that adds declarations to the classes, as packages on top of npm websocket do.
// They hide none of the classes' members. It must compile with both types.

import type * as http from 'node:http';
import {
  client,
  type connection,
  frame,
  type IServerConfig,
  type request,
  router,
  server,
} from 'websocket';

declare module 'websocket' {
  interface client {
    label?: string;
    on(event: 'httpResponse', listener: (response: http.IncomingMessage) => void): this;
    on(event: 'redirect', listener: (location: string) => void): this;
  }
  interface connection {
    id: number;
    on(event: 'authenticated', listener: (user: string) => void): this;
    addListener(event: 'authenticated', listener: (user: string) => void): this;
  }
  interface frame {
    receivedAt?: Date;
  }
  interface request {
    user?: string;
    on(event: 'timeout', listener: (request: request) => void): this;
  }
  interface server {
    on(event: 'full', listener: (size: number) => void): this;
  }
  interface router {
    prefix?: string;
  }
  interface IServerConfig {
    region?: string;
  }
}

const caller = new client();
caller.label = 'one';
caller.on('httpResponse', (response) => console.log(response.statusCode));
caller.on('redirect', (location) => location.length);
caller.on('connectFailed', (error: Error) => console.log(error.message));
caller.on('connect', (peer) => {
  peer.id = 1;
  peer.on('authenticated', (user) => user.length);
  peer.addListener('authenticated', (user) => user.length);
  peer.on('message', (message) => message.type === 'utf8' && peer.sendUTF(message.utf8Data));
  peer.on('close', (code, reason) => reason.repeat(code));
  peer.once('close', () => peer.removeAllListeners());
});
caller.addListener('connect', (peer) => peer.close());
caller.connect('ws://localhost:1/');

const config: IServerConfig = { httpServer: [], region: 'eu' };
const wsServer = new server(config);
wsServer.on('full', (size) => size.toFixed());
wsServer.on('request', (asked: request) => {
  asked.user = asked.host;
  asked.on('timeout', (late) => late.reject(408));
  asked.on('requestAccepted', (peer) => peer.id++);
  const peer: connection = asked.accept(undefined, asked.origin);
  peer.id = 2;
});
wsServer.on('connect', (peer) => peer.id.toFixed());
wsServer.on('close', (peer, code, reason) => console.log(peer.id, code, reason));
wsServer.connections.find(({ id }) => id === 2)?.drop();

const composed = new frame();
composed.receivedAt = new Date();
const routes = new router();
routes.prefix = '/v1';
routes.mount('/v1', null, (asked) => asked.accept(asked.origin).id.toFixed());
