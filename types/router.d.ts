import { EventEmitter } from 'node:events';
import type * as http from 'node:http';
import type * as url from 'node:url';
import type { connection } from './connection';
import type { AnyArguments, AnyListener, Listeners } from './listener';
import type {
  IAcceptOptions,
  ICookie,
  IRequestCookie,
  IRequestedExtension,
  request,
} from './request';
import type { server } from './server';

/** The events of a router's request, and what their listeners get. */
export interface IRouterRequestEvents<Request = IRouterRequest> {
  requestAccepted: [connection: connection];
  requestRejected: [request: Request];
}

/** The listeners of these events. */
export interface IRouterRequestListeners<Request = IRouterRequest>
  extends Listeners<IRouterRequestEvents<Request>> {}

/** A request as a route gets it, with the fields of the request. */
export interface IRouterRequest extends EventEmitter {
  webSocketRequest: request;
  /** The subprotocol, in lower case; null if the client asks for none. */
  protocol: string | null;
  /** Undefined if the client is no browser, although the type says otherwise. */
  origin: string;
  resource: string;
  resourceURL: url.UrlWithParsedQuery;
  httpRequest: http.IncomingMessage;
  remoteAddress: string;
  webSocketVersion: number;
  requestedExtensions: IRequestedExtension[];
  cookies: IRequestCookie[];

  /** Accepts the request with the subprotocol of the route, and else like `request.accept()`. */
  accept(
    allowedOrigin?: string | null,
    cookies?: ICookie[] | null,
    options?: IAcceptOptions | null,
  ): connection;
  /** @deprecated takes no subprotocol: the argument `acceptedProtocol` is used as the origin */
  accept(acceptedProtocol?: string, allowedOrigin?: string, cookies?: ICookie[]): connection;

  /** Refuses the request, like `request.reject()`. */
  reject(httpStatus?: number, reason?: string | null, extraHeaders?: object | null): void;

  on<E extends keyof IRouterRequestEvents>(
    event: E,
    listener: IRouterRequestListeners<this>[E],
  ): this;
  on<E extends string | symbol>(
    event: Exclude<E, keyof IRouterRequestEvents>,
    listener: AnyListener,
  ): this;
  addListener<E extends keyof IRouterRequestEvents>(
    event: E,
    listener: IRouterRequestListeners<this>[E],
  ): this;
  addListener<E extends string | symbol>(
    event: Exclude<E, keyof IRouterRequestEvents>,
    listener: AnyListener,
  ): this;
  once<E extends keyof IRouterRequestEvents>(
    event: E,
    listener: IRouterRequestListeners<this>[E],
  ): this;
  once(event: string | symbol, listener: AnyListener): this;
  prependListener<E extends keyof IRouterRequestEvents>(
    event: E,
    listener: IRouterRequestListeners<this>[E],
  ): this;
  prependListener(event: string | symbol, listener: AnyListener): this;
  prependOnceListener<E extends keyof IRouterRequestEvents>(
    event: E,
    listener: IRouterRequestListeners<this>[E],
  ): this;
  prependOnceListener(event: string | symbol, listener: AnyListener): this;
  off<E extends keyof IRouterRequestEvents>(
    event: E,
    listener: IRouterRequestListeners<this>[E],
  ): this;
  off(event: string | symbol, listener: AnyListener): this;
  removeListener<E extends keyof IRouterRequestEvents>(
    event: E,
    listener: IRouterRequestListeners<this>[E],
  ): this;
  removeListener(event: string | symbol, listener: AnyListener): this;
  emit<E extends keyof IRouterRequestEvents>(
    event: E,
    ...args: IRouterRequestEvents<this>[E]
  ): boolean;
  emit(event: string | symbol, ...args: AnyArguments): boolean;
}

export interface IRouterConfig {
  /** The server whose requests it routes. `attachServer()` can set it later. */
  server: server;
}

/** A mounted route. */
export interface IRouterHandler {
  path: RegExp;
  pathString: string;
  /** In lower case; `____no_protocol____` for clients that ask for none. */
  protocol: string;
  callback: (request: IRouterRequest) => void;
}

/** Hands a server's requests to callbacks by path and subprotocol. */
export class router extends EventEmitter {
  config: IRouterConfig;
  /** The attached server, or null. */
  server?: server | null | undefined;
  /** The routes, in the order in which the router tries them. */
  handlers: IRouterHandler[];

  constructor(config?: { server?: server | null | undefined });

  /** @throws Error if there is none */
  attachServer(server: server): void;
  /** @throws Error if there is none to detach from */
  detachServer(): void;

  /**
   * @param path a path, a RegExp that is tested on paths, or `*` for all
   * @param protocol in any case; `*` for all, null for clients that ask for none
   * @throws Error if an argument is missing, or the path and subprotocol are mounted already
   */
  mount(
    path: string | RegExp,
    protocol: string | null | undefined,
    callback: (request: IRouterRequest) => void,
  ): void;

  /** @throws Error if there is no such route */
  unmount(path: string | RegExp, protocol?: string | null): void;

  findHandlerIndex(pathString: string, protocol: string): number;
  pathToRegExp(path: string | RegExp): RegExp;
  pathToRegEx(path: string | RegExp): RegExp;
  handleRequest(request: request): void;
}
