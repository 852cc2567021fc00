'use strict';

const { Duplex } = require('node:stream');
// Node's own timers: a test's clock would not run with the peer's.
const { clearTimeout, setTimeout } = require('node:timers');

const { CLOSE_TIMEOUT } = require('../util/defaults');

/**
 * Lingers on an ended socket: reads and discards what the peer still sends, for a limited time.
 * Unread bytes would hold back the 'end' that closes the socket. Destroying a socket with unread
 * bytes resets the connection before the peer has read our last bytes.
 *
 * @param {any} socket after its `end()`; a test double that is no stream is left alone
 * @param {number} [milliseconds] time until it is destroyed
 * @param {() => boolean} [isBusy] whether messages are still to be deflated; the time begins when
 *   none are
 */
function linger(socket, milliseconds = CLOSE_TIMEOUT, isBusy = () => false) {
  if (!(socket instanceof Duplex) || socket.destroyed) return;
  let wasBusy = isBusy();
  const timer = setTimeout(() => {
    if (!wasBusy) {
      socket.destroy();
      return;
    }
    wasBusy = isBusy();
    timer.refresh();
  }, milliseconds);
  timer.unref();
  socket.once('close', () => clearTimeout(timer));
  socket.resume();
}

module.exports = linger;
