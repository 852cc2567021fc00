'use strict';

const { channel } = require('node:diagnostics_channel');

const { NativeSocket } = require('../transport/NativeSocket');

/** Where Node announces the sockets of servers. */
const serverSockets = channel('net.server.socket');

/**
 * Makes the socket of a connection that stays with the engine, and counts it.
 *
 * @param {import('./Listener')} listener
 * @param {number} slot of the connection's raw link
 * @param {boolean} isHolding whether the link holds its input
 * @returns {any} a NativeSocket or a NativeTlsSocket; undefined if TLS does not trust the client
 */
function acceptedSocket({ server, state }, slot, isHolding) {
  const { allowHalfOpen, highWaterMark, keepAlive, keepAliveInitialDelay, noDelay } = server;
  const options = {
    slot,
    isHolding,
    allowHalfOpen,
    noDelay,
    keepAlive,
    keepAliveInitialDelay: (keepAliveInitialDelay || 0) * 1000,
    readableHighWaterMark: highWaterMark,
    writableHighWaterMark: highWaterMark,
  };
  const socket = state.secure ? state.secure.socketOf(options) : new NativeSocket(options);
  if (socket === undefined) return undefined;
  socket.server = server;
  socket._server = server;
  server._connections++;
  if (serverSockets.hasSubscribers) serverSockets.publish({ socket });
  return socket;
}

module.exports = acceptedSocket;
