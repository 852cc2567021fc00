'use strict';

const { STATUS_CODES } = require('node:http');

/**
 * A fault of an upgrade request, and its answer.
 *
 * @typedef {object} Fault
 * @property {number} status
 * @property {string} message the body of the answer
 * @property {Record<string, string>} [headers] further headers of the answer
 */

/**
 * Answers an upgrade request with an error and ends the connection. The socket is destroyed as soon
 * as the answer is written, because the client might never end its side.
 *
 * @param {any} socket
 * @param {number} status
 * @param {string} [message] the body, by default the reason phrase
 * @param {Record<string, any>} [headers]
 */
function refuse(socket, status, message, headers) {
  const body = message || STATUS_CODES[status];
  const fields = {
    Connection: 'close',
    'Content-Type': 'text/html',
    'Content-Length': Buffer.byteLength(/** @type {string} */ (body)),
    ...headers,
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`);
  const head = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines].join('\r\n');
  socket.once('finish', () => socket.destroy());
  socket.end(`${head}\r\n\r\n${body}`);
}

/**
 * Leaves a faulty request to the server's listeners for 'wsClientError', which then answer it
 * themselves. Without a listener, the client gets the usual answer.
 *
 * @param {any} server
 * @param {any} request
 * @param {any} socket
 * @param {Fault} fault
 */
function reportOrRefuse(server, request, socket, { status, message, headers }) {
  if (server.listenerCount('wsClientError') > 0) {
    server.emit('wsClientError', new Error(message), socket, request);
  } else {
    refuse(socket, status, message, headers);
  }
}

module.exports = { refuse, reportOrRefuse };
