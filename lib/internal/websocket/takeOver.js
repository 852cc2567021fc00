'use strict';

const { setImmediate } = require('node:timers');

const noop = require('../util/noop');

/**
 * Gives the socket to the connection once the opening handshake is over. Until then the socket has
 * `noop` as its 'error' listener, because an error without a listener ends the process.
 *
 * @param {any} connection
 * @param {Buffer | null} [head] bytes that arrived with the handshake. They are delivered a turn
 *   later, when an application that awaits the connection has added its listeners. Nothing else is
 *   read from the socket meanwhile.
 */
function takeOver(connection, head) {
  if (head && head.length > 0) setImmediate(open, connection, head);
  else open(connection, null);
}

/**
 * @param {any} connection
 * @param {Buffer | null} head
 */
function open(connection, head) {
  const { socket } = connection;
  connection._addSocketEventListeners();
  socket.removeListener('error', noop);
  if (head) connection.handleSocketData(head);
  // Events that the socket emitted before the connection listened.
  if (socket.destroyed) connection.handleSocketClose(false);
  else if (socket.readableEnded) connection.handleSocketEnd();
}

module.exports = takeOver;
