'use strict';

// Sends that wait until a Blob is read.

const { kBuffered, kSocket, kWaiting } = require('./keys');
const { emitError } = require('./reactions');
const { CLOSED, CLOSING, OPEN } = require('./states');
const { setCloseTimer } = require('./closing');

/**
 * A send that waits: its bytes, its callback, and what sends it.
 *
 * @typedef {object} Waiting
 * @property {number} length
 * @property {any} callback
 * @property {() => void} run
 */

/**
 * Calls `run` when all earlier Blobs are read.
 *
 * @param {any} websocket
 * @param {number} length bytes that `bufferedAmount` counts meanwhile
 * @param {any} callback gets the error if a Blob can't be read
 * @param {() => void} run
 */
function waitForBlob(websocket, length, callback, run) {
  if (websocket[kWaiting] === null) {
    run();
    return;
  }
  websocket[kBuffered] += length;
  websocket[kWaiting].push({ length, callback, run });
}

/**
 * Reads a Blob, and then calls `run` with its bytes.
 *
 * @param {any} websocket
 * @param {any} blob
 * @param {any} callback
 * @param {(bytes: Buffer) => void} run
 */
function sendBlob(websocket, blob, callback, run) {
  waitForBlob(websocket, blob.size, callback, () => {
    read(websocket, blob, callback, run);
  });
}

/**
 * @param {any} websocket
 * @param {any} blob
 * @param {any} callback
 * @param {(bytes: Buffer) => void} run
 */
function read(websocket, blob, callback, run) {
  websocket[kWaiting] ??= [];
  websocket[kBuffered] += blob.size;
  blob.arrayBuffer().then(
    (bytes) => process.nextTick(finish, websocket, blob, callback, () => run(Buffer.from(bytes))),
    (error) => process.nextTick(giveUp, websocket, error, callback),
  );
}

/**
 * Sends a Blob that is read, and what waited for it up to the next Blob.
 *
 * @param {any} websocket
 * @param {any} blob
 * @param {any} callback
 * @param {() => void} run
 */
function finish(websocket, blob, callback, run) {
  if (websocket[kSocket].destroyed) {
    callAll(websocket, new Error('The socket was closed while the blob was being read'), callback);
    return;
  }
  websocket[kBuffered] -= blob.size;
  const waiting = websocket[kWaiting];
  websocket[kWaiting] = null;
  run();
  while (waiting.length > 0 && websocket[kWaiting] === null) {
    const next = waiting.shift();
    websocket[kBuffered] -= next.length;
    next.run();
  }
  if (waiting.length > 0) websocket[kWaiting].push(...waiting);
}

/**
 * Ends the connection, because a Blob can't be read.
 *
 * @param {any} websocket
 * @param {any} error
 * @param {any} callback
 */
function giveUp(websocket, error, callback) {
  callAll(websocket, error, callback);
  if (websocket.readyState === CLOSED) return;
  if (websocket.readyState === OPEN) {
    websocket._readyState = CLOSING;
    setCloseTimer(websocket);
  }
  // What is sent already may still leave.
  websocket[kSocket].end();
  emitError(websocket, error);
}

/**
 * @param {any} websocket
 * @param {Error} error
 * @param {any} first
 */
function callAll(websocket, error, first) {
  for (const callback of [first, ...websocket[kWaiting].map((waiting) => waiting.callback)]) {
    if (typeof callback === 'function') callback(error);
  }
}

module.exports = { sendBlob, waitForBlob };
