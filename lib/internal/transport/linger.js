'use strict';

const { Duplex } = require('node:stream');
// Node's own timers: a test's clock would not run with the peer's.
const { clearTimeout, setTimeout } = require('node:timers');

const { CLOSE_TIMEOUT } = require('../util/defaults');

/**
 * Lingers on an ended socket: reads what the peer still sends and discards it. Unread bytes would
 * hold back the 'end' that closes the socket, and to destroy a socket with unread bytes resets the
 * connection, before the peer has read our last bytes. The time is limited.
 *
 * @param {any} socket after its `end()`; nothing is done if it is not a stream, but a test double
 * @param {number} [patience] milliseconds until it is destroyed
 * @param {() => boolean} [isBusy] whether messages have to be deflated before all is sent; the time
 *   begins when that is done
 */
function linger(socket, patience = CLOSE_TIMEOUT, isBusy = () => false) {
  if (!(socket instanceof Duplex) || socket.destroyed) return;
  let wasBusy = isBusy();
  const timer = setTimeout(() => {
    if (!wasBusy) {
      socket.destroy();
      return;
    }
    wasBusy = isBusy();
    timer.refresh();
  }, patience);
  timer.unref();
  socket.once('close', () => clearTimeout(timer));
  socket.resume();
}

module.exports = linger;
