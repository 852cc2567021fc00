// biome-ignore-all lint/suspicious/noExplicitAny: as @types/websocket has it

import type { EventEmitter } from 'node:events';
import type { IConfig } from './config';

/** The source of `addData`. Only `length`, `joinInto`, `advance` and `take` are used. */
export interface IBufferList extends EventEmitter {
  encoding: string;
  length: number;
  write(buf: Buffer): boolean;
  end(buf: Buffer): void;
  push(): void;
  /** Calls `fn` for each buffer, until it returns true. */
  forEach(fn: (buf: Buffer) => boolean): void;
  /** A Buffer of the bytes from `start` to `end`. */
  join(start: number, end: number): Buffer;
  /** Copies bytes into `buf`, at `offset`. */
  joinInto(buf: Buffer, offset: number, start: number, end: number): Buffer;
  /** Skips the first `n` bytes. */
  advance(n: number): IBufferList;
  /** The first `n` bytes. */
  take(n: number, encoding?: string): any;
  take(encoding?: string): any;
  toString(): string;

  on(event: 'advance', cb: (n: number) => void): this;
  on(event: 'write', cb: (buf: Buffer) => void): this;
  addListener(event: 'advance', cb: (n: number) => void): this;
  addListener(event: 'write', cb: (buf: Buffer) => void): this;
}

/** The part of an `IBufferList` that a frame needs. */
export type IFrameSource = Pick<IBufferList, 'length'> & {
  joinInto(target: Buffer, targetStart: number, sourceStart: number, length: number): unknown;
  advance(length: number): unknown;
  take(length: number): Buffer;
};

/** A single frame, RFC 6455 §5.2: one that has arrived, or one to be sent with `sendFrame`. */
export class frame {
  /** Whether it is the last of its message. */
  fin: boolean;
  /** Reserved. A frame with one of them set is a protocol error for the peer. */
  rsv1: boolean;
  rsv2: boolean;
  rsv3: boolean;
  /** Whether its payload is masked. `sendFrame` sets it to the value that the role demands. */
  mask: boolean | number;
  /** 0 continuation, 1 text, 2 binary, 8 close, 9 ping, 10 pong. */
  opcode: number;
  /** Bytes of payload of a received frame. `binaryPayload` decides for a frame to send. */
  length: number;
  /** The payload, unmasked. A text frame's may begin or end within a character. */
  binaryPayload: Buffer;
  /** The code of a close frame; -1 if it has none. */
  closeStatus: number;

  maskBytes: Buffer;
  frameHeader: Buffer;
  config: IConfig;
  maxReceivedFrameSize: number;
  /** 1 header, 2 16-bit length, 3 64-bit length, 4 masking key, 5 payload, 6 complete. */
  parseState: number;
  protocolError: boolean;
  frameTooLarge: boolean;
  invalidCloseFrameLength: boolean;
  /** The fault, if `protocolError` or `frameTooLarge` is set. */
  dropReason: string;

  /** All arguments are optional. */
  constructor(maskBytes?: Buffer, frameHeader?: Buffer, config?: IConfig);

  /**
   * Reads received bytes.
   * @returns true when the frame is complete or faulty
   */
  addData(bufferList: IBufferList | IFrameSource): boolean;
  throwAwayPayload(bufferList: IBufferList | IFrameSource): boolean;

  /** @param nullMask masks with zeros, which leaves the payload readable on the wire */
  toBuffer(nullMask?: boolean): Buffer;
  toString(): string;
}
