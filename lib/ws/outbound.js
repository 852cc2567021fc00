'use strict';

// Hands what a WebSocket sends to its Peer.

const { types } = require('node:util');

const {
  OPCODE_BINARY,
  OPCODE_CLOSE,
  OPCODE_TEXT,
  SEND_AS_TEXT,
  SEND_MASKED,
  SEND_MORE,
  SEND_PLAIN,
  SEND_UNMASKED,
} = require('../internal/engine/abi');
const { engine } = require('../internal/engine/engine');
const kPeer = require('../internal/transport/kPeer');
const { EMPTY, checkControl, closeBody, isBlob, toBytes } = require('./data');
const { kBuffered, kSender, kSocket, kWaiting } = require('./keys');
const { notOpenError } = require('./states');
const { sendBlob, waitForBlob } = require('./waiting');

/**
 * Sends a message or a fragment of one, on an open connection.
 *
 * @param {any} websocket
 * @param {any} data
 * @param {any} options those of `send()`
 * @param {any} callback
 */
function sendData(websocket, data, options, callback) {
  if (websocket[kSender] !== undefined && Object.hasOwn(websocket[kSender], 'send')) {
    websocket[kSender].send(data || EMPTY, optionsOf(websocket, data, options), callback);
  } else if (options === undefined && isPlain(websocket) && isPayload(data)) {
    put(websocket, typeof data === 'string' ? OPCODE_TEXT : OPCODE_BINARY, data, 0, callback);
  } else {
    sendMessage(websocket, data || EMPTY, optionsOf(websocket, data, options), callback);
  }
}

/**
 * Whether nothing waits for a Blob, and the engine chooses masking keys.
 *
 * @param {any} websocket
 */
function isPlain(websocket) {
  return websocket[kWaiting] === null && websocket._generateMask === undefined;
}

/**
 * Whether the engine takes data as it is.
 *
 * @param {any} data
 */
function isPayload(data) {
  return typeof data === 'string' || types.isUint8Array(data);
}

/**
 * @param {any} websocket
 * @param {any} data
 * @param {any} options
 */
function optionsOf(websocket, data, options) {
  return {
    binary: typeof data !== 'string',
    mask: !websocket._isServer,
    compress: true,
    fin: true,
    ...options,
  };
}

/**
 * Sends a message with all options.
 *
 * @param {any} websocket
 * @param {any} data
 * @param {{ binary?: any, mask?: any, compress?: any, fin?: any }} options
 * @param {any} callback
 */
function sendMessage(websocket, data, options, callback) {
  const { binary, compress, fin, mask } = options;
  let flags = maskFlag(websocket, mask);
  if (!compress) flags |= SEND_PLAIN;
  if (!fin) flags |= SEND_MORE;
  if (typeof data === 'string' && !binary) {
    putInOrder(websocket, OPCODE_TEXT, data, flags, callback);
    return;
  }
  if (!binary) flags |= SEND_AS_TEXT;
  if (isBlob(data)) {
    sendBlob(websocket, data, callback, (bytes) => {
      put(websocket, OPCODE_BINARY, bytes, flags, callback);
    });
  } else {
    putInOrder(websocket, OPCODE_BINARY, toBytes(data), flags, callback);
  }
}

/**
 * Sends a ping or a pong, on an open connection.
 *
 * @param {any} websocket
 * @param {number} opcode
 * @param {any} data
 * @param {any} mask
 * @param {any} callback
 */
function sendControl(websocket, opcode, data = EMPTY, mask, callback) {
  const flags = mask === undefined ? 0 : maskFlag(websocket, mask);
  if (isBlob(data)) {
    checkControl(data.size);
    sendBlob(websocket, data, callback, (bytes) => put(websocket, opcode, bytes, flags, callback));
    return;
  }
  const bytes = toBytes(data || EMPTY);
  checkControl(bytes.length);
  putInOrder(websocket, opcode, bytes, flags, callback);
}

/**
 * Sends a close frame.
 *
 * @param {any} websocket
 * @param {any} code
 * @param {any} reason
 * @param {any} mask
 * @param {any} callback
 */
function sendClose(websocket, code, reason, mask, callback) {
  const body = closeBody(code, reason);
  const flags = maskFlag(websocket, mask);
  waitForBlob(websocket, body.length, callback, () => {
    put(websocket, OPCODE_CLOSE, body, flags, callback);
  });
}

/**
 * Counts what can't be sent any more, and tells the callback.
 *
 * @param {any} websocket one that is closing or closed
 * @param {any} data
 * @param {any} callback
 */
function refuse(websocket, data, callback) {
  if (data) {
    const length = isBlob(data) ? data.size : toBytes(data).length;
    if (websocket[kSocket] === null) websocket._bufferedAmount += length;
    else websocket[kBuffered] += length;
  }
  if (callback) process.nextTick(callback, notOpenError(websocket));
}

/**
 * As `put`, behind what waits for a Blob.
 *
 * @param {any} websocket
 * @param {number} opcode
 * @param {any} payload
 * @param {number} flags
 * @param {any} callback
 */
function putInOrder(websocket, opcode, payload, flags, callback) {
  if (websocket[kWaiting] === null) {
    put(websocket, opcode, payload, flags, callback);
    return;
  }
  const bytes = Buffer.from(payload);
  waitForBlob(websocket, bytes.length, callback, () => {
    put(websocket, opcode, payload, flags, callback);
  });
}

/**
 * @param {any} websocket
 * @param {number} opcode
 * @param {any} payload
 * @param {number} flags
 * @param {any} callback
 */
function put(websocket, opcode, payload, flags, callback) {
  if (websocket._generateMask !== undefined) useMask(websocket, flags);
  const sent = websocket[kPeer].send(opcode, payload, flags, callback);
  // The socket was ended or destroyed by itself, and reports that as for any write.
  if (sent === undefined) websocket[kSocket].write(EMPTY, callback);
}

/**
 * @param {any} websocket
 * @param {any} mask whether the frame is to be masked
 * @returns {number} the flag for that, unless it is what the role demands
 */
function maskFlag(websocket, mask) {
  if (Boolean(mask) === !websocket._isServer) return 0;
  return mask ? SEND_MASKED : SEND_UNMASKED;
}

/**
 * Asks the application for the masking key of the next frame, if it makes them.
 *
 * @param {any} websocket
 * @param {number} flags
 */
function useMask(websocket, flags) {
  const { slot } = websocket[kPeer];
  const isMasked = websocket._isServer ? flags & SEND_MASKED : !(flags & SEND_UNMASKED);
  if (websocket._generateMask === undefined || !isMasked || slot === -1) return;
  const key = Buffer.alloc(4);
  websocket._generateMask(key);
  engine.setMaskKey(slot, key);
}

module.exports = { optionsOf, refuse, sendClose, sendControl, sendData, sendMessage };
