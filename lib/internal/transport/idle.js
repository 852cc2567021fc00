'use strict';

// `setTimeout()` of sockets whose I/O the engine does: Node does not see when bytes go.

const { engine } = require('../engine/engine');
const { now } = require('../engine/ticks');

/**
 * The timer that checks again whether the socket was idle for its timeout, and the time of the last
 * 'timeout'.
 */
const kIdleCheck = Symbol('websocket.idleCheck');
const kReported = Symbol('websocket.idleReported');

/**
 * Forgets the last 'timeout', because the application sets the timeout.
 *
 * @param {any} socket
 */
function restartIdleCheck(socket) {
  stopIdleCheck(socket);
  socket[kReported] = undefined;
}

/**
 * Called when the socket is destroyed.
 *
 * @param {any} socket
 */
function stopIdleCheck(socket) {
  clearTimeout(socket[kIdleCheck]);
}

/**
 * Called when the timer of the socket's `setTimeout()` fires. The engine says how long the socket
 * was idle, and this function starts the timer again.
 *
 * @param {any} socket
 * @param {number} slot of its link, −1 without one
 */
function checkIdle(socket, slot) {
  const timeout = socket.timeout ?? 0;
  const idle = slot === -1 ? timeout : engine.idleTime(slot);
  const isOver = idle >= timeout;
  const left = isOver ? timeout : Math.ceil(timeout - idle);
  socket[kIdleCheck] = setTimeout(() => socket._onTimeout(), left);
  socket[kIdleCheck].unref?.();
  const time = now();
  // Each silence is reported once. The next byte ends it.
  if (!isOver || idle > time - socket[kReported]) return;
  socket[kReported] = time;
  socket.emit('timeout');
}

module.exports = { checkIdle, restartIdleCheck, stopIdleCheck };
