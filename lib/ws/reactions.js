'use strict';

// What a WebSocket itself does when its peer pings, closes or breaks the protocol.

const kPeer = require('../internal/transport/kPeer');
const { kSocket } = require('./keys');
const { CLOSING, OPEN } = require('./states');
const { kCloseCode } = require('./violations');

/** The code of a close frame without one (RFC 6455 §7.1.5). */
const NO_STATUS = 1005;

/**
 * Answers a ping if the options say so, and emits it.
 *
 * @param {any} websocket
 * @param {Buffer} payload
 */
function hearPing(websocket, payload) {
  if (websocket._autoPong && websocket.readyState === OPEN) {
    const most = websocket._maxPendingAutoPongs;
    if (most > 0 && websocket._pendingAutoPongs >= most) {
      websocket.terminate();
    } else {
      websocket._pendingAutoPongs++;
      websocket.pong(payload, !websocket._isServer, () => {
        websocket._pendingAutoPongs--;
      });
    }
  }
  websocket.emit('ping', payload);
}

/**
 * Notes the peer's close frame, and answers it.
 *
 * @param {any} websocket
 * @param {number} code
 * @param {Buffer} reason
 */
function conclude(websocket, code, reason) {
  websocket._closeFrameReceived = true;
  websocket._closeCode = code;
  websocket._closeMessage = reason;
  const socket = websocket[kSocket];
  if (websocket[kPeer].slot === -1) {
    noteDestroyed(websocket);
    return;
  }
  // The end of TCP is still to be read.
  process.nextTick(() => socket.resume());
  if (code === NO_STATUS) websocket.close();
  else websocket.close(code, reason);
}

/**
 * Ends a connection whose peer broke the protocol.
 *
 * @param {any} websocket
 * @param {any} error
 */
function fail(websocket, error) {
  const socket = websocket[kSocket];
  if (websocket[kPeer].slot !== -1) {
    process.nextTick(() => socket.resume());
    websocket.close(error[kCloseCode]);
  } else {
    noteDestroyed(websocket);
  }
  emitError(websocket, error);
}

/**
 * A handler has destroyed the socket, so nothing can be sent any more.
 *
 * @param {any} websocket
 */
function noteDestroyed(websocket) {
  if (websocket._readyState === OPEN) websocket._readyState = CLOSING;
}

/**
 * Emits 'error', at most once.
 *
 * @param {any} websocket
 * @param {Error} error
 */
function emitError(websocket, error) {
  if (websocket._errorEmitted) return;
  websocket._errorEmitted = true;
  websocket.emit('error', error);
}

module.exports = { NO_STATUS, conclude, emitError, fail, hearPing };
