'use strict';

// Asks npm `ws` and this package the same.

const assert = require('node:assert/strict');
const { once } = require('node:events');

const upstream = require('ws');
const WebSocketServer = require('../../../lib/ws/WebSocketServer');
const createWebSocketStream = require('../../../lib/ws/stream');
const WebSocket = require('../../../lib/ws/WebSocket');
const { outcome } = require('./oracle');

const ours = { WebSocket, WebSocketServer, createWebSocketStream };

/**
 * Plays a scene with npm `ws` and with this package.
 *
 * @template T
 * @param {(lib: typeof ours) => T | Promise<T>} scene
 * @returns {Promise<T>} the outcome, which is the same for both
 */
async function same(scene) {
  const expected = await scene(/** @type {any} */ (upstream));
  const actual = await scene(ours);
  assert.deepEqual(actual, expected);
  return actual;
}

/** The name, the message and the code of what `run` throws. */
function thrownBy(run) {
  const thrown = outcome(run);
  assert.ok(thrown.name, 'nothing was thrown');
  return wordsOf(thrown);
}

/** What a user sees of an error. */
function wordsOf({ name, message, code }) {
  return code === undefined ? `${name}: ${message}` : `${name} ${code}: ${message}`;
}

/** Everything that a socket still receives, as Latin-1. */
async function readToEnd(socket) {
  const chunks = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  await once(socket, 'close');
  return Buffer.concat(chunks).toString('latin1');
}

module.exports = { ours, readToEnd, same, thrownBy, upstream, wordsOf };
