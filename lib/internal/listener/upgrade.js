'use strict';

// Emits 'upgrade' for a WebSocket handshake that the engine has read.

const { AsyncResource } = require('node:async_hooks');

const { engine } = require('../engine/engine');
const { setImmediate } = require('../engine/ticks');
const acceptedSocket = require('./acceptedSocket');

const EMPTY = Buffer.alloc(0);

/**
 * Where the fields of EVENT_REQUEST are, behind the address and the port of the client. Headers
 * follow: each as its name and its value.
 */
const REST_LENGTH = 2;
const METHOD = 3;
const URL = 4;
const HEADERS = 5;

/**
 * Takes a handshake: makes the socket and the request, and emits 'upgrade'.
 *
 * @param {import('./Listener')} listener
 * @param {number} ticket
 * @param {string} words the payload of EVENT_REQUEST
 */
function takeUpgrade(listener, ticket, words) {
  const { server, slot: from, state } = listener;
  const fields = words.split('\0');
  const count = (fields.length - HEADERS) / 2;
  // Versions of Node either drop the headers beyond the limit, or refuse the request.
  if (!state.takesUpgrades() || (server.maxHeadersCount > 0 && count > server.maxHeadersCount)) {
    listener.giveToNode(ticket);
    return;
  }
  const restLength = Number(fields[REST_LENGTH]);
  // Bytes behind the handshake are the application's. Usually there are none.
  const read = restLength > 0 ? engine.takeRead(from, ticket) : EMPTY;
  const slot = engine.accept(from, ticket);
  if (slot === -1) return;
  const socket = acceptedSocket(listener, slot, restLength === 0);
  if (socket === undefined) return;
  // As on a socket whose parser Node has taken away.
  socket.parser = null;
  const request = requestOf(listener, socket, fields);
  const head = read.subarray(read.length - restLength);
  const scope = new AsyncResource('HTTPINCOMINGMESSAGE');
  try {
    scope.runInAsyncScope(server.emit, server, 'upgrade', request, socket, head);
  } finally {
    setImmediate(beginReading, socket);
  }
}

/**
 * Reads from a socket that nobody has made a WebSocket of, as Node does without being asked. So it
 * notices the end of the connection.
 *
 * @param {any} socket
 */
function beginReading(socket) {
  const { _handle: handle } = socket;
  if (handle && !handle.isClaimed && handle.slot !== -1) socket.read(0);
}

/**
 * Makes the request as Node's HTTP parser does.
 *
 * @param {import('./Listener')} listener
 * @param {any} socket
 * @param {string[]} fields
 */
function requestOf({ server, state }, socket, fields) {
  const request = new state.IncomingMessage(socket);
  request.httpVersionMajor = 1;
  request.httpVersionMinor = 1;
  request.httpVersion = '1.1';
  request.joinDuplicateHeaders = server.joinDuplicateHeaders;
  request.url = fields[URL];
  request.upgrade = true;
  const headers = fields.slice(HEADERS);
  request._addHeaderLines(headers, headers.length);
  request.method = fields[METHOD];
  request.complete = true;
  request.parser = null;
  request.push(null);
  return request;
}

module.exports = { takeUpgrade };
