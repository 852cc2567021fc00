'use strict';

// Whether the engine may wake this thread, and whether it keeps the process alive.

const { engine } = require('./engine');
const weakly = require('./weakly');

let isOpen = false;
/** Connections that keep the process alive. */
let references = 0;

/**
 * Lets the engine call back when I/O threads have brought something.
 *
 * @param {() => void} callback
 */
function openWake(callback) {
  if (isOpen) return;
  // The function is there until the engine is gone, which it would never be if that kept it.
  engine.openWake(weakly(callback));
  isOpen = true;
}

/** Nothing is open while there are no connections, unless the next one has come already. */
function closeWake() {
  if (isOpen && engine.closeWake()) isOpen = false;
}

/** One adopted connection more keeps the process alive. */
function reference() {
  if (references++ === 0) engine.setRef(true);
}

function unreference() {
  if (--references === 0) engine.setRef(false);
}

module.exports = { closeWake, openWake, reference, unreference };
