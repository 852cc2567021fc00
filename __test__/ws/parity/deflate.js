'use strict';

const { constants, deflateRawSync, inflateRawSync } = require('node:zlib');

/** The bytes that senders remove from the end of each message (RFC 7692 §7.2.1). */
const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff]);
const WINDOW = 1 << 15;
const SYNC = { finishFlush: constants.Z_SYNC_FLUSH };
/** RSV1 in the form of `encodeFrame`. */
const RSV1 = { rsv: 4 };

/** The payload of a compressed message that refers to no earlier one. */
function squeeze(data) {
  return deflateRawSync(Buffer.from(data), SYNC).subarray(0, -TAIL.length);
}

/** Inflates what the connection under test sends, so that a trace shows the content. */
class Inflater {
  #forgets;
  #window = Buffer.alloc(0);
  #inMessage = false;

  /** `forgets` is whether each message begins with an empty window. */
  constructor(forgets = false) {
    this.#forgets = forgets;
  }

  /** Replaces the payload of a compressed frame. For the option `onFrame` of a raw peer. */
  replace(frame) {
    const isFirst = frame.opcode === 'text' || frame.opcode === 'binary';
    if (isFirst) this.#inMessage = frame.rsv === RSV1.rsv;
    if (!this.#inMessage || !(isFirst || frame.opcode === 'continuation')) return;
    frame.payload = this.#inflate(frame.payload);
    if (frame.fin) this.#inMessage = false;
    if (frame.fin && this.#forgets) this.#window = Buffer.alloc(0);
  }

  #inflate(payload) {
    const dictionary = this.#window.length > 0 ? { dictionary: this.#window } : {};
    const data = inflateRawSync(Buffer.concat([payload, TAIL]), { ...SYNC, ...dictionary });
    this.#window = Buffer.concat([this.#window, data]).subarray(-WINDOW);
    return data;
  }
}

module.exports = { Inflater, RSV1, squeeze };
