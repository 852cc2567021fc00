'use strict';

const { engine } = require('../delivery');
const WebSocketFrame = require('../WebSocketFrame');

const NOTHING = { opcode: 0, fragments: Buffer.alloc(0), frame: -1, length: 0, received: 0 };

const buffers = new WeakMap();

/**
 * Getters of WebSocketConnection for what applications read although no document names it. They say what the
 * engine holds of a message that is not complete; nothing works with what they return.
 */
module.exports = {
  /** Four bytes for the masking key of frames that are composed by hand. */
  maskBytes() {
    return buffersOf(this).maskBytes;
  },

  /** Ten bytes for the header of frames that are parsed by hand. */
  frameHeader() {
    return buffersOf(this).frameHeader;
  },

  /** Payload bytes of the fragments that have arrived of a message. */
  fragmentationSize() {
    return partialOf(this).fragments.length;
  },

  /** The fragments that have arrived of a message: one frame, since the engine appends them to each other. */
  frameQueue() {
    const { opcode, fragments } = partialOf(this);
    return opcode === 0 ? [] : [WebSocketFrame.received(opcode, fragments, this)];
  },

  /** The frame that is arriving. */
  /** @this {any} */
  currentFrame() {
    const { frame: bits, length } = partialOf(this);
    if (bits === -1) return new WebSocketFrame(this.maskBytes, this.frameHeader, this.config);
    return WebSocketFrame.arriving(bits, length, this);
  },

  /** Bytes that have arrived of a frame that is not complete: their number only. */
  bufferList() {
    return { length: partialOf(this).received };
  },
};

/** @param {any} connection */
function partialOf(connection) {
  return (connection._slot !== -1 && engine.partial(connection._slot)) || NOTHING;
}

/**
 * Made when somebody asks: few connections ever need them.
 *
 * @param {any} connection
 */
function buffersOf(connection) {
  let own = buffers.get(connection);
  if (own === undefined) {
    own = { maskBytes: Buffer.alloc(4), frameHeader: Buffer.alloc(10) };
    buffers.set(connection, own);
  }
  return own;
}
