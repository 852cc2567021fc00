/// <reference types="node" />

// biome-ignore-all lint/suspicious/noExplicitAny: the data of an application, and its own events

import { EventEmitter } from 'node:events';
import type * as http from 'node:http';
import type * as https from 'node:https';
import type { createConnection } from 'node:net';
import type { Duplex, DuplexOptions } from 'node:stream';
import type { SecureContextOptions } from 'node:tls';
import type { URL } from 'node:url';
import type { ZlibOptions } from 'node:zlib';
import type * as parts from './parts';

/** The listener of an application's own event. */
type AnyListener<This> = (this: This, ...args: any[]) => void;

/** A WebSocket, of a client or of a server, as npm `ws` has it. */
declare class WebSocket extends EventEmitter {
  /** The handshake is not done. */
  static readonly CONNECTING: 0;
  /** Messages can be sent. */
  static readonly OPEN: 1;
  /** The closing handshake has begun. */
  static readonly CLOSING: 2;
  /** The connection is over. */
  static readonly CLOSED: 3;

  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSING: 2;
  readonly CLOSED: 3;

  /** How the bytes of binary messages are delivered, from the next message on. */
  binaryType: 'nodebuffer' | 'arraybuffer' | 'blob' | 'fragments';
  /** The bytes that wait to be sent. */
  readonly bufferedAmount: number;
  /** The negotiated extensions: '' or 'permessage-deflate'. */
  readonly extensions: string;
  /** Whether `pause()` is in force. */
  readonly isPaused: boolean;
  /** The negotiated subprotocol, or ''. */
  readonly protocol: string;
  /** The state, one of the four constants. */
  readonly readyState: 0 | 1 | 2 | 3;
  /** The address of the server. A server's side has none. */
  readonly url: string;

  onopen: ((event: WebSocket.Event) => void) | null;
  onerror: ((event: WebSocket.ErrorEvent) => void) | null;
  onclose: ((event: WebSocket.CloseEvent) => void) | null;
  onmessage: ((event: WebSocket.MessageEvent) => void) | null;

  /** The side of a server, without a socket until `setSocket()`. */
  constructor(address: null, protocols?: undefined, options?: WebSocket.SocketOptions);
  /** Connects to a server. */
  constructor(address: string | URL, options?: WebSocket.ClientOptions | http.ClientRequestArgs);
  constructor(
    address: string | URL,
    protocols?: string | string[],
    options?: WebSocket.ClientOptions | http.ClientRequestArgs,
  );

  /** Begins the closing handshake. Without a code, the close frame is empty. */
  close(code?: number, data?: string | Buffer): void;
  /** Sends a ping of at most 125 bytes. */
  ping(data?: any, mask?: boolean, cb?: (err: Error) => void): void;
  /** Sends a pong of at most 125 bytes. */
  pong(data?: any, mask?: boolean, cb?: (err: Error) => void): void;
  /** Sends a message, or a fragment of one. The callback is called when it is written. */
  send(data: parts.Sendable, cb?: (err?: Error) => void): void;
  send(data: parts.Sendable, options: WebSocket.SendOptions, cb?: (err?: Error) => void): void;
  /** Destroys the connection without a closing handshake. */
  terminate(): void;
  /** Stops the events. Does nothing while CONNECTING or CLOSED. */
  pause(): void;
  /** Continues after `pause()`. */
  resume(): void;

  addEventListener<K extends keyof WebSocket.WebSocketEventMap>(
    type: K,
    listener:
      | ((event: WebSocket.WebSocketEventMap[K]) => void)
      | { handleEvent(event: WebSocket.WebSocketEventMap[K]): void },
    options?: WebSocket.EventListenerOptions,
  ): void;
  removeEventListener<K extends keyof WebSocket.WebSocketEventMap>(
    type: K,
    listener:
      | ((event: WebSocket.WebSocketEventMap[K]) => void)
      | { handleEvent(event: WebSocket.WebSocketEventMap[K]): void },
  ): void;

