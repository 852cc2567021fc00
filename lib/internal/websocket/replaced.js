'use strict';

// What an application has put in the place of methods of a connection, on the connection, a
// subclass or the prototype. Frames then go by these methods, as in npm `websocket`.

/** The methods of this package, by their names. WebSocketConnection fills it. */
const originals = /** @type {Record<string, any>} */ ({});

/** Whether messages and their frames go by methods of the application. */
function composesByHand(connection) {
  return (
    connection.sendFrame !== originals.sendFrame ||
    connection.fragmentAndSend !== originals.fragmentAndSend
  );
}

/** As `composesByHand`, for close frames. */
function closesByHand(connection) {
  return (
    connection.sendCloseFrame !== originals.sendCloseFrame ||
    connection.sendFrame !== originals.sendFrame
  );
}

/** As `composesByHand`, for pings that a keepalive timer sends. */
function pingsByHand(connection) {
  return (
    connection.handleKeepaliveTimer !== originals.handleKeepaliveTimer ||
    connection.ping !== originals.ping ||
    connection.sendFrame !== originals.sendFrame
  );
}

/** As `composesByHand`, for the answers to pings. */
function answersByHand(connection) {
  return connection.pong !== originals.pong || connection.sendFrame !== originals.sendFrame;
}

/** By event of the socket, the method that hears it. */
const LISTENERS = {
  error: 'handleSocketError',
  end: 'handleSocketEnd',
  close: 'handleSocketClose',
  drain: 'handleSocketDrain',
  pause: 'handleSocketPause',
  resume: 'handleSocketResume',
  data: 'handleSocketData',
};

/**
 * What hears an event of the socket in the place of the method of this package, if anything does.
 *
 * @param {any} connection
 * @param {string} event
 * @returns {((argument: any) => void) | undefined}
 */
function listener(connection, event) {
  const name = LISTENERS[event];
  const method = connection[name];
  return method === originals[name] ? undefined : method.bind(connection);
}

module.exports = {
  answersByHand,
  closesByHand,
  composesByHand,
  listener,
  originals,
  pingsByHand,
};
