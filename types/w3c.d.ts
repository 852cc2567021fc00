// biome-ignore-all lint/suspicious/noExplicitAny: what arrives is any type, as in the DOM's own declarations

import type * as http from 'node:http';
import type { client } from './client';
import type { IClientConfig } from './config';
import type { connection, IStringified } from './connection';

/** What a 'close' event says. */
export interface ICloseEvent {
  /** 1006 if there was no close frame, or none with a code that may be sent. */
  code: number;
  reason: string;
  /** Whether the code is 1000. */
  wasClean: boolean;
}

/** What a 'message' event says. */
export interface IMessageEvent<Data = any> {
  /** A string, or for a binary message what `binaryType` says: an ArrayBuffer or a Blob. */
  data: Data;
}

/** Why connecting failed, or a Blob could not be read. A browser's 'error' event says nothing. */
export interface IErrorEvent {
  error: Error;
  /** That of `error`, as `name` is. */
  message: string;
  name: string;
}

/** The events by their types. */
export interface IWebSocketEventMap {
  open: Event;
  message: Event & IMessageEvent & { origin: string };
  error: Event & IErrorEvent;
  close: Event & ICloseEvent;
}

/** A listener, or an object that has one. */
export type IWebSocketListener<Type extends keyof IWebSocketEventMap> =
  | ((event: IWebSocketEventMap[Type]) => void)
  | { handleEvent(event: IWebSocketEventMap[Type]): void };

/**
 * What a handler is called with: an event of which an application that calls it by hand may leave all out that npm
 * `websocket` does not type.
 */
export interface IWebSocketHandlerArguments {
  open: [event?: Partial<Event>];
  message: [event: IMessageEvent & Partial<Event & { origin: string }>];
  error: [event: Error & { error?: any } & Partial<Event>];
  close: [event: ICloseEvent & Partial<Event>];
}

/** A handler such as `onopen`. As a method's, its parameters may be narrower than what they get. */
export type IWebSocketHandler<Type extends keyof IWebSocketHandlerArguments> = {
  method(...args: IWebSocketHandlerArguments[Type]): void;
}['method'];

/** A listener of any event. */
export type IAnyWebSocketListener = ((event: Event) => void) | { handleEvent(event: Event): void };

/** Options of a listener, as those of the DOM. `capture` and `passive` have no effect. */
export type IListenerOptions =
  | boolean
  | { capture?: boolean; once?: boolean; passive?: boolean; signal?: AbortSignal };

/** The WebSocket of browsers, https://websockets.spec.whatwg.org/, with more arguments. */
export class w3cwebsocket extends EventTarget {
  static readonly CONNECTING: 0;
  static readonly OPEN: 1;
  static readonly CLOSING: 2;
  static readonly CLOSED: 3;

  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSING: 2;
  readonly CLOSED: 3;

  /** As it was given. */
  readonly url: string;
  /** One of `CONNECTING`, `OPEN`, `CLOSING` and `CLOSED`. */
  readonly readyState: number;
  /** The subprotocol in use; '' before 'open', and if there is none. */
  readonly protocol: string;
  /** Those in use, with their parameters, as in a header; '' before 'open', and if there are none. */
  readonly extensions: string;
  /** Bytes of payload that were given to `send()` and have not left, or never will. */
  readonly bufferedAmount: number;
  /**
   * What binary messages arrive as. Other values are ignored.
   * @default 'arraybuffer'
   */
  binaryType: 'arraybuffer' | 'blob';

  /** Called before the listeners. It is null, and can be set to null, though npm `websocket` types it as a function. */
  onopen: IWebSocketHandler<'open'>;
  onmessage: IWebSocketHandler<'message'>;
  /** 'close' follows. */
  onerror: IWebSocketHandler<'error'>;
  onclose: IWebSocketHandler<'close'>;

  _url: string;
  _readyState: number;
  _protocol: string;
  _extensions: string;
  _bufferedAmount: number;
  _binaryType: 'arraybuffer' | 'blob';
  _connection?: connection | undefined;
  _client: client;

  /**
   * Connects.
   *
   * @param url ws: or wss:, or http: or https: for these, without a fragment
   * @param protocols best first
   * @param origin the page that connects
   * @param headers more headers
   * @param requestOptions for `http.request` or `https.request`
   * @param clientConfig for the client; `assembleFragments` is always true
   * @throws TypeError without a URL
   * @throws DOMException SyntaxError if the URL or a subprotocol is not in order
   */
  constructor(
    url: string | URL,
    protocols?: string | string[] | null,
    origin?: string | null,
    headers?: http.OutgoingHttpHeaders | null,
    requestOptions?: object | null,
    clientConfig?: IClientConfig | null,
  );

  /**
   * Sends a message: binary for an ArrayBuffer, a view, a Buffer or a Blob, text for anything else.
   * After `close()` it only counts towards `bufferedAmount`.
   *
   * @throws TypeError without data
   * @throws DOMException InvalidStateError before 'open'
   */
  send(data: ArrayBufferView | ArrayBufferLike | Blob | Buffer | IStringified): void;

  /**
   * Closes the connection, or gives up connecting.
   *
   * @param code 1000 by default; 3000 to 4999, or a code of RFC 6455 that may be sent
   * @param reason at most 123 bytes of UTF-8; a lone surrogate is replaced
   * @throws DOMException InvalidAccessError or SyntaxError if they are not
   */
  close(code?: number, reason?: string): void;

  addEventListener<Type extends keyof IWebSocketEventMap>(
    type: Type,
    listener: IWebSocketListener<Type> | null,
    options?: IListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: IAnyWebSocketListener | null,
    options?: IListenerOptions,
  ): void;

  removeEventListener<Type extends keyof IWebSocketEventMap>(
    type: Type,
    listener: IWebSocketListener<Type> | null,
    options?: boolean | { capture?: boolean },
  ): void;
  removeEventListener(
    type: string,
    listener: IAnyWebSocketListener | null,
    options?: boolean | { capture?: boolean },
  ): void;

  /**
   * Calls `on` + `event.type`, and then the listeners.
   *
   * @param event an Event, or any object with a `type`
   * @returns false if `event.defaultPrevented` is set
   * @throws Error without a `type`; what a listener throws
   */
  dispatchEvent(event: Event | { type: string }): boolean;
}
