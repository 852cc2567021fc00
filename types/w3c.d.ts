// biome-ignore-all lint/suspicious/noExplicitAny: as in the DOM's own declarations

import type * as http from 'node:http';
import type { client } from './client';
import type { IClientConfig } from './config';
import type { connection, IStringified } from './connection';

/** The fields of a 'close' event. */
export interface ICloseEvent {
  /** The code of the close frame; 1006 if there was none, or none with a valid code. */
  code: number;
  reason: string;
  /** Whether the code is 1000. */
  wasClean: boolean;
}

/** The fields of a 'message' event. */
export interface IMessageEvent<Data = any> {
  /** A string, or for a binary message an ArrayBuffer or a Blob, by `binaryType`. */
  data: Data;
}

/**
 * Why connecting failed, or why a Blob could not be read. A browser's 'error' event has no reason.
 */
export interface IErrorEvent {
  error: Error;
  /** The message of `error`; `name` is its name. */
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
 * The arguments of a handler. An application that calls it by hand may omit all fields that npm
 * `websocket` does not type.
 */
export interface IWebSocketHandlerArguments {
  open: [event?: Partial<Event>];
  message: [event: IMessageEvent & Partial<Event & { origin: string }>];
  error: [event: Error & { error?: any } & Partial<Event>];
  close: [event: ICloseEvent & Partial<Event>];
}

/**
 * A handler such as `onopen`. Like those of a method, its parameters may be narrower than the
 * arguments.
 */
export type IWebSocketHandler<Type extends keyof IWebSocketHandlerArguments> = {
  method(...args: IWebSocketHandlerArguments[Type]): void;
}['method'];

/** A listener of any event. */
export type IAnyWebSocketListener = ((event: Event) => void) | { handleEvent(event: Event): void };

/** Options of a listener, as in the DOM. `capture` and `passive` have no effect. */
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

  /** The URL as the application gave it. */
  readonly url: string;
  /** One of `CONNECTING`, `OPEN`, `CLOSING` and `CLOSED`. */
  readonly readyState: number;
  /** The subprotocol in use; '' before 'open', and if there is none. */
  readonly protocol: string;
  /** The extensions in use, as in a header; '' before 'open' and if there are none. */
  readonly extensions: string;
  /** Bytes of payload given to `send()` that have not left, or never will. */
  readonly bufferedAmount: number;
  /**
   * The type of binary messages. Other values are ignored.
   * @default 'arraybuffer'
   */
  binaryType: 'arraybuffer' | 'blob';

  /**
   * Called before the listeners. It may be null, although npm `websocket` types it as a function.
   */
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
   * @throws DOMException SyntaxError if the URL or a subprotocol is not valid
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
   * Closes the connection, or stops connecting.
   *
   * @param code 1000 by default; 3000 to 4999, or a code of RFC 6455 that may be sent
   * @param reason at most 123 bytes of UTF-8; a lone surrogate is replaced
   * @throws DOMException InvalidAccessError or SyntaxError if the arguments are not valid
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
