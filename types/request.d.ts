// biome-ignore-all lint/suspicious/noExplicitAny: npm websocket types it so

import { EventEmitter } from 'node:events';
import type * as http from 'node:http';
import type * as net from 'node:net';
import type { Duplex } from 'node:stream';
import type * as url from 'node:url';
import type { IConfig, IServerConfig } from './config';
import type { connection } from './connection';
import type { AnyArguments, AnyListener, Listeners } from './listener';

/** A cookie of a request, or one to set. */
export interface ICookie {
  /** No control characters, space, quotes, or any of `()<>@,;:\/[]?={}^`. */
  name: string;
  /** RFC 6265 cookie-octets, in quotes or not. */
  value: string;
  path?: string | undefined;
  domain?: string | undefined;
  expires?: Date | undefined;
  /** In seconds, more than 0; rounded. */
  maxage?: number | string | undefined;
  secure?: boolean | undefined;
  httponly?: boolean | undefined;
}

/** A cookie as a client sends it. */
export interface IRequestCookie {
  name: string;
  /**
   * Percent-decoded if possible. It is null for a name without '=', although the type says
   * otherwise.
   */
  value: string;
}

/** An extension that is in use on a connection. */
export interface IExtension {
  name: string;
  /** Only in extensions that an application passes to the constructor of a connection. */
  value?: any;
  /** The parameters in the server's response; one without a value has `undefined`. */
  params?: Array<{ name: string; value: string | undefined }> | undefined;
}

/** An extension that a client asks for, in lower case. */
export interface IRequestedExtension {
  name: string;
  params: Array<{ name: string; value: string | undefined }>;
}

/** Options of `accept()`. */
export interface IAcceptOptions {
  /**
   * With `false`, this client gets no compression. Otherwise the server's configuration decides.
   * @default true
   */
  perMessageDeflate?: boolean | null | undefined;
}

/** The events of a request, with the arguments of their listeners. */
export interface IRequestEvents<Request = request> {
  /** It was accepted or rejected. */
  requestResolved: [request: Request];
  requestAccepted: [connection: connection];
  requestRejected: [request: Request];
}

/** The listeners of these events. */
export interface IRequestListeners<Request = request> extends Listeners<IRequestEvents<Request>> {}

/** A client's request for a connection. Accept or reject it once. */
export class request extends EventEmitter {
  httpRequest: http.IncomingMessage;
  socket: net.Socket;
  /** The Host header: a name, and the port if it is not the usual one. */
  host: string;
  /** The path and the query. */
  resource: string;
  /** The same parsed; `query` is an object. */
  resourceURL: url.UrlWithParsedQuery;
  /** The Sec-WebSocket-Key header. */
  key: string;
  /** 8 or 13. */
  webSocketVersion: number;

  /**
   * The address of the client, by `trustProxy`. Without that option it is the first address in
   * X-Forwarded-For, if there is that header and `ignoreXForwardedFor` is not set. A client can
   * forge that header.
   */
  remoteAddress: string;
  /**
   * X-Forwarded-For and the peer of the socket, in this order. Proxies append, so trust the end.
   */
  remoteAddresses: string[];

  /**
   * The page that connects, as `scheme://host:port`. It is undefined if the client is no browser,
   * although the type says otherwise.
   */
  origin: string;

  /** Empty if `parseExtensions` is false. */
  requestedExtensions: IRequestedExtension[];
  /** Empty if `parseCookies` is false. */
  cookies: IRequestCookie[];

  /** The subprotocols that the client speaks, in lower case, best first; null once accepted. */
  requestedProtocols: string[];
  /** How the client spells them, by lower case; null once accepted. */
  protocolFullCaseMap: { [key: string]: string };

  serverConfig: IServerConfig;

  _resolved: boolean;
  _socketIsClosing: boolean;

  /**
   * @param config complete: it gets no defaults here, and needs no `httpServer`
   * @param head the bytes of the 'upgrade' event; they are delivered on the connection
   */
  constructor(
    socket: Duplex,
    httpRequest: http.IncomingMessage,
    config: IServerConfig | IConfig,
    head?: Buffer,
  );

  /**
   * Reads and checks the handshake.
   * @throws Error if it is not valid; `httpCode` is the status to answer if that is not 400
   */
  readHandshake(): void;

  /**
   * Accepts the request. Messages arrive in a later turn of the event loop, so listeners that are
   * attached to the connection at once miss none.
   *
   * @param acceptedProtocol one of `requestedProtocols`, in any case; none by default
   * @param allowedOrigin the value of the header Origin in the answer
   * @throws Error if the request was resolved before; or if the client did not ask for the
   *   subprotocol, or a cookie or an option is not valid, and then the client gets the answer 500
   */
  accept(
    acceptedProtocol?: string | null,
    allowedOrigin?: string | null,
    cookies?: ICookie[] | null,
    options?: IAcceptOptions | null,
  ): connection;

  /**
   * Refuses the request.
   *
   * @param httpStatus 403 by default
   * @param reason the value of X-WebSocket-Reject-Reason
   * @param extraHeaders an array gives a line for each element
   * @throws Error if the request was resolved before
   */
  reject(httpStatus?: number, reason?: string | null, extraHeaders?: object | null): void;

  parseExtensions(extensionString: string | undefined): IRequestedExtension[];
  parseCookies(str: string | undefined): IRequestCookie[];

  _handleSocketCloseBeforeAccept(): void;
  _removeSocketCloseListeners(): void;
  _verifyResolution(): void;

  on<E extends keyof IRequestEvents>(event: E, listener: IRequestListeners<this>[E]): this;
  on<E extends string | symbol>(
    event: Exclude<E, keyof IRequestEvents>,
    listener: AnyListener,
  ): this;
  addListener<E extends keyof IRequestEvents>(event: E, listener: IRequestListeners<this>[E]): this;
  addListener<E extends string | symbol>(
    event: Exclude<E, keyof IRequestEvents>,
    listener: AnyListener,
  ): this;
  once<E extends keyof IRequestEvents>(event: E, listener: IRequestListeners<this>[E]): this;
  once(event: string | symbol, listener: AnyListener): this;
  prependListener<E extends keyof IRequestEvents>(
    event: E,
    listener: IRequestListeners<this>[E],
  ): this;
  prependListener(event: string | symbol, listener: AnyListener): this;
  prependOnceListener<E extends keyof IRequestEvents>(
    event: E,
    listener: IRequestListeners<this>[E],
  ): this;
  prependOnceListener(event: string | symbol, listener: AnyListener): this;
  off<E extends keyof IRequestEvents>(event: E, listener: IRequestListeners<this>[E]): this;
  off(event: string | symbol, listener: AnyListener): this;
  removeListener<E extends keyof IRequestEvents>(
    event: E,
    listener: IRequestListeners<this>[E],
  ): this;
  removeListener(event: string | symbol, listener: AnyListener): this;
  emit<E extends keyof IRequestEvents>(event: E, ...args: IRequestEvents<this>[E]): boolean;
  emit(event: string | symbol, ...args: AnyArguments): boolean;
}
