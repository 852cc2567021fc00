'use strict';

// Methods of Peer that call back for sends whose output the engine has.

const { engine } = require('../engine/engine');
const { SendCallback } = require('../transport/callbacks');

/** Most callbacks that are kept although they were called. */
const MOST_CALLED = 1024;

module.exports = {
  /** @param {(error?: Error) => void} callback for which the engine has a mark */
  callWhenFlushed(callback) {
    this.callbacks ??= [];
    this.callbacks.push(new SendCallback(callback));
  },

  /**
   * @param {number} marked how many callbacks are due
   * @param {boolean} drained
   */
  deliverFlushed(marked, drained) {
    this.callbacksDue += marked;
    try {
      if (drained) this.deliverDrain();
    } finally {
      this.settleCallbacks();
    }
  },

  /**
   * Emits 'drain', if it is still owed. One answers all sends that found the buffer full. None
   * follows the end, as with Node's streams. If the buffer is full again, the engine reports again
   * when it is empty.
   */
  deliverDrain() {
    const mayTell = this.slot !== -1 && !this.outputEnded && !this.socket.destroyed;
    if (!this.drainOwed || !mayTell || engine.isDrainOwed(this.slot)) return;
    this.drainOwed = false;
    this.socket.emit('drain');
  },

  /** Calls the callbacks that are due. */
  settleCallbacks() {
    const { callbacks } = this;
    if (callbacks === null) return;
    while (this.callbacksDue > 0) {
      this.callbacksDue--;
      callbacks[this.callbacksCalled++].call();
    }
    if (this.callbacksCalled === callbacks.length) {
      // The array keeps its memory.
      while (callbacks.length > 0) callbacks.pop();
      this.callbacksCalled = 0;
    } else if (this.callbacksCalled > MOST_CALLED) {
      callbacks.splice(0, this.callbacksCalled);
      this.callbacksCalled = 0;
    }
  },

  /** Whether callbacks of sends are still to be called. */
  awaitsCallbacks() {
    return this.callbacks !== null && this.callbacks.length > this.callbacksCalled;
  },

  /**
   * Calls all callbacks, because the connection is over. Messages that were not sent are lost.
   *
   * @param {number} lost how many of the last messages are lost, at most
   * @param {number} [deflating] how many of the last ones waited to be deflated, at most
   * @param {boolean} [atOnce] call back at once, and not in a tick
   */
  settleAll(lost, deflating = 0, atOnce = false) {
    const callbacks = this.callbacks?.slice(this.callbacksCalled) ?? [];
    this.callbacks = null;
    this.callbacksCalled = 0;
    this.callbacksDue = 0;
    const sent = callbacks.length - lost;
    const deflated = callbacks.length - deflating;
    callbacks.forEach((callback, i) => {
      const error = i < sent ? undefined : this.hooks.lossError(i >= deflated);
      if (atOnce) callback.call(error);
      else callback.schedule(error);
    });
  },
};
