'use strict';

// Whether the engine may wake this thread, and whether it keeps the process alive.

const { engine } = require('./engine');
const weakly = require('./weakly');

let isOpen = false;
/** Connections that keep the process alive. */
let references = 0;

/**
 * Lets the engine call back when I/O threads have events.
 *
 * @param {() => void} callback
 */
function openWake(callback) {
  if (isOpen) return;
  // The engine keeps this function. A strong reference from it would keep the engine for ever.
  engine.openWake(weakly(callback));
  isOpen = true;
}

/** Called when no connections are left. Stays open if the next one has come already. */
function closeWake() {
  if (isOpen && engine.closeWake()) isOpen = false;
}

/** Counts one more adopted connection that keeps the process alive. */
function reference() {
  if (references++ === 0) engine.setRef(true);
}

function unreference() {
  if (--references === 0) engine.setRef(false);
}

module.exports = { closeWake, openWake, reference, unreference };
