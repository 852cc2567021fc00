'use strict';

// The turn of this thread: its number, and whether it delivers.

const { ownTick } = require('./ticks');

/** A delivery is under way, perhaps in what its handlers have queued. */
let isDelivering = false;
let number = 0;
let endIsScheduled = false;

/** @type {() => void} */
let deliver;
let deliveryIsScheduled = false;

/** Whether a message that comes now may be delivered where it comes. */
function isIdle() {
  return !isDelivering;
}

function beginDelivery() {
  isDelivering = true;
}

function endDelivery() {
  isDelivering = false;
  number++;
}

/** @returns {number} the same for all that one turn of the event loop does, another one afterwards */
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
 * Sets what `scheduleDelivery` runs.
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

module.exports = { beginDelivery, endDelivery, isIdle, onDelivery, scheduleDelivery, turn };
