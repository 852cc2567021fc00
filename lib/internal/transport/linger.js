'use strict';

const { Duplex } = require('node:stream');
// Tests replace the global ones by those of clocks of their own, of which the peer knows nothing.
const { clearTimeout, setTimeout } = require('node:timers');

const DEFAULT_PATIENCE = 5000;

/**
 * Sees an ended socket off. What the peer still sends is read and thrown away: unread bytes would
 * hold back the 'end' that closes the socket, and destroying it over them resets the connection
 * before the peer has read the farewell. A peer that never hangs up is cut off.
 *
 * @param {any} socket after its `end()`; left alone if it is no stream but an application's
 *   stand-in
 * @param {number} [patience] milliseconds until it is destroyed
 * @param {() => boolean} [isBusy] whether something is still to be done before all is sent: the
 *   patience is with the peer, and begins behind that
 */
function linger(socket, patience = DEFAULT_PATIENCE, isBusy = () => false) {
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
