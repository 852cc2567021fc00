// biome-ignore-all lint/suspicious/noExplicitAny: toString() takes any arguments, and see SendResult

import { EventEmitter } from 'node:events';
import type * as net from 'node:net';
import type { Duplex } from 'node:stream';
import type { IConfig } from './config';
import type { frame, IBufferList } from './frame';
import type { AnyArguments, AnyListener, Listeners } from './listener';
import type { IExtension } from './request';

/** Anything that can be sent as text. */
export interface IStringified {
  toString: (...args: any[]) => string;
}

export interface IUtf8Message {
  type: 'utf8';
  utf8Data: string;
}

export interface IBinaryMessage {
  type: 'binary';
  binaryData: Buffer;
}

export type Message = IUtf8Message | IBinaryMessage;

/** The events of a connection, and what their listeners get. */
export interface IConnectionEvents {
  /** A whole message. */
  message: [message: Message];
  /** A frame, if `assembleFragments` is false. */
  frame: [frame: frame];
  /**
   * The connection is over: once, and the last event. `reasonCode` is that of whoever closed first,
   * or 1006; `description` is the reason, or the code's own words.
   */
  close: [reasonCode: number, description: string];
  /** The socket failed. 'close' follows. Nobody has to listen. */
  error: [error: Error];
  /** What was sent has left, after `send*` returned false. */
  drain: [];
  pause: [];
  resume: [];
  /** A ping, which is answered unless `cancel()` is called. */
  ping: [cancel: () => void, binaryPayload: Buffer];
  pong: [binaryPayload: Buffer];
}

/** What listens to them. */
export interface IConnectionListeners extends Listeners<IConnectionEvents> {}

/** How one message is sent. */
export interface ISendOptions {
  /**
   * `false` sends the message as it is, though compression was agreed on.
   * @default true
   */
  compress?: boolean | undefined;
}

/** Is called when what was sent is with the kernel, or with the error that kept it from getting there. */
export type SendCallback = (error?: Error) => void;

/**
 * What sends return: a boolean, whether less than the high-water mark waits to leave. It is declared as
 * `any` because npm websocket returns nothing: applications return it from functions that return
 * `void`, and their stubs and overriding methods return nothing.
 */
export type SendResult = any;

/** One peer, of a server or of a client. */
export class connection extends EventEmitter {
  static readonly CLOSE_REASON_NORMAL: number;
  static readonly CLOSE_REASON_GOING_AWAY: number;
  static readonly CLOSE_REASON_PROTOCOL_ERROR: number;
  static readonly CLOSE_REASON_UNPROCESSABLE_INPUT: number;
  static readonly CLOSE_REASON_RESERVED: number;
  static readonly CLOSE_REASON_NOT_PROVIDED: number;
  static readonly CLOSE_REASON_ABNORMAL: number;
  static readonly CLOSE_REASON_INVALID_DATA: number;
  static readonly CLOSE_REASON_POLICY_VIOLATION: number;
  static readonly CLOSE_REASON_MESSAGE_TOO_BIG: number;
  static readonly CLOSE_REASON_EXTENSION_REQUIRED: number;
  static readonly CLOSE_REASON_INTERNAL_SERVER_ERROR: number;
  static readonly CLOSE_REASON_TLS_HANDSHAKE_FAILED: number;

  /** What the codes mean, by code. */
  static readonly CLOSE_DESCRIPTIONS: { [code: number]: string };

  /** Why it was closed, in words; null while it is open, whatever the type says. */
  closeDescription: string;
  /** Why it was closed; -1 while it is open. */
  closeReasonCode: number;
  closeEventEmitted: boolean;

  /**
   * The subprotocol: in lower case on a server's connection, as the server spelt it on a client's. It is
   * null or undefined without one, whatever the type says.
   */
  protocol: string;
  /** What the handshake has agreed on: permessage-deflate, or nothing. Not to be changed. */
  extensions: IExtension[];
  /** 8 or 13. */
  webSocketVersion: number;

  /** The address of the peer; on a server's connection that of the request. */
  remoteAddress: string;
  /** Those of the request; undefined on a client's connection. */
  remoteAddresses?: string[] | undefined;

  socket: net.Socket;
  config: IConfig;

  /** Whether messages can be sent and are delivered. */
  connected: boolean;
  /** 'open', 'peer_requested_close', 'ending' or 'closed'. */
  state: string;

  /** 'native' where the engine's I/O threads read and write the socket, 'stream' where Node's streams do. */
  readonly transport: 'native' | 'stream';
  /** Bytes that were sent and are not with the kernel yet. */
  readonly bufferedAmount: number;
  /** The same. */
  readonly bytesWaitingToFlush: number;
  /** Bytes of frames received, headers included. */
  readonly bytesReceived: number;
  /** Bytes of frames sent, headers included. */
  readonly bytesSent: number;

  maskOutgoingPackets: boolean;
  waitingForCloseResponse: boolean;
  receivedEnd: boolean;
  /** Whether more than the high-water mark waits to leave. */
  outputBufferFull: boolean;
  inputPaused: boolean;
  /** Whether an error ended the socket; undefined before that. */
  socketHadError: boolean;

  closeTimeout: number;
  assembleFragments: boolean;
  maxReceivedMessageSize: number;

  maskBytes: Buffer;
  frameHeader: Buffer;
  /** Bytes that wait for the rest of their frame: their number only. */
  bufferList: Pick<IBufferList, 'length'>;
  currentFrame: frame;
  fragmentationSize: number;
  frameQueue: frame[];

