'use strict';

/**
 * Sets the options of a connection's socket. Streams other than sockets may lack these methods.
 *
 * @param {any} socket
 * @param {any} config
 */
function prepareSocket(socket, config) {
  socket.setNoDelay?.(config.disableNagleAlgorithm);
  socket.setTimeout?.(0);
  if (!config.keepalive || !config.useNativeKeepalive) return;
  if (!('setKeepAlive' in socket)) {
    throw new Error('Unable to use native keepalive: unsupported by this version of Node.');
  }
  socket.setKeepAlive(true, config.keepaliveInterval);
}

module.exports = prepareSocket;
