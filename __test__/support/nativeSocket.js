'use strict';

// NativeSockets without a listener: the engine gets a duplicate of the descriptor of a socket that
// Node has accepted or connected.

const { calls, engine } = require('../../lib/internal/engine/engine');
const { NativeSocket } = require('../../lib/internal/transport/NativeSocket');

/**
 * @param {any} socket a net.Socket that is connected, and of which nobody has read anything
 * @returns {number} the slot of a raw link with a duplicate of its descriptor; the socket is gone
 */
function linkOf(socket) {
  const { _handle: handle } = socket;
  const slot = engine.openRaw(16384);
  handle.readStop();
  if (!calls.adopt(slot, handle.fd, true)) throw new Error('the descriptor can not be adopted');
  // Without an event: for the application there was one socket all the time.
  handle.close();
  socket._handle = null;
  socket.removeAllListeners();
  return slot;
}

/**
 * @param {any} socket as of `linkOf`; from a server with `pauseOnConnect`
 * @param {object} [options] those of NativeSocket without the slot
 */
function nativeOf(socket, options) {
  const { allowHalfOpen } = socket;
  return new NativeSocket({ allowHalfOpen, ...options, slot: linkOf(socket) });
}

module.exports = { linkOf, nativeOf };
