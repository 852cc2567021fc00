'use strict';

const { removeListeners } = require('../transport/listeners');

/**
 * Sets the options of a connection's socket. Streams other than sockets may lack these methods.
 *
 * @param {any} socket
 * @param {any} config
 */
function prepareSocket(socket, config) {
  socket.setNoDelay?.(config.disableNagleAlgorithm);
  socket.setTimeout?.(0);
  if (config.keepalive && config.useNativeKeepalive) {
    if (!('setKeepAlive' in socket)) {
      throw new Error('Unable to use native keepalive: unsupported by this version of Node.');
    }
    socket.setKeepAlive(true, config.keepaliveInterval);
  }
  // Node's HTTP client listens for errors in a way that makes no sense to users of a connection.
  removeListeners(socket, 'error');
}

module.exports = prepareSocket;
