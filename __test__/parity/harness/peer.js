'use strict';

const { FrameReader, closePayload, encodeFrame, frameValues } = require('./wire');

const HEAD_END = '\r\n\r\n';

/**
 * One end of a byte stream, independent of both packages. It records the HTTP head that it
 * receives, then each frame, then the end of the stream: `end` (FIN) or `reset`, and `gone` when
 * its socket has closed. Options: `answersClose` (echoes a close frame), `answersEnd` (a FIN for a
 * FIN), `masks` (a client's role), `onFrame(frame, peer)` (its result false keeps the frame out of
 * the trace).
 */
class Peer {
  #lane;
  #options;
  #head = Buffer.alloc(0);
  #frames = new FrameReader();
  #onHead;
  #sentClose = false;

  constructor(socket, lane, options = {}) {
    this.socket = socket;
    this.#lane = lane;
    // Otherwise a second small write would wait for the answer to the first.
    socket.setNoDelay(true);
    this.#options = { answersClose: true, answersEnd: true, masks: true, ...options };
    /** The head without its last blank line, once it has arrived. */
    this.head = new Promise((resolve) => {
      this.#onHead = resolve;
    });
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('end', () => this.#ended());
    socket.on('error', (error) => {
      if (error.code === 'ECONNRESET') lane.add('reset');
    });
    socket.on('close', () => lane.add('gone'));
  }

  #receive(chunk) {
    if (!this.#onHead) return this.#receiveFrames(chunk);
    this.#head = Buffer.concat([this.#head, chunk]);
    const end = this.#head.indexOf(HEAD_END);
    if (end === -1) return undefined;
    const head = this.#head.toString('latin1', 0, end);
    const rest = this.#head.subarray(end + HEAD_END.length);
    this.#recordHead(head);
    const onHead = this.#onHead;
    this.#onHead = null;
    onHead(head);
    return rest.length > 0 ? this.#receiveFrames(rest) : undefined;
  }

  #recordHead(head) {
    const lines = head.split('\r\n');
    this.#lane.add('head', this.#options.headLines ? this.#options.headLines(lines) : lines);
  }

  #receiveFrames(chunk) {
    for (const frame of this.#frames.push(chunk)) {
      if (this.#options.onFrame?.(frame, this) !== false) {
        this.#lane.add('frame', ...frameValues(frame));
      }
      if (frame.opcode === 'close' && this.#options.answersClose && !this.#sentClose) {
        this.#sentClose = true;
        this.send('close', frame.payload);
      }
    }
  }

  #ended() {
    this.#lane.add('end');
    if (this.#options.answersEnd) this.socket.end();
  }

  /** Writes raw bytes. */
  write(bytes) {
    this.socket.write(bytes);
  }

  send(opcode, payload, options = {}) {
    this.write(this.frame(opcode, payload, options));
  }

  frame(opcode, payload, options = {}) {
    return encodeFrame(opcode, payload, { mask: this.#options.masks, ...options });
  }

  text(text, options) {
    this.send('text', text, options);
  }

  close(code, reason) {
    this.#sentClose = true;
    this.send('close', code === undefined ? '' : closePayload(code, reason));
  }

  end() {
    this.socket.end();
  }

  /** Resets TCP, also below TLS. */
  reset() {
    (this.socket._parent ?? this.socket).resetAndDestroy();
  }

  seen(kind, times) {
    return this.#lane.until(kind, times);
  }
}

module.exports = { Peer };
