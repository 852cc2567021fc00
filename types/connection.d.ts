// biome-ignore-all lint/suspicious/noExplicitAny: arguments of toString(), and SendResult

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

/** The events of a connection, with the arguments of their listeners. */
export interface IConnectionEvents {
  /** A whole message. */
  message: [message: Message];
  /** A frame, if `assembleFragments` is false. */
  frame: [frame: frame];
  /**
   * The connection is over. This is the last event, and it comes once. `reasonCode` is the code of
   * the side that closed first, or 1006. `description` is the reason, or the text of the code.
   */
  close: [reasonCode: number, description: string];
  /** The socket failed. 'close' follows. Without a listener, nothing is thrown. */
  error: [error: Error];
  /** All output has left, after `send*` returned false. */
  drain: [];
  pause: [];
  resume: [];
  /** A ping. It is answered unless `cancel()` is called. */
  ping: [cancel: () => void, binaryPayload: Buffer];
  pong: [binaryPayload: Buffer];
}

/** The listeners of these events. */
export interface IConnectionListeners extends Listeners<IConnectionEvents> {}

/** How one message is sent. */
export interface ISendOptions {
  /**
   * With `false` the message is not compressed, although compression was agreed on.
   * @default true
   */
  compress?: boolean | undefined;
}

/** Called when the kernel has the output, or with the error that prevented it. */
export type SendCallback = (error?: Error) => void;

/**
 * The result of a send: a boolean, true if less than the high-water mark waits to leave. It is
 * declared as `any` because npm websocket returns nothing. So applications return it from functions
 * that return `void`, and their stubs and overriding methods return nothing.
 */
export type SendResult = any;

/** One connection, of a server or of a client. */
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

  /** The texts of the codes. */
  static readonly CLOSE_DESCRIPTIONS: { [code: number]: string };

  /**
   * The reason of the close in words. It is null while the connection is open, although the type
   * says otherwise.
   */
  closeDescription: string;
  /** The code of the close; -1 while the connection is open. */
  closeReasonCode: number;
  closeEventEmitted: boolean;

  /**
   * The subprotocol: in lower case on a server's connection, as the server spells it on a client's.
   * Without one it is null or undefined, although the type says otherwise.
   */
  protocol: string;
  /**
   * The extensions that the handshake has agreed on: permessage-deflate, or none. Do not change it.
   */
  extensions: IExtension[];
  /** 8 or 13. */
  webSocketVersion: number;

  /** The address of the peer. A server's connection has that of its request. */
  remoteAddress: string;
  /** The addresses of the request; undefined on a client's connection. */
  remoteAddresses?: string[] | undefined;

  socket: net.Socket;
  config: IConfig;

  /** Whether messages can be sent and are delivered. */
  connected: boolean;
  /** 'open', 'peer_requested_close', 'ending' or 'closed'. */
  state: string;

  /**
   * 'native' if the engine's I/O threads read and write the socket, 'stream' if Node's streams do.
   */
  readonly transport: 'native' | 'stream';
  /** Bytes of output that the kernel does not have yet. */
  readonly bufferedAmount: number;
  /** The same as `bufferedAmount`. */
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
  /** Bytes of an incomplete frame; only their number is known. */
  bufferList: Pick<IBufferList, 'length'>;
  currentFrame: frame;
  fragmentationSize: number;
  frameQueue: frame[];

  _pingListenerCount: number;

  /**
   * @param socket any Duplex, after its opening handshake. Call `_addSocketEventListeners()` next.
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
   * Begins the closing handshake. No message is delivered after this. 'close' follows when the
   * socket is closed, after `closeTimeout` at the latest.
   *
   * @param reasonCode 1000 by default
   * @param description at most 123 bytes of UTF-8; the text of the code by default
   * @throws Error if the code must not be sent
   */
  close(reasonCode?: number, description?: string): void;

  /**
   * Ends the connection now: 'close' is emitted before this returns.
   *
   * @param reasonCode 1002 by default
   * @param description the text of the code by default
   * @param skipCloseFrame sends no close frame
   */
  drop(reasonCode?: number, description?: string, skipCloseFrame?: boolean): void;

  /**
   * Sends a Buffer as a binary message, anything else as text.
   * @returns true if less than the high-water mark waits to leave; otherwise 'drain' follows
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

  /** Sends a frame composed by hand. Its `mask` is set to the value that the role demands. */
  sendFrame(frame: frame, cb?: SendCallback): SendResult;
  /**
   * Sends the payload of a frame as a message, in fragments if the configuration asks for them.
   * @throws Error if it is a control frame
   */
  fragmentAndSend(frame: frame, cb?: SendCallback): SendResult;
  fragmentAndSend(frame: frame, cb?: (error: Error) => void): SendResult;
  /** Handles a frame as if the peer had sent it. It throws on the native transport. */
  processFrame(frame: frame): void;
  sendCloseFrame(reasonCode?: number, reasonText?: string | null, cb?: SendCallback): void;

  /** Stops delivery and reading. */
  pause(): void;
  /** Resumes both. */
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

  /** Handles bytes from the peer, like the socket's 'data'. */
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
