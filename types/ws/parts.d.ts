// biome-ignore-all lint/suspicious/noExplicitAny: callbacks and data as npm ws takes them

import type { Duplex, Writable } from 'node:stream';

/** What `send()` takes. A number is sent as text. */
export type Sendable =
  | string
  | number
  | Buffer
  | Uint8Array
  | DataView
  | ArrayBufferView
  | ArrayBuffer
  | SharedArrayBuffer
  | Blob
  | readonly any[]
  | readonly number[]
  | { valueOf(): ArrayBuffer }
  | { valueOf(): SharedArrayBuffer }
  | { valueOf(): Uint8Array }
  | { valueOf(): readonly number[] }
  | { valueOf(): string }
  | { [Symbol.toPrimitive](hint: string): string };

/** The parameters of an extension, each with all of its values. */
export interface ExtensionParameters {
  [name: string]: (string | true)[];
}

/** Reads and writes the header Sec-WebSocket-Extensions. */
export interface Extension {
  /** @throws SyntaxError if the header is not valid */
  parse(header: string): { [name: string]: ExtensionParameters[] };
  format(extensions: { [name: string]: object | object[] }): string;
}

/** Reads the header Sec-WebSocket-Protocol. */
export interface Subprotocol {
  /** @throws SyntaxError if the header is not valid or names a protocol twice */
  parse(header: string): Set<string>;
}

/** The data of a message, once it is compressed or decompressed. */
type Converted = (error: Error | null, data: Buffer) => void;

/** Negotiates permessage-deflate, and compresses and decompresses messages. */
export class PerMessageDeflate {
  static readonly extensionName: 'permessage-deflate';
  /** The negotiated parameters, or null. */
  params: { [name: string]: any } | null;

  constructor(options?: {
    clientMaxWindowBits?: boolean | number | undefined;
    clientNoContextTakeover?: boolean | undefined;
    concurrencyLimit?: number | undefined;
    isServer?: boolean | undefined;
    maxPayload?: number | undefined;
    serverMaxWindowBits?: boolean | number | undefined;
    serverNoContextTakeover?: boolean | undefined;
    threshold?: number | undefined;
    zlibDeflateOptions?: object | undefined;
    zlibInflateOptions?: object | undefined;
  });

  /** The parameters that a client offers. */
  offer(): { [name: string]: any };
  /** Takes an offer as a server, or an answer as a client. @throws Error if none is acceptable */
  accept(configurations: ExtensionParameters[]): { [name: string]: any };
  /** Gives up what is under way. */
  cleanup(): void;
  compress(data: Buffer | string, fin: boolean, callback: Converted): void;
  decompress(data: Buffer, fin: boolean, callback: Converted): void;
}

/** Takes the bytes of a connection, and emits 'message', 'ping', 'pong' and 'conclude'. */
export class Receiver extends Writable {
  constructor(options?: {
    allowSynchronousEvents?: boolean | undefined;
    binaryType?: 'nodebuffer' | 'arraybuffer' | 'blob' | 'fragments' | undefined;
    extensions?: { [name: string]: PerMessageDeflate } | undefined;
    isServer?: boolean | undefined;
    maxBufferedChunks?: number | undefined;
    maxFragments?: number | undefined;
    maxPayload?: number | undefined;
    skipUTF8Validation?: boolean | undefined;
  });
}

/** Called when a frame is written. */
type Sent = (error?: Error) => void;

/** Writes frames to a socket. */
export class Sender {
  constructor(
    socket: Duplex,
    extensions?: { [name: string]: PerMessageDeflate },
    generateMask?: (mask: Buffer) => void,
  );

  /** The frame around some data: its header and its payload, or both in one Buffer. */
  static frame(
    data: Buffer | string,
    options: {
      opcode: number;
      fin?: boolean | undefined;
      rsv1?: boolean | undefined;
      mask?: boolean | undefined;
      maskBuffer?: Buffer | undefined;
      generateMask?: ((mask: Buffer) => void) | undefined;
      readOnly?: boolean | undefined;
    },
  ): (Buffer | string)[];

  close(code: number | undefined, data?: string | Buffer, mask?: boolean, callback?: Sent): void;
  ping(data: any, mask?: boolean, callback?: Sent): void;
  pong(data: any, mask?: boolean, callback?: Sent): void;
  send(
    data: any,
    options: {
      binary?: boolean | undefined;
      compress?: boolean | undefined;
      fin?: boolean | undefined;
      mask?: boolean | undefined;
    },
    callback?: Sent,
  ): void;
  /** Writes a frame that `Sender.frame()` made, in order with messages. */
  sendFrame(list: (Buffer | string)[], callback?: Sent): void;
}
