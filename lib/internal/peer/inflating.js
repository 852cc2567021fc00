'use strict';

// Methods of Peer for input that an I/O thread inflates on the stream transport, and for how long
// the I/O thread keeps a connection and the process alive.

const { connections } = require('../engine/engine');
const { openWake } = require('../engine/loop');

/** Pieces of input that an I/O thread may have to inflate before the socket is no longer read. */
const MOST_INFLATING = 16;

module.exports = {
  /** An I/O thread inflates what has come. What comes now follows it on that way. */
  awaitInflated() {
    this.inflating++;
    this.awaitEngine();
    if (this.inflating > MOST_INFLATING) this.throttle();
  },

  /** One piece is inflated, and what was in it is delivered, but for what is in the queue. */
  onInflated() {
    if (this.inflating === 0) return;
    this.inflating--;
    if (this.inflating <= MOST_INFLATING / 2 && this.queue === null) this.unthrottle();
    if (this.inflating > 0) return;
    this.restEngine();
    this.goOnInflated();
  },

  /** Lets what has waited for the engine wait for the queue. */
  goOnInflated() {
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
   * The engine works for this connection on the stream transport, and reports by the inbox of the
   * I/O threads.
   */
  awaitEngine() {
    if (this.slot === -1 || this.transport !== 'stream') return;
    connections[this.slot] = this;
    openWake();
    // An application that has unreferenced the socket means all that the connection does.
    this.setReferenced(this.socket._handle?.hasRef?.() ?? true);
  },

  /** The engine's work is over, unless there is more. */
  restEngine() {
    if (this.slot === -1 || this.transport !== 'stream') return;
    if (this.inflating > 0 || this.deflates) return;
    connections[this.slot] = undefined;
    this.setReferenced(false);
  },
};