  on<E extends keyof WebSocket.Listeners>(event: E, listener: WebSocket.Listeners[E]): this;
  on(event: string | symbol, listener: AnyListener<WebSocket>): this;
  once<E extends keyof WebSocket.Listeners>(event: E, listener: WebSocket.Listeners[E]): this;
  once(event: string | symbol, listener: AnyListener<WebSocket>): this;
  off<E extends keyof WebSocket.Listeners>(event: E, listener: WebSocket.Listeners[E]): this;
  off(event: string | symbol, listener: AnyListener<WebSocket>): this;
  addListener<E extends keyof WebSocket.Listeners>(
    event: E,
    listener: WebSocket.Listeners[E],
  ): this;
  addListener(event: string | symbol, listener: AnyListener<WebSocket>): this;
  removeListener<E extends keyof WebSocket.Listeners>(
    event: E,
    listener: WebSocket.Listeners[E],
  ): this;
  removeListener(event: string | symbol, listener: AnyListener<WebSocket>): this;
}

/** The class under another name, because inside the namespace its own name means the alias. */
declare const WebSocketClass: typeof WebSocket;
interface WebSocketClass extends WebSocket {}

declare namespace WebSocket {
  /** The data of a message, as 'message' has it. With `binaryType = 'blob'` it is a Blob. */
  type RawData = Buffer | ArrayBuffer | Buffer[];
  /** The data of a message, as WHATWG events have it: text is a string. */
  type Data = string | Buffer | ArrayBuffer | Buffer[];
  /** A certificate or key. */
  type CertMeta = string | string[] | Buffer | Buffer[];

  /** The listeners of a WebSocket's events. */
  interface Listeners {
    open: (this: WebSocketClass) => void;
    message: (this: WebSocketClass, data: RawData, isBinary: boolean) => void;
    ping: (this: WebSocketClass, data: Buffer) => void;
    pong: (this: WebSocketClass, data: Buffer) => void;
    close: (this: WebSocketClass, code: number, reason: Buffer) => void;
    error: (this: WebSocketClass, error: Error) => void;
    upgrade: (this: WebSocketClass, response: http.IncomingMessage) => void;
    redirect: (this: WebSocketClass, url: string, request: http.ClientRequest) => void;
    'unexpected-response': (
      this: WebSocketClass,
      request: http.ClientRequest,
      response: http.IncomingMessage,
    ) => void;
  }

  /** Decides whether a server takes a client. `false` refuses it with 401. */
  type VerifyClientCallbackSync<Request extends http.IncomingMessage = http.IncomingMessage> =
    (info: { origin: string; secure: boolean; req: Request }) => boolean;
  /** The same with an answer that may come later and have a status, a text and headers. */
  type VerifyClientCallbackAsync<Request extends http.IncomingMessage = http.IncomingMessage> = (
    info: { origin: string; secure: boolean; req: Request },
    callback: (
      res: boolean,
      code?: number,
      message?: string,
      headers?: http.OutgoingHttpHeaders,
    ) => void,
  ) => void;
  /** May change the client's request before it calls `request.end()`. */
  type FinishRequestCallback = (request: http.ClientRequest, websocket: WebSocketClass) => void;

  /** How a message, or a fragment of one, is sent. */
  interface SendOptions {
    /** @default false for strings, true for anything else */
    binary?: boolean | undefined;
    /** @default true if permessage-deflate was negotiated */
    compress?: boolean | undefined;
    /** Whether this is the last fragment. @default true */
    fin?: boolean | undefined;
    /** @default true for a client */
    mask?: boolean | undefined;
  }

  /** What servers and clients both have. A limit of 0 is no limit. */
  interface SocketOptions {
    /** Whether several events may be emitted in one turn. @default true */
    allowSynchronousEvents?: boolean | undefined;
    /** Whether pings are answered. @default true */
    autoPong?: boolean | undefined;
    /** Milliseconds that the closing handshake may take. @default 30000 */
    closeTimeout?: number | undefined;
    /** Accepted; only a Receiver on its own counts chunks. @default 262144 */
    maxBufferedChunks?: number | undefined;
    /** The fragments that a message may have. @default 16384 */
    maxFragments?: number | undefined;
    /** The bytes that a message may have. @default 104857600 */
    maxPayload?: number | undefined;
    /** The unwritten answers to pings at which the connection is closed. @default 60 */
    maxPendingAutoPongs?: number | undefined;
    /** Whether text may be invalid UTF-8. @default false */
    skipUTF8Validation?: boolean | undefined;
    /** Keeps connections on Node's streams. By default plain sockets move to the I/O threads. */
    transport?: 'stream' | undefined;
  }

