// Applications' subclasses of the package's classes. It must compile with both types.

import * as http from 'node:http';
import type { Socket } from 'node:net';
import {
  client,
  connection,
  frame,
  type IClientConfig,
  type IConfig,
  type IRouterRequest,
  type IServerConfig,
  type IStringified,
  type Message,
  request,
  router,
  server,
  w3cwebsocket,
} from 'websocket';

class Counted extends connection {
  sent = 0;

  constructor(socket: Socket, config: IConfig) {
    super(socket, [{ name: 'x', value: 'y' }], 'chat', false, config);
    this._addSocketEventListeners();
    this.on('message', (message) => this.received(message));
  }

  received(message: Message): void {
    if (message.type === 'binary') this.sendBytes(message.binaryData);
  }

  sendUTF(data: IStringified, done?: (error?: Error) => void): void {
    this.sent++;
    super.sendUTF(data, done);
  }

  sendBytes(data: Buffer, done?: (error?: Error) => void): void {
    this.sent++;
    super.sendBytes(data, done);
  }

  send(data: Buffer | IStringified, done?: (error?: Error) => void): void {
    // biome-ignore lint/correctness/noVoidTypeReturn: applications write it
    return super.send(data, done);
  }

  ping(data: Buffer | IStringified): void {
    super.ping(data);
  }

  close(code?: number, reason?: string): void {
    super.close(code ?? connection.CLOSE_REASON_NORMAL, reason);
  }

  handleSocketData(data: Buffer): void {
    super.handleSocketData(data);
  }

  processFrame(arrived: frame): void {
    super.processFrame(arrived);
  }

  emit(event: string | symbol, ...values: unknown[]): boolean {
    return super.emit(event, ...values);
  }
}

class Rooms extends server {
  readonly rooms = new Map<string, Set<connection>>();

  constructor(config: IServerConfig) {
    super(config);
    this.on('request', (asked) => this.join(asked));
    this.on('close', (peer) => this.leave(peer));
  }

  join(asked: request): void {
    const room = this.rooms.get(asked.resource) ?? new Set();
    this.rooms.set(asked.resource, room.add(asked.accept(null, asked.origin)));
  }

  leave(peer: connection): void {
    for (const room of this.rooms.values()) room.delete(peer);
  }

  broadcastUTF(data: IStringified): void {
    super.broadcastUTF(`${data}\n`);
  }

  handleUpgrade(asked: http.IncomingMessage, socket: Socket): void {
    super.handleUpgrade(asked, socket);
  }

  shutDown(): void {
    super.shutDown();
    this.rooms.clear();
  }
}

class Ticket extends request {
  seat = 0;

  watch(): this {
    this.on('requestResolved', (resolved) => resolved.seat++);
    return this.on('requestRejected', (rejected: Ticket) => rejected.seat++);
  }

  reject(status?: number, reason?: string): void {
    super.reject(status ?? 410, reason);
  }
}

class Caller extends client {
  constructor(config?: IClientConfig) {
    super(config);
    this.on('connect', () => this.emit('connected'));
  }

  call(): void {
    this.connect('ws://localhost:1/', ['chat'], undefined, { Cookie: 'a=b' });
  }
}

class Routes extends router {
  mount(
    path: string | RegExp,
    protocol: string | null,
    callback: (asked: IRouterRequest) => void,
  ): void {
    super.mount(path, protocol, callback);
  }
}

class Composed extends frame {
  toBuffer(nullMask: boolean): Buffer {
    return Buffer.concat([super.toBuffer(nullMask)]);
  }
}

class Reconnecting extends w3cwebsocket {
  attempts = 0;

  close(code?: number, reason?: string): void {
    super.close(code, reason);
  }
}

const rooms = new Rooms({ httpServer: http.createServer() });
const asServer: server = rooms;
rooms.on('connect', (peer) => rooms.leave(peer)).unmount();
new Caller({ maxReceivedFrameSize: 1 }).call();
new Routes({ server: rooms }).mount('*', null, () => {});
console.log(
  asServer,
  Counted,
  Ticket,
  new Composed(),
  new Reconnecting('ws://localhost:1/').attempts,
);
