'use strict';

const { setImmediate } = require('node:timers');

const noop = require('../util/noop');

/**
 * Gives the socket to the connection once the opening handshake is over. Until then it has `noop`
 * for an 'error' listener, since a socket without one crashes the process.
 *
 * @param {any} connection
 * @param {Buffer | null} [head] what came together with the handshake. It is delivered a turn
 *   later, so that an application that awaits the connection listens by then; nothing else is read
 *   from the socket meanwhile.
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
  // What the socket said before the connection listened.
  if (socket.destroyed) connection.handleSocketClose(false);
  else if (socket.readableEnded) connection.handleSocketEnd();
}

module.exports = takeOver;