  /** The options of a client, besides those of `http.request()`. */
  interface ClientOptions extends SecureContextOptions, SocketOptions {
    agent?: http.Agent | undefined;
    checkServerIdentity?(servername: string, cert: CertMeta): boolean;
    createConnection?: typeof createConnection | undefined;
    family?: number | undefined;
    finishRequest?: FinishRequestCallback | undefined;
    /** @default false */
    followRedirects?: boolean | undefined;
    generateMask?(mask: Buffer): void;
    /** Milliseconds that the opening handshake may take. */
    handshakeTimeout?: number | undefined;
    headers?: { [key: string]: string } | undefined;
    host?: string | undefined;
    localAddress?: string | undefined;
    /** @default 10 */
    maxRedirects?: number | undefined;
    origin?: string | undefined;
    /** @default true */
    perMessageDeflate?: boolean | PerMessageDeflateOptions | undefined;
    protocol?: string | undefined;
    /** The subprotocols, if the argument of that name is left out. */
    protocols?: string | string[] | undefined;
    /** @default 13 */
    protocolVersion?: number | undefined;
    rejectUnauthorized?: boolean | undefined;
  }

  /** How messages are compressed (permessage-deflate, RFC 7692). */
  interface PerMessageDeflateOptions {
    serverNoContextTakeover?: boolean | undefined;
    clientNoContextTakeover?: boolean | undefined;
    serverMaxWindowBits?: number | undefined;
    clientMaxWindowBits?: number | undefined;
    /** `level`, `memLevel` and `strategy` have an effect. */
    zlibDeflateOptions?:
      | {
          flush?: number | undefined;
          finishFlush?: number | undefined;
          chunkSize?: number | undefined;
          windowBits?: number | undefined;
          level?: number | undefined;
          memLevel?: number | undefined;
          strategy?: number | undefined;
          dictionary?: Buffer | Buffer[] | DataView | undefined;
          info?: boolean | undefined;
        }
      | undefined;
    /** Accepted without effect. */
    zlibInflateOptions?: ZlibOptions | undefined;
    /** The bytes from which messages are compressed without context takeover. @default 1024 */
    threshold?: number | undefined;
    /** Accepted without effect. */
    concurrencyLimit?: number | undefined;
  }

  interface Event {
    type: string;
    target: WebSocketClass;
  }

  interface ErrorEvent extends Event {
    error: any;
    message: string;
  }

  interface CloseEvent extends Event {
    wasClean: boolean;
    code: number;
    reason: string;
  }

  interface MessageEvent extends Event {
    data: Data;
  }

  interface WebSocketEventMap {
    open: Event;
    error: ErrorEvent;
    close: CloseEvent;
    message: MessageEvent;
  }

  interface EventListenerOptions {
    once?: boolean | undefined;
  }

  /** The options of a server: exactly one of `port`, `server` and `noServer`, and more. */
  interface ServerOptions<
    U extends typeof WebSocketClass = typeof WebSocketClass,
    V extends typeof http.IncomingMessage = typeof http.IncomingMessage,
  > extends SocketOptions {
    backlog?: number | undefined;
    /** Whether the server has a Set of its connections. @default true */
    clientTracking?: boolean | undefined;
    /** Chooses one of the subprotocols that a client offers. */
    handleProtocols?: (protocols: Set<string>, request: InstanceType<V>) => string | false;
    host?: string | undefined;
    noServer?: boolean | undefined;
    /** Refuses requests of other paths. */
    path?: string | undefined;
    /** @default false */
    perMessageDeflate?: boolean | PerMessageDeflateOptions | undefined;
    port?: number | undefined;
    server?: http.Server<V> | https.Server<V> | undefined;
    verifyClient?:
      | VerifyClientCallbackAsync<InstanceType<V>>
      | VerifyClientCallbackSync<InstanceType<V>>
      | undefined;
    /** The class of the connections. */
    WebSocket?: U | undefined;
  }

