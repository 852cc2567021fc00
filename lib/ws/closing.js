'use strict';

const { kFailed, kSocket } = require('./keys');

/**
 * Ends TCP if close frames have gone both ways, or if the peer broke the protocol.
 *
 * @param {any} websocket
 */
function endIfClosed(websocket) {
  if (!websocket._closeFrameSent) return;
  const socket = websocket[kSocket];
  // Node makes an error, with its stack, even for an end that comes again and has no callback.
  if (socket.writableEnded) return;
  if (websocket._closeFrameReceived || websocket[kFailed]) socket.end();
}

/**
 * Destroys the socket if the closing handshake does not finish in time.
 *
 * @param {any} websocket
 */
function setCloseTimer(websocket) {
  const socket = websocket[kSocket];
  websocket._closeTimer = setTimeout(() => socket.destroy(), websocket._closeTimeout);
}

module.exports = { endIfClosed, setCloseTimer };
