'use strict';

const { once } = require('node:events');

const { BINARY, CLOSE, FrameReader, PING, PONG, TEXT, closeBody, encode } = require('./frames');

/**
 * The other end of a connection under test. It handles single frames and the raw TCP stream. It
 * answers nothing by itself, and it ends its side only by `end()`.
 */
class RawPeer {
  /**
   * How the stream from the connection under test ended: 'FIN', or an error's code such as
   * 'ECONNRESET'.
   */
  ending = undefined;
  bytesReceived = 0;

  #reader = new FrameReader();
  #frames = [];
  #waiting = [];

  /**
   * @param {import('node:net').Socket} socket whose handshake is done
   * @param {boolean} masks whether it acts as the client
   */
  constructor(socket, masks) {
    this.socket = socket;
    this.masks = masks;
    socket.on('data', (chunk) => {
      this.bytesReceived += chunk.length;
      for (const frame of this.#reader.push(chunk)) this.#frames.push(frame);
      this.#settle();
    });
    socket.on('end', () => this.#endBy('FIN'));
    socket.on('error', (error) => this.#endBy(error.code));
    socket.on('close', () => this.#endBy('closed'));
  }

  /** Received frames that no caller has taken yet. */
  get unread() {
    return this.#frames.length;
  }

  /** Bytes of an incomplete frame. */
  get pending() {
    return this.#reader.pending;
  }

  /** The next frame, or undefined when the stream has ended. */
  next() {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#settle();
    });
  }

  /** The next frame; it must have this opcode. */
  async expect(opcode) {
    const frame = await this.next();
    if (frame?.opcode !== opcode) {
      const what = frame ? `0x${frame.opcode.toString(16)} ${frame.payload}` : this.ending;
      throw new Error(`Expected a frame with opcode 0x${opcode.toString(16)} and got ${what}`);
    }
    return frame;
  }

  /** The close frame that must come next, as code and reason. */
  async expectClose() {
    const { payload } = await this.expect(CLOSE);
    const code = payload.length >= 2 ? payload.readUInt16BE(0) : undefined;
    return { code, reason: payload.toString('utf8', 2) };
  }

  /** All further frames, once the stream has ended. */
  async rest() {
    const frames = [];
    for (let frame = await this.next(); frame; frame = await this.next()) frames.push(frame);
    return frames;
  }

  /**
   * Waits for the end of the stream and returns how it ended. Fails if an untaken frame came
   * before.
   */
  async ended() {
    const frames = await this.rest();
    if (frames.length > 0) {
      const opcodes = frames.map(({ opcode }) => `0x${opcode.toString(16)}`);
      throw new Error(`Expected the end and got frames first: ${opcodes.join(' ')}`);
    }
    return this.ending;
  }

  /** Encodes a frame for `write`. Masks it as the role demands, unless the frame says otherwise. */
  frame(frame) {
    return encode({ masked: this.masks, ...frame });
  }

  send(...frames) {
    return this.write(Buffer.concat(frames.map((frame) => this.frame(frame))));
  }

  write(bytes) {
    return this.socket.write(bytes);
  }

  text(payload) {
    return this.send({ opcode: TEXT, payload });
  }

  binary(payload) {
    return this.send({ opcode: BINARY, payload });
  }

  ping(payload) {
    return this.send({ opcode: PING, payload });
  }

  pong(payload) {
    return this.send({ opcode: PONG, payload });
  }

  close(code, reason) {
    return this.send({ opcode: CLOSE, payload: closeBody(code, reason) });
  }

  /** Half-closes. */
  end() {
    this.socket.end();
  }

  /** Ends TCP with a reset. */
  reset() {
    this.socket.resetAndDestroy();
  }

  /** Answers the close frame that comes next and ends TCP. */
  async hangUp() {
    const { payload } = await this.expect(CLOSE);
    this.send({ opcode: CLOSE, payload });
    this.end();
    if (!this.socket.closed) await once(this.socket, 'close');
  }

  #endBy(how) {
    this.ending ??= how;
    this.#settle();
  }

  #settle() {
    while (this.#waiting.length > 0 && this.#frames.length > 0) {
      this.#waiting.shift()(this.#frames.shift());
    }
    if (this.ending === undefined) return;
    for (const resolve of this.#waiting.splice(0)) resolve(undefined);
  }
}

module.exports = RawPeer;
