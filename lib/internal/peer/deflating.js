'use strict';

// Methods of Peer for output on the stream transport that waits for an I/O thread to deflate it,
// and for what is sent behind that.

const { SENT_BELOW_MARK, SENT_DEFLATES } = require('../engine/abi');
const { engine } = require('../engine/engine');
const { hasExited } = require('../engine/flush');
const { beforeEnd, watchDestroy } = require('../transport/streamOutput');

module.exports = {
  /**
   * Writes what the engine has just encoded, at once if nothing is to be deflated before.
   *
   * @param {number} status what the engine's send returned
   * @param {((error?: Error) => void) | undefined} callback
   * @returns {boolean | undefined} as `send` does
   */
  writeEncoded(status, callback) {
    if ((status & SENT_DEFLATES) !== 0 || this.deflates)
      return this.awaitDeflated(status, callback);
    const output = engine.takeOutput(this.slot);
    if (typeof callback === 'function') engine.takeMarks(this.slot);
    return output === null ? undefined : this.write(output, callback);
  },

  /**
   * What was sent waits to be deflated.
   *
   * @param {number} status
   * @param {((error?: Error) => void) | undefined} callback for which the engine has a mark
   * @returns {boolean}
   */
  awaitDeflated(status, callback) {
    this.deflates = true;
    this.awaitEngine();
    if (typeof callback === 'function') {
      this.callWhenFlushed(callback);
      // When the socket is destroyed, the hook says what is left of it.
      watchDestroy(this);
    }
    // When an application ends the socket itself, what it sent before leaves first.
    beforeEnd(this.socket, () => {
      if (!this.isDeflating()) return;
      engine.deflateAll(this.slot);
      this.writeDeflated();
    });
    // Nothing but listeners of 'exit' will run any more.
    if (hasExited()) engine.deflateAll(this.slot);
    // Only what was before it had to be deflated, and that may be done.
    if ((status & SENT_DEFLATES) === 0 || hasExited()) this.writeDeflated();
    const { writableLength, writableHighWaterMark } = this.socket;
    const below = (status & SENT_BELOW_MARK) !== 0 && !(writableLength >= writableHighWaterMark);
    this.outputFull = !below;
    if (!below) this.drainOwed = true;
    return below;
  },

  /** Writes what the engine has deflated on the stream transport, or had behind that. */
  writeDeflated() {
    if (!this.deflates || this.slot === -1) return;
    // Asked first: the engine reports once more what is done after that.
    const isDone = !engine.isDeflating(this.slot);
    this.writeOutput();
    if (!isDone) return;
    this.deflates = false;
    this.restEngine();
    const ends = this.endsBehindDeflate;
    this.endsBehindDeflate = false;
    if (ends) this.socket.end();
    if (this.lingers) {
      this.release();
      return;
    }
    const mark = this.config.highWaterMark ?? Number.POSITIVE_INFINITY;
    const isFull = this.socket.writableNeedDrain || this.socket.writableLength >= mark;
    // What has sent or closed something just now is in the middle of that.
    if (!ends && this.drainOwed && !isFull) process.nextTick(tellDrain, this);
  },

  /**
   * Whether what is written now would overtake messages that wait to be deflated, on the stream
   * transport.
   */
  isDeflating() {
    if (!this.deflates || this.slot === -1) return false;
    if (engine.isDeflating(this.slot)) return true;
    this.writeDeflated();
    return false;
  },
};

/** @param {any} peer */
function tellDrain(peer) {
  if (peer.drainOwed && peer.hooks.isOpen(peer.owner)) peer.hooks.drainDue(peer.owner);
}
