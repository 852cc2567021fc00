'use strict';

const { engine } = require('../engine/engine');
const { SendCallback } = require('../transport/callbacks');
const { destroyedError } = require('../transport/streamOutput');

/** Methods of WebSocketConnection that call back for messages whose output the engine has. */
module.exports = {
  /** @param {(error?: Error) => void} callback for which the engine has a mark */
  _callWhenFlushed(callback) {
    this._callbacks ??= [];
    this._callbacks.push(new SendCallback(callback));
  },

  /**
   * @param {number} marked how many callbacks are due
   * @param {boolean} drained
   */
  _deliverFlushed(marked, drained) {
    this._due += marked;
    // One drain answers all sends that found the buffer full; none follows the end, as with Node's
    // streams. Where the buffer has filled up again meanwhile, the engine will tell of the next
    // time that it is empty.
    try {
      const mayTell = !this._ended && !this.socket.destroyed && !this.closeEventEmitted;
      const owed = drained && this._drainOwed && mayTell;
      if (owed && !engine.isDrainOwed(this._slot)) {
        this._drainOwed = false;
        this.socket.emit('drain');
      }
    } finally {
      this._settleCallbacks();
    }
  },

  /** Has the callbacks called that are due. */
  _settleCallbacks() {
    const callbacks = this._callbacks;
    if (callbacks === null) return;
    while (this._due > 0) {
      this._due--;
      callbacks[this._settled++].call();
    }
    if (this._settled === callbacks.length || this._settled > 1024) {
      callbacks.splice(0, this._settled);
      this._settled = 0;
    }
  },

  /** Whether callbacks of sends are still to be called. */
  _awaitsCallbacks() {
    return this._callbacks !== null && this._callbacks.length > this._settled;
  },

  /**
   * The connection is over: what was not sent never will be.
   *
   * @param {number} lost how many of the last messages that is, at most
   * @param {boolean} [atOnce] call back at once, and not in a tick
   */
  _settleAll(lost, atOnce = false) {
    const callbacks = this._callbacks?.slice(this._settled) ?? [];
    this._callbacks = null;
    this._settled = 0;
    this._due = 0;
    const sent = callbacks.length - lost;
    callbacks.forEach((callback, i) => {
      const error = i < sent ? undefined : destroyedError();
      if (atOnce) callback.call(error);
      else callback.schedule(error);
    });
  },
};
