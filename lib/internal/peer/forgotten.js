'use strict';

const { calls } = require('../engine/engine');
const { scheduleDelivery } = require('../engine/turn');

/** Releases the links of collected connections whose socket never closed, such as a test double. */
const forgotten = new FinalizationRegistry((slot) => {
  if (calls.release(slot, false)) scheduleDelivery();
});

/**
 * Releases the link when the connection is collected: the engine does not keep it alive.
 *
 * @param {any} peer
 */
function mayForget(peer) {
  peer.isForgettable = true;
  forgotten.register(peer, peer.slot, peer);
}

/**
 * Undoes `mayForget`: the engine keeps the connection alive, or its link is released.
 *
 * @param {any} peer
 */
function forget(peer) {
  peer.isForgettable = false;
  forgotten.unregister(peer);
}

module.exports = { forget, mayForget };
