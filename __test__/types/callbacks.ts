// Callbacks, listeners and stubs with the types that applications write out. It must compile with
// the types of npm websocket and with ours.

import { type EventEmitter, on, once } from 'node:events';
import * as http from 'node:http';
import {
  client,
  connection,
  type frame,
  type IBinaryMessage,
  type ICookie,
  type IStringified,
  type IUtf8Message,
  type Message,
  type request,
  router,
  server,
} from 'websocket';

/** An application's own type for objects that can send and close. */
interface Peer {
  closeDescription: string;
  protocol: string;
  remoteAddress: string;
  state: string;
  sendUTF(data: string, done?: (error?: Error) => void): void;
  sendBytes(data: Buffer, done?: (error?: Error) => void): void;
  close(code?: number, reason?: string): void;
  on(event: 'message', listener: (message: Message) => void): unknown;
  on(event: 'close', listener: (code: number, reason: string) => void): unknown;
  once(event: string, listener: (...values: unknown[]) => void): unknown;
}

const optional = (error?: Error): void => {
  if (error) throw error;
};
const wide = (error: Error | null | undefined): void => console.log(error);
const unused = (): void => {};

function send(peer: connection, composed: frame): void {
  for (const done of [optional, wide, unused]) {
    peer.send('x', done);
    peer.send(Buffer.from('x'), done);
    peer.sendUTF('x', done);
    peer.sendBytes(Buffer.from('x'), done);
    peer.sendFrame(composed, done);
    peer.fragmentAndSend(composed, done);
    peer.sendCloseFrame(1000, 'bye', done);
  }
  peer.sendUTF('x', undefined);
  peer.sendUTF('x', (error?: Error) => error?.message);
  peer.sendBytes(Buffer.from('x'), (error) => error?.message);
  peer.fragmentAndSend(composed, (error: Error) => console.log(error.message));
  peer.ping('x');
  peer.pong(Buffer.from('x'));
}

/** Forwards its arguments. */
function sendAll(peers: connection[], ...what: Parameters<connection['sendUTF']>): void {
  for (const peer of peers) peer.sendUTF(...what);
}
sendAll([], 'x', optional);

/** Replaces methods on instances, like stubs and byte counters. */
function replace(peer: connection, caller: client): string[] {
  const log: string[] = [];
  peer.sendUTF = (data: IStringified) => {
    log.push(data.toString());
  };
  peer.sendBytes = (data: Buffer, done?: (error?: Error) => void) => {
    log.push(String(data.length));
    done?.();
  };
  peer.send = () => {};
  peer.ping = () => {};
  peer.pong = () => {};
  peer.sendFrame = () => {};
  peer.close = () => log.push('close');
  caller.abort = () => {};
  peer.frameQueue = [];
  peer.fragmentationSize = 0;
  peer.frameQueue.push(peer.currentFrame);
  peer.maskBytes = Buffer.alloc(4);
  peer.state = log.join();
  return log;
}

const double: Pick<connection, 'sendUTF' | 'close' | 'connected'> = {
  connected: true,
  sendUTF() {},
  close() {},
};
const cast = { sendUTF: () => {}, on: () => {} } as unknown as connection;

/** Reads fields as strings, which they are while there is a connection. */
function describe(peer: connection): string {
  const closed: string = peer.closeDescription;
  const protocol: string = peer.protocol;
  if (peer.state === 'connected' || peer.state === 'closed') return closed.concat(protocol);
  const [{ name, value }] = peer.extensions;
  const text: string = value;
  return peer.closeDescription.length > 0 ? name : text;
}

function originIsAllowed(origin: string): boolean {
  return origin.startsWith('https://');
}

const wsServer = new server({ httpServer: http.createServer() });
wsServer.on('request', (asked: request) => {
  if (!originIsAllowed(asked.origin)) return asked.reject();
  const cookies: ICookie[] = asked.cookies;
  const token: string | undefined = cookies.find(({ name }) => name === 'token')?.value;
  const wanted: string[] = asked.requestedExtensions.map((extension) => extension.name);
  asked.on('requestAccepted', (accepted: connection) => accepted.sendUTF(`${token}`, optional));
  asked.on('requestRejected', (rejected: request) => console.log(rejected.key, wanted));
  asked.once('requestResolved', (resolved: request) => console.log(resolved.key));
  const peer: Peer = asked.accept(null, asked.origin, cookies);
  peer.on('message', (message) => message.type);
});

const caller = new client();
caller.on('httpResponse', (response: http.IncomingMessage, who: client) => {
  console.log(response.statusCode, who === caller);
});
caller.on('httpResponse', (response) => console.log(response.statusCode));
caller.on('connectFailed', (error: Error) => console.log(error.message));
caller.addListener('connect', (peer: connection) => {
  peer.on('message', (message: Message) => console.log(message.type));
  peer.on('message', async (message) => {
    if (message.type === 'utf8') peer.sendUTF(message.utf8Data);
  });
  peer.on('frame', (arrived: frame) => console.log(arrived.opcode, arrived.dropReason.length));
  peer.on('ping', (cancel: () => void, payload: Buffer) => payload.length > 0 && cancel());
  peer.on('pong', (payload: Buffer) => console.log(payload.length));
  peer.on('error', (error: Error) => console.log(error.message));
  peer.on('close', (code: number, reason: string) => console.log(code, reason));
  for (const event of ['drain', 'pause', 'resume'] as const) peer.on(event, unused);
  // Events that @types/websocket does not declare take any listener.
  peer.once('message', (message: IUtf8Message) => console.log(message.utf8Data));
  peer.once('message', ({ binaryData }: IBinaryMessage) => console.log(binaryData));
  peer.prependListener('close', (code: string) => console.log(code));
  peer.off('close', unused).removeListener('message', unused).removeAllListeners();
  peer.emit('message', { type: 'utf8', utf8Data: 'x' });
  peer.emit('close');
  peer.emit('of its own', 1);
  console.log(peer.listeners('message'), peer.listenerCount('close'));
});

async function wait(peer: connection): Promise<Message> {
  const [message] = await once(peer, 'message');
  for await (const [next] of on(peer, 'message')) console.log(next);
  const emitter: NodeJS.EventEmitter = peer;
  const byClass: EventEmitter = wsServer;
  once(emitter, 'close');
  byClass.on('of its own', unused);
  return message;
}

const Classes: { [name: string]: new (...values: never[]) => EventEmitter } = {
  client,
  connection,
  router,
  server,
};
type Socket = InstanceType<typeof connection>;
type FirstEvent = Parameters<client['once']>[0];
const event: FirstEvent = 'connect';
const sockets = new Map<string, Socket>();
console.log(send, replace, double, cast, describe, wait, Classes, event, sockets);
