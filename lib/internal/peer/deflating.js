'use strict';

// Methods of Peer for output on the stream transport that waits for an I/O thread to deflate it,
// and for output behind that.

const { SENT_BELOW_MARK, SENT_DEFLATES } = require('../engine/abi');
const { engine } = require('../engine/engine');
const { hasExited, sent } = require('../engine/flush');
const { beforeEnd, watchDestroy } = require('../transport/writeProgress');

module.exports = {
  /**
   * Writes output that the engine has just encoded, unless earlier messages wait to be deflated.
   *
   * @param {number} status the result of the engine's send
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
   * Makes output wait until messages are deflated.
   *
   * @param {number} status
   * @param {((error?: Error) => void) | undefined} callback for which the engine has a mark
   * @returns {boolean}
   */
  awaitDeflated(status, callback) {
    this.deflates = true;
    this.awaitEngine();
    // In the dialect of npm ws, the I/O thread begins at the end of the turn.
    sent(status, this.slot);
    if (typeof callback === 'function') {
      this.callWhenFlushed(callback);
      // A stream that is destroyed has to be uncorked first.
      watchDestroy(this);
    }
    // If the application ends the socket itself, its earlier messages leave first.
    beforeEnd(this.socket, () => {
      if (!this.isDeflating()) return;
      engine.deflateAll(this.slot);
      this.writeDeflated();
    });
    // During exit no event arrives from I/O threads, so this thread deflates.
    if (hasExited()) engine.deflateAll(this.slot);
    // Only earlier messages were to be deflated, and they may be finished.
    if ((status & SENT_DEFLATES) === 0 || hasExited()) this.writeDeflated();
    const { writableLength, writableHighWaterMark } = this.socket;
    const below = (status & SENT_BELOW_MARK) !== 0 && !(writableLength >= writableHighWaterMark);
    this.outputFull = !below;
    if (!below) this.drainOwed = true;
    return below;
  },

  /** Writes output that the engine has deflated on the stream transport, and output behind it. */
  writeDeflated() {
    if (!this.deflates || this.slot === -1) return;
    // Read before the output is taken: the engine reports messages that are deflated later.
    const isDone = !engine.isDeflating(this.slot);
    // The callbacks of output that a destroyed stream can't take are called when it closes.
    if (!this.socket.destroyed) this.writeOutput();
    if (!isDone) return;
    this.deflates = false;
    this.finishEngineWork();
    const ends = this.endsBehindDeflate;
    this.endsBehindDeflate = false;
    if (ends) this.socket.end();
    if (this.lingers) {
      this.release();
      return;
    }
    const mark = this.config.highWaterMark ?? Number.POSITIVE_INFINITY;
    const isFull = this.socket.writableNeedDrain || this.socket.writableLength >= mark;
    // The caller may be in the middle of a send or a close.
    if (!ends && this.drainOwed && !isFull) process.nextTick(tellDrain, this);
  },

  /** Whether a write on the stream transport would overtake messages that wait to be deflated. */
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
