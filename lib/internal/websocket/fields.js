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

/** What a connection has of these fields, from when an application first reads one. */
const owned = new WeakMap();

/**
 * What applications read although no document names it. The engine holds what has arrived of a
 * message that is not complete; these getters show it, and nothing works with what they return.
 */
const getters = {
  /** Four bytes for the masking key of frames that are composed by hand. */
  maskBytes() {
    return ownOf(this).maskBytes;
  },

  /** Ten bytes for the header of frames that are parsed by hand. */
  frameHeader() {
    return ownOf(this).frameHeader;
  },

  /** Payload bytes of the fragments that have arrived of a message. */
  fragmentationSize() {
    return partialOf(this).size;
  },

  /**
   * The fragments that have arrived of a message, as one frame, since the engine appends them to
   * each other; and what the application has put into this array, which is the same one until the
   * message is complete.
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

  /** Bytes that have arrived of a frame that is not complete: their number only. */
  bufferList() {
    return { length: partialOf(this).received };
  },
};

/**
 * @param {any} connection
 * @param {boolean} [copies] whether the payload is wanted, which may be long
 */
function partialOf(connection, copies = false) {
  return (connection.state !== 'closed' && connection[kPeer].partial(copies)) || NOTHING;
}

/**
 * Made when somebody asks: few connections ever need them.
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
 * Defines the fields. Each may be assigned, as upstream's may: it then is what it was set to.
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
 * A connection that drops forgets what it has of a message.
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
