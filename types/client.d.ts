// biome-ignore-all lint/suspicious/noExplicitAny: as the declaration of Promise has it

import { EventEmitter } from 'node:events';
import type * as http from 'node:http';
import type * as net from 'node:net';
import type * as url from 'node:url';
import type { IClientConfig } from './config';
import type { connection } from './connection';
import type { AnyArguments, AnyListener, Listeners } from './listener';

/** The events of a client, with the arguments of their listeners. */
export interface IClientEvents {
  connect: [connection: connection];
  /**
   * The call failed: the server was not reached, its answer is missing or not valid, the call was
   * aborted, or it took too long.
   */
  connectFailed: [error: Error];
  /**
   * The server answered with a status other than 101. The listener must read `response`. If there
   * is a listener, 'connectFailed' does not follow.
   */
  httpResponse: [response: http.IncomingMessage, client: client];
}

/** The listeners of these events. */
export interface IClientListeners extends Listeners<IClientEvents> {}

/**
 * The result of `connect()`, which may be awaited. A failure that nobody awaits is no unhandled
 * rejection.
 */
export interface IConnecting extends PromiseLike<connection> {
  catch<T = never>(
    onRejected?: ((error: any) => T | PromiseLike<T>) | null,
  ): Promise<connection | T>;
  finally(onFinally?: (() => void) | null): Promise<connection>;
}

/** Opens connections to servers, one for each call of `connect()`. */
export class client extends EventEmitter {
  /** The configuration with all defaults. */
  config: IClientConfig;

  /**
   * The URL. This field and the next ones belong to the call that was answered last, or else made
   * last.
   */
  url: url.Url;
  secure: boolean;
  origin: string | null | undefined;
  /** The subprotocols asked for. */
  protocols: string[];
  /** The subprotocol that the server has chosen; undefined if none was asked for. */
  protocol?: string | undefined;
  /** The Sec-WebSocket-Key sent. */
  base64nonce: string;
  /** The server's answer, if it was 101. */
  response?: http.IncomingMessage | undefined;
  socket?: net.Socket | undefined;
  firstDataChunk?: Buffer | null | undefined;

  /** @throws Error if `webSocketVersion` is neither 8 nor 13 */
  constructor(config?: IClientConfig);

  /**
   * Connects. 'connect', 'connectFailed' or 'httpResponse' follows. `await` gives the connection,
   * or throws the error.
   *
   * @param requestUrl ws: or wss:, with a host. Credentials in it are sent as Basic authorization.
   * @param requestedProtocols best first; the server must choose one of them
   * @param origin the page that connects, if there is one
   * @param headers more headers
   * @param extraRequestOptions for `http.request` or `https.request`, such as `agent`. An aborted
   *   `signal` fails the call with an AbortError.
   * @throws Error if the URL is incomplete, or a subprotocol, header or option is not valid
   */
  connect(
    requestUrl: url.Url | URL | string,
    requestedProtocols?: string | string[] | null,
    origin?: string | null,
    headers?: http.OutgoingHttpHeaders | null,
    extraRequestOptions?: http.RequestOptions | null,
  ): IConnecting;

  /** Aborts the last call, unless it was answered. */
  abort(): void;

  validateHandshake(): void;
  failHandshake(errorDescription: string): void;
  succeedHandshake(): void;

  on<E extends keyof IClientEvents>(event: E, listener: IClientListeners[E]): this;
  on<E extends string | symbol>(
    event: Exclude<E, keyof IClientEvents>,
    listener: AnyListener,
  ): this;
  addListener<E extends keyof IClientEvents>(event: E, listener: IClientListeners[E]): this;
  addListener<E extends string | symbol>(
    event: Exclude<E, keyof IClientEvents>,
    listener: AnyListener,
  ): this;
  once<E extends keyof IClientEvents>(event: E, listener: IClientListeners[E]): this;
  once(event: string | symbol, listener: AnyListener): this;
  prependListener<E extends keyof IClientEvents>(event: E, listener: IClientListeners[E]): this;
  prependListener(event: string | symbol, listener: AnyListener): this;
  prependOnceListener<E extends keyof IClientEvents>(event: E, listener: IClientListeners[E]): this;
  prependOnceListener(event: string | symbol, listener: AnyListener): this;
  off<E extends keyof IClientEvents>(event: E, listener: IClientListeners[E]): this;
  off(event: string | symbol, listener: AnyListener): this;
  removeListener<E extends keyof IClientEvents>(event: E, listener: IClientListeners[E]): this;
  removeListener(event: string | symbol, listener: AnyListener): this;
  emit<E extends keyof IClientEvents>(event: E, ...args: IClientEvents[E]): boolean;
  emit(event: string | symbol, ...args: AnyArguments): boolean;
}
