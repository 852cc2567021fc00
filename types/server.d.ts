import { EventEmitter } from 'node:events';
import type * as http from 'node:http';
import type { Duplex } from 'node:stream';
import type { IServerConfig } from './config';
import type { connection, IStringified } from './connection';
import type { AnyArguments, AnyListener, Listeners } from './listener';
import type { request } from './request';

/** The events of a server, with the arguments of their listeners. */
export interface IServerEvents {
  /** A client asks for a connection. Answer with `accept()` or `reject()`, now or later. */
  request: [request: request];
  /** A request was accepted. */
  connect: [connection: connection];
  /** A connection is over. */
  close: [connection: connection, closeReason: number, description: string];
  /**
   * A request was refused because its handshake is not valid. The client has its answer already.
   */
  upgradeError: [error: Error & { httpCode?: number; headers?: Record<string, string> }];
}

/** The listeners of these events. */
export interface IServerListeners extends Listeners<IServerEvents> {}

/** Handles the WebSocket upgrades of one or more HTTP servers. */
export class server extends EventEmitter {
  /**
   * The configuration with all defaults, and with `httpServer` as an array; undefined before
   * `mount()`.
   */
  config?: IServerConfig | undefined;
  /** The open connections, oldest first. */
  connections: connection[];
  /** The requests that are neither accepted nor rejected yet. */
  pendingRequests: request[];

  /**
   * @param config mounts at once if given
   * @throws Error if it names no `httpServer`
   */
  constructor(config?: IServerConfig);

  /**
   * Starts to handle upgrades.
   * @throws Error if the configuration names no `httpServer`
   */
  mount(config: IServerConfig): void;

  /** Stops handling upgrades. Connections and pending requests continue. */
  unmount(): void;

  /** Closes every connection with 1000, and rejects every pending request with 503. */
  closeAllConnections(): void;

  /** `unmount()` and `closeAllConnections()`. */
  shutDown(): void;

  /** Sends a Buffer as a binary message, anything else as text, on every connection. */
  broadcast(data: Buffer | IStringified): void;
  /** Sends text on every connection. */
  broadcastUTF(data: IStringified): void;
  /**
   * Sends a binary message on every connection.
   * @throws Error if it is no Buffer
   */
  broadcastBytes(data: Buffer): void;

  /** The listener of 'upgrade', for applications that dispatch upgrades themselves. */
  handleUpgrade(request: http.IncomingMessage, socket: Duplex, head?: Buffer): void;
  handleRequestAccepted(connection: connection): void;
  handleConnectionClose(connection: connection, closeReason: number, description: string): void;
  handleRequestResolved(request: request): void;

  on<E extends keyof IServerEvents>(event: E, listener: IServerListeners[E]): this;
  on<E extends string | symbol>(
    event: Exclude<E, keyof IServerEvents>,
    listener: AnyListener,
  ): this;
  addListener<E extends keyof IServerEvents>(event: E, listener: IServerListeners[E]): this;
  addListener<E extends string | symbol>(
    event: Exclude<E, keyof IServerEvents>,
    listener: AnyListener,
  ): this;
  once<E extends keyof IServerEvents>(event: E, listener: IServerListeners[E]): this;
  once(event: string | symbol, listener: AnyListener): this;
  prependListener<E extends keyof IServerEvents>(event: E, listener: IServerListeners[E]): this;
  prependListener(event: string | symbol, listener: AnyListener): this;
  prependOnceListener<E extends keyof IServerEvents>(event: E, listener: IServerListeners[E]): this;
  prependOnceListener(event: string | symbol, listener: AnyListener): this;
  off<E extends keyof IServerEvents>(event: E, listener: IServerListeners[E]): this;
  off(event: string | symbol, listener: AnyListener): this;
  removeListener<E extends keyof IServerEvents>(event: E, listener: IServerListeners[E]): this;
  removeListener(event: string | symbol, listener: AnyListener): this;
  emit<E extends keyof IServerEvents>(event: E, ...args: IServerEvents[E]): boolean;
  emit(event: string | symbol, ...args: AnyArguments): boolean;
}
