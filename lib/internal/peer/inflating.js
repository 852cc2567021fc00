'use strict';

// Methods of Peer for input that an I/O thread inflates on the stream transport. Its work keeps the
// connection and the process alive.

const { connections } = require('../engine/engine');
const { openWake } = require('../engine/loop');

/** Most pieces of input that wait to be inflated. Beyond that the socket is not read. */
const MOST_INFLATING = 16;

module.exports = {
  /** Notes that an I/O thread inflates a piece of input. Later input follows it there. */
  awaitInflated() {
    this.inflating++;
    this.awaitEngine();
    if (this.inflating > MOST_INFLATING) this.throttle();
  },

  /** Notes that one piece is inflated. Its events are delivered or in the queue. */
  onInflated() {
    if (this.inflating === 0) return;
    this.inflating--;
    if (this.inflating <= MOST_INFLATING / 2 && this.queue === null) this.unthrottle();
    if (this.inflating > 0) return;
    this.finishEngineWork();
    this.runAfterInflated();
  },

  /** Moves calls that waited for the I/O thread behind the queue. */
  runAfterInflated() {
    const waiting = this.afterInflated;
    this.afterInflated = null;
    for (const [evenIfPaused, next] of waiting ?? []) {
      if (!this.afterQueue(evenIfPaused, next)) next();
    }
  },

  /** Reads the socket again, unless there is too much to inflate. */
  readOnInflating() {
    if (this.inflating > 0) this.awaitEngine();
    if (this.transport !== 'native' && this.inflating <= MOST_INFLATING) this.unthrottle();
  },

  /**
   * Notes that an I/O thread works for this connection on the stream transport. It reports through
   * the inbox.
   */
  awaitEngine() {
    if (this.slot === -1 || this.transport !== 'stream') return;
    connections[this.slot] = this;
    openWake();
    // `unref()` of the socket applies to all work of the connection.
    this.setReferenced(this.socket._handle?.hasRef?.() ?? true);
  },

  /** Notes that the I/O thread's work is done, unless there is more. */
  finishEngineWork() {
    if (this.slot === -1 || this.transport !== 'stream') return;
    if (this.inflating > 0 || this.deflates) return;
    connections[this.slot] = undefined;
    this.setReferenced(false);
  },
};
