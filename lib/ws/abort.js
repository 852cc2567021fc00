'use strict';

/** Marks requests that this package has aborted. Their later errors are ignored. */
const kAborted = Symbol('aborted');

/**
 * Ends a client's opening handshake with an error.
 *
 * @param {any} websocket
 * @param {any} stream the request, or the socket of a request that is answered
 * @param {string} message
 */
function abortHandshake(websocket, stream, message) {
  websocket._readyState = websocket.CLOSING;
  const error = new Error(message);
  Error.captureStackTrace(error, abortHandshake);
  if (stream.setHeader) abortRequest(websocket, stream, error);
  else abortSocket(websocket, stream, error);
}

function abortRequest(websocket, request, error) {
  request[kAborted] = true;
  // Unlike destroy(), abort() emits 'abort' too.
  request.abort();
  // An answered request leaves its socket open.
  if (request.socket && !request.socket.destroyed) request.socket.destroy();
  process.nextTick(failHandshake, websocket, error);
}

function abortSocket(websocket, socket, error) {
  socket.once('error', (/** @type {Error} */ reason) => websocket.emit('error', reason));
  socket.once('close', () => websocket.emitClose());
  socket.destroy(error);
}

/**
 * Emits 'error' and 'close'.
 *
 * @param {any} websocket
 * @param {Error} error
 */
function failHandshake(websocket, error) {
  websocket._readyState = websocket.CLOSING;
  websocket._errorEmitted = true;
  websocket.emit('error', error);
  websocket.emitClose();
}

/** @param {any} request */
function isAborted(request) {
  return request[kAborted] === true;
}

module.exports = { abortHandshake, failHandshake, isAborted };
