'use strict';

const kPeer = require('../transport/kPeer');
const WebSocketFrame = require('./WebSocketFrame');

const NOTHING = {
  opcode: 0,
  fragments: Buffer.alloc(0),
  size: 0,
  frame: -1,
  length: 0,
  received: 0,
};

/** The values of these fields, for each connection whose fields an application has read. */
const owned = new WeakMap();

/**
 * Undocumented fields that applications read. The engine holds the received part of an incomplete
 * message. These getters show it, and nothing in this package uses their results.
 */
const getters = {
  /** Four bytes for the masking key of frames that the application composes. */
  maskBytes() {
    return ownOf(this).maskBytes;
  },

  /** Ten bytes for the header of frames that the application parses. */
  frameHeader() {
    return ownOf(this).frameHeader;
  },

  /** Payload bytes of the received fragments of a message. */
  fragmentationSize() {
    return partialOf(this).size;
  },

  /**
   * The received fragments of a message as one frame, because the engine joins them. The
   * application may add elements. The array stays the same until the message is complete.
   */
  frameQueue() {
    const own = ownOf(this);
    const { opcode, fragments } = partialOf(this, true);
    if (opcode === 0) {
      // Upstream begins a new queue behind a message.
      if (own.arrived !== null) own.frameQueue = [];
      own.arrived = null;
    } else if (own.arrived?.length !== fragments.length || own.arrived.opcode !== opcode) {
      const at = own.frameQueue.indexOf(own.arrived);
      own.arrived = WebSocketFrame.received(opcode, fragments, this);
      own.frameQueue.splice(Math.max(at, 0), at === -1 ? 0 : 1, own.arrived);
    }
    return own.frameQueue;
  },

  /**
   * The frame that is arriving.
   *
   * @this {any}
   */
  currentFrame() {
    const { frame: bits, length } = partialOf(this);
    if (bits === -1) return new WebSocketFrame(this.maskBytes, this.frameHeader, this.config);
    return WebSocketFrame.arriving(bits, length, this);
  },

  /** The number of received bytes of an incomplete frame. */
  bufferList() {
    return { length: partialOf(this).received };
  },
};

/**
 * @param {any} connection
 * @param {boolean} [copies] whether to copy the payload, which may be long
 */
function partialOf(connection, copies = false) {
  return (connection.state !== 'closed' && connection[kPeer].partial(copies)) || NOTHING;
}

/**
 * Makes the values of a connection on first use, because few connections need them.
 *
 * @param {any} connection
 */
function ownOf(connection) {
  let own = owned.get(connection);
  if (own === undefined) {
    own = {
      maskBytes: Buffer.alloc(4),
      frameHeader: Buffer.alloc(10),
      frameQueue: [],
      arrived: null,
    };
    owned.set(connection, own);
  }
  return own;
}

/**
 * Defines the fields. An application may assign each of them, as upstream's, and then reads its own
 * value.
 *
 * @param {any} prototype
 */
function defineFields(prototype) {
  for (const [name, get] of Object.entries(getters)) {
    Object.defineProperty(prototype, name, { get, set: setterOf(name), configurable: true });
  }
}

/** @param {string} name */
function setterOf(name) {
  /** @this {any} */
  return function set(value) {
    Object.defineProperty(this, name, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  };
}

/**
 * Forgets the fragments of a message, because the connection is dropped.
 *
 * @param {any} connection
 */
function clearQueue(connection) {
  if (Object.hasOwn(connection, 'frameQueue')) connection.frameQueue = [];
  const own = owned.get(connection);
  if (own === undefined) return;
  own.frameQueue = [];
  own.arrived = null;
}

module.exports = { clearQueue, defineFields };
