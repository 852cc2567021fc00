'use strict';

const { calls } = require('../engine/engine');
const { scheduleDelivery } = require('../engine/turn');

/** Frees the engine's side of connections whose socket never closed, as test doubles don't. */
const forgotten = new FinalizationRegistry((slot) => {
  if (calls.release(slot, false)) scheduleDelivery();
});

/**
 * Nothing but the socket and the application keeps this connection.
 *
 * @param {any} peer
 */
function mayForget(peer) {
  peer.isForgettable = true;
  forgotten.register(peer, peer.slot, peer);
}

/**
 * The engine keeps it now, or has let go of it.
 *
 * @param {any} peer
 */
function forget(peer) {
  peer.isForgettable = false;
  forgotten.unregister(peer);
}

module.exports = { forget, mayForget };