  _pingListenerCount: number;

  /**
   * @param socket any Duplex, after the opening handshake. Call `_addSocketEventListeners()` next.
   * @param maskOutgoingPackets true for the client
   * @throws Error if `keepalive` is set without numbers for its times
   */
  constructor(
    socket: Duplex,
    extensions: IExtension[],
    protocol: string | null | undefined,
    maskOutgoingPackets: boolean,
    config: IConfig,
  );

  /**
   * Begins the closing handshake. No message is delivered after this; 'close' follows when the socket
   * is gone, at the latest after `closeTimeout`.
   *
   * @param reasonCode 1000 by default
   * @param description at most 123 bytes of UTF-8; the code's own words by default
   * @throws Error if the code must not be sent
   */
  close(reasonCode?: number, description?: string): void;

  /**
   * Ends the connection now: 'close' is emitted before this returns.
   *
   * @param reasonCode 1002 by default
   * @param description the code's own words by default
   * @param skipCloseFrame tells the peer nothing
   */
  drop(reasonCode?: number, description?: string, skipCloseFrame?: boolean): void;

  /**
   * Sends a Buffer as a binary message, anything else as text.
   * @returns whether less than the high-water mark waits to leave; if not, 'drain' follows
   * @throws Error if it is no Buffer and has no `toString()`
   */
  send(
    data: Buffer | IStringified,
    options: ISendOptions | SendCallback | undefined,
    cb?: SendCallback,
  ): SendResult;
  send(data: Buffer | IStringified, cb?: SendCallback): SendResult;
  /** Sends text. */
  sendUTF(
    data: IStringified,
    options: ISendOptions | SendCallback | undefined,
    cb?: SendCallback,
  ): SendResult;
  sendUTF(data: IStringified, cb?: SendCallback): SendResult;
  /**
   * Sends a binary message.
   * @throws Error if it is no Buffer
   */
  sendBytes(
    data: Buffer,
    options: ISendOptions | SendCallback | undefined,
    cb?: SendCallback,
  ): SendResult;
  sendBytes(data: Buffer, cb?: SendCallback): SendResult;

  /** Sends a ping. More than 125 bytes are cut to 124. */
  ping(data?: Buffer | IStringified): SendResult;
  /** Sends a pong. Pings are answered without it. More than 125 bytes are cut to 124. */
  pong(binaryPayload?: Buffer): SendResult;

  /** Sends a frame that was composed by hand. `mask` is set to what the role demands. */
  sendFrame(frame: frame, cb?: SendCallback): SendResult;
  /**
   * Sends what a frame holds as a message, in fragments where the configuration asks for them.
   * @throws Error if it is a control frame
   */
  fragmentAndSend(frame: frame, cb?: SendCallback): SendResult;
  fragmentAndSend(frame: frame, cb?: (error: Error) => void): SendResult;
  /** Treats a frame as if the peer had sent it; on the stream transport only, elsewhere it throws. */
  processFrame(frame: frame): void;
  sendCloseFrame(reasonCode?: number, reasonText?: string | null, cb?: SendCallback): void;

  /** Stops delivery and reading. */
  pause(): void;
  /** Goes on with both. */
  resume(): void;

  _addSocketEventListeners(): void;

  setKeepaliveTimer(): void;
  clearKeepaliveTimer(): void;
  handleKeepaliveTimer(): void;
  setGracePeriodTimer(): void;
  clearGracePeriodTimer(): void;
  handleGracePeriodTimer(): void;
  setCloseTimer(): void;
  clearCloseTimer(): void;
  handleCloseTimer(): void;

  /** Takes bytes of the peer in, as the socket's 'data' does. */
  handleSocketData(data: Buffer): void;
  processReceivedData(): void;
  handleSocketError(error: Error): void;
  handleSocketEnd(): void;
  handleSocketClose(hadError: boolean): void;
  handleSocketDrain(): void;
  handleSocketPause(): void;
  handleSocketResume(): void;

  on<E extends keyof IConnectionEvents>(event: E, listener: IConnectionListeners[E]): this;
  on<E extends string | symbol>(
    event: Exclude<E, keyof IConnectionEvents>,
    listener: AnyListener,
  ): this;
  addListener<E extends keyof IConnectionEvents>(event: E, listener: IConnectionListeners[E]): this;
  addListener<E extends string | symbol>(
    event: Exclude<E, keyof IConnectionEvents>,
    listener: AnyListener,
  ): this;
  once<E extends keyof IConnectionEvents>(event: E, listener: IConnectionListeners[E]): this;
  once(event: string | symbol, listener: AnyListener): this;
  prependListener<E extends keyof IConnectionEvents>(
    event: E,
    listener: IConnectionListeners[E],
  ): this;
  prependListener(event: string | symbol, listener: AnyListener): this;
  prependOnceListener<E extends keyof IConnectionEvents>(
    event: E,
    listener: IConnectionListeners[E],
  ): this;
  prependOnceListener(event: string | symbol, listener: AnyListener): this;
  off<E extends keyof IConnectionEvents>(event: E, listener: IConnectionListeners[E]): this;
  off(event: string | symbol, listener: AnyListener): this;
  removeListener<E extends keyof IConnectionEvents>(
    event: E,
    listener: IConnectionListeners[E],
  ): this;
  removeListener(event: string | symbol, listener: AnyListener): this;
  emit<E extends keyof IConnectionEvents>(event: E, ...args: IConnectionEvents[E]): boolean;
  emit(event: string | symbol, ...args: AnyArguments): boolean;
}
