'use strict';

const { engine } = require('../delivery');
const WebSocketFrame = require('../WebSocketFrame');

const buffers = new WeakMap();

/** Getters of WebSocketConnection for what applications read although no document names it. */
module.exports = {
  /** Four bytes for frames that are composed by hand. */
  maskBytes() {
    return buffersOf(this).maskBytes;
  },

  /** Ten bytes for frames that are parsed by hand. */
  frameHeader() {
    return buffersOf(this).frameHeader;
  },

  /** Bytes received of a message that is not complete. */
  fragmentationSize() {
    return this._slot === -1 ? 0 : engine.partialSize(this._slot);
  },

  /** Fragments are in the engine, appended to one buffer. */
  frameQueue() {
    return [];
  },

  /** The frame that is being received is in the engine; this is one that has not begun. */
  currentFrame() {
    return new WebSocketFrame(this.maskBytes, this.frameHeader, this.config);
  },

  /** Bytes are decoded as they come. */
  bufferList() {
    return { length: 0 };
  },
};

/** Made when somebody asks: few connections ever need them. */
function buffersOf(connection) {
  let own = buffers.get(connection);
  if (own === undefined) {
    own = { maskBytes: Buffer.alloc(4), frameHeader: Buffer.alloc(10) };
    buffers.set(connection, own);
  }
  return own;
}