  interface AddressInfo {
    address: string;
    family: string;
    port: number;
  }

  /** The listeners of a server's events. */
  interface ServerListeners<
    T extends typeof WebSocketClass,
    U extends typeof http.IncomingMessage,
  > {
    connection: (this: Server<T>, websocket: InstanceType<T>, request: InstanceType<U>) => void;
    error: (this: Server<T>, error: Error) => void;
    headers: (this: Server<T>, headers: string[], request: InstanceType<U>) => void;
    close: (this: Server<T>) => void;
    listening: (this: Server<T>) => void;
    wsClientError: (
      this: Server<T>,
      error: Error,
      socket: Duplex,
      request: InstanceType<U>,
    ) => void;
  }

  /** Answers upgrades, on a port of its own, for an HTTP server, or by `handleUpgrade()`. */
  class Server<
    T extends typeof WebSocketClass = typeof WebSocketClass,
    U extends typeof http.IncomingMessage = typeof http.IncomingMessage,
  > extends EventEmitter {
    options: ServerOptions<T, U>;
    path: string;
    /** The connections. Absent if `clientTracking` is false. */
    clients: Set<InstanceType<T>>;

    constructor(options?: ServerOptions<T, U>, callback?: () => void);

    /** Where it listens. @throws Error if it has no HTTP server */
    address(): AddressInfo | string | null;
    /** Takes no more connections. Those that exist stay open. */
    close(cb?: (err?: Error) => void): void;
    /** Answers one upgrade. */
    handleUpgrade(
      request: InstanceType<U>,
      socket: Duplex,
      upgradeHead: Buffer,
      callback: (client: InstanceType<T>, request: InstanceType<U>) => void,
    ): void;
    /** Whether the server takes this request. By default it compares the path. */
    shouldHandle(request: InstanceType<U>): boolean | Promise<boolean>;

    on<E extends keyof ServerListeners<T, U>>(event: E, cb: ServerListeners<T, U>[E]): this;
    on(event: string | symbol, listener: AnyListener<Server<T>>): this;
    once<E extends keyof ServerListeners<T, U>>(event: E, cb: ServerListeners<T, U>[E]): this;
    once(event: string | symbol, listener: AnyListener<Server<T>>): this;
    off<E extends keyof ServerListeners<T, U>>(event: E, cb: ServerListeners<T, U>[E]): this;
    off(event: string | symbol, listener: AnyListener<Server<T>>): this;
    addListener<E extends keyof ServerListeners<T, U>>(
      event: E,
      cb: ServerListeners<T, U>[E],
    ): this;
    addListener(event: string | symbol, listener: AnyListener<Server<T>>): this;
    removeListener<E extends keyof ServerListeners<T, U>>(
      event: E,
      cb: ServerListeners<T, U>[E],
    ): this;
    removeListener(event: string | symbol, listener: AnyListener<Server<T>>): this;
  }

  const WebSocketServer: typeof Server;
  interface WebSocketServer extends Server {}
  const WebSocket: typeof WebSocketClass;
  interface WebSocket extends WebSocketClass {}

  /** A Duplex over a WebSocket: a message for each write, and a chunk for each message. */
  function createWebSocketStream(websocket: WebSocketClass, options?: DuplexOptions): Duplex;

  const extension: parts.Extension;
  const subprotocol: parts.Subprotocol;
  const PerMessageDeflate: typeof parts.PerMessageDeflate;
  type PerMessageDeflate = parts.PerMessageDeflate;
  const Receiver: typeof parts.Receiver;
  type Receiver = parts.Receiver;
  const Sender: typeof parts.Sender;
  type Sender = parts.Sender;
}

export = WebSocket;
