'use strict';

// Finds methods that an application has replaced, on a connection, a subclass or the prototype.
// Frames then go through these methods, as in npm `websocket`.

/**
 * The methods of this package. The names are written out, because each send reads some of them and
 * V8 turns an object that is filled name by name into a slow dictionary.
 *
 * @type {Record<string, any>}
 */
const originals = {
  sendFrame: undefined,
  fragmentAndSend: undefined,
  sendCloseFrame: undefined,
  ping: undefined,
  pong: undefined,
  handleKeepaliveTimer: undefined,
  handleSocketError: undefined,
  handleSocketEnd: undefined,
  handleSocketClose: undefined,
  handleSocketDrain: undefined,
  handleSocketPause: undefined,
  handleSocketResume: undefined,
  handleSocketData: undefined,
};

/** @param {any} prototype that of WebSocketConnection, before an application sees it */
function rememberOriginals(prototype) {
  for (const name of Object.keys(originals)) originals[name] = prototype[name];
}

/** Whether messages and their frames go through methods of the application. */
function replacesFrames(connection) {
  return (
    connection.sendFrame !== originals.sendFrame ||
    connection.fragmentAndSend !== originals.fragmentAndSend
  );
}

/** As `replacesFrames`, for close frames. */
function replacesCloseFrames(connection) {
  return (
    connection.sendCloseFrame !== originals.sendCloseFrame ||
    connection.sendFrame !== originals.sendFrame
  );
}

/** As `replacesFrames`, for pings that a keepalive timer sends. */
function replacesPings(connection) {
  return (
    connection.handleKeepaliveTimer !== originals.handleKeepaliveTimer ||
    connection.ping !== originals.ping ||
    connection.sendFrame !== originals.sendFrame
  );
}

/** As `replacesFrames`, for the answers to pings. */
function replacesPongs(connection) {
  return connection.pong !== originals.pong || connection.sendFrame !== originals.sendFrame;
}

/** The method that handles each event of the socket. */
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
 * The application's replacement for the method that handles an event of the socket, if any.
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
  replacesPongs,
  replacesCloseFrames,
  replacesFrames,
  listener,
  originals,
  rememberOriginals,
  replacesPings,
};
