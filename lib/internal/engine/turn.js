'use strict';

// The current turn of this thread: its number, and whether it is a turn of delivery.

const { ownTick } = require('./ticks');

/** A delivery is under way, which includes the ticks of its handlers. */
let isDelivering = false;
let number = 0;
let endIsScheduled = false;

/** The Peer whose handlers run. Undefined between two events, when ticks run. */
let handling;

/** @type {() => void} */
let deliver;
let deliveryIsScheduled = false;

/** Whether no delivery is under way, so that a message may be delivered at once. */
function isIdle() {
  return !isDelivering;
}

function beginDelivery() {
  isDelivering = true;
}

function endDelivery() {
  isDelivering = false;
  handling = undefined;
  number++;
}

/** @param {any} peer the one whose handlers run from now on, if any */
function setHandling(peer) {
  handling = peer;
}

/**
 * Whether code runs that a handler of this Peer has called.
 *
 * @param {any} peer
 */
function isHandling(peer) {
  return handling === peer;
}

/** @returns {number} the number of the current turn of the event loop; each turn has another one */
function turn() {
  if (!isDelivering && !endIsScheduled) {
    endIsScheduled = true;
    ownTick(endTurn);
  }
  return number;
}

function endTurn() {
  endIsScheduled = false;
  number++;
}

/**
 * Sets the function that `scheduleDelivery` runs.
 *
 * @param {() => void} work
 */
function onDelivery(work) {
  deliver = work;
}

/** Delivers in the next tick, for events that arose on this thread. */
function scheduleDelivery() {
  if (deliveryIsScheduled) return;
  deliveryIsScheduled = true;
  ownTick(runDelivery);
}

function runDelivery() {
  deliveryIsScheduled = false;
  deliver();
}

module.exports = {
  beginDelivery,
  endDelivery,
  isHandling,
  isIdle,
  onDelivery,
  scheduleDelivery,
  setHandling,
  turn,
};
