'use strict';

// Methods of Peer for the end of a connection: closing handshakes from both sides, dropping, and
// release.
//
// The engine has the protocol's state, the owner has the API's words for it, and the socket knows
// whether it is destroyed. The rest is here:
//
// - `slot` is −1 once the link is released: nothing is received, sent or timed any more;
// - `outputEnded`: an adopted socket was ended and refuses output. Each send reads this, because
//   the socket's own getter takes as long as the rest of `send()`;
// - `isAbandoned`: a handler has destroyed the stream, so of the events that wait only the close is
//   delivered. The stream itself may have ended earlier;
// - `dropsRest`: an adopted socket was destroyed outside of its own handlers, so nothing that has
//   arrived is delivered any more;
// - `endWaits`: the socket's end waits in the queue, so its close waits too, even while the
//   application has paused;
// - `endsBehindDeflate`: the stream ends when all messages are deflated;
// - `barrier`: what is still to be delivered of a released link: 'ahead', or the function that
//   follows it;
// - `lingers`: the connection is over, but its last output may still leave, so that the peer can
//   read our close frame;
// - `restoreResume` restores `socket.resume()`, which is replaced while the close waits;
// - `finalCounts`: bytes received and sent, which the engine forgets with the slot.

const { Duplex } = require('node:stream');

const { LINGER } = require('../engine/abi');
const { calls, engine, transferred } = require('../engine/engine');
const { isHandling, scheduleDelivery } = require('../engine/turn');
const linger = require('../transport/linger');
const { forget } = require('./forgotten');

module.exports = {
  /**
   * Begins the closing handshake.
   *
   * @param {number} code one that may be sent
   * @param {string} reason
   */
  close(code, reason) {
    // A peer that inflates in the background, such as undici, loses messages if TCP ends early.
    const ends = this.compression === null;
    this.transmit(engine.close(this.slot, code, reason, ends));
    this.armTimer();
    if (ends) this.endOutput();
  },

  /**
   * Answers the peer's close frame, and ends the socket.
   *
   * @param {boolean} isAnswered whether the owner has sent the answer already
   */
  answerClose(isAnswered) {
    if (!isAnswered) this.transmit(engine.acknowledgeClose(this.slot));
    this.armTimer();
    this.endOutput();
  },

  /**
   * Ends the protocol at once. `destroy` follows.
   *
   * @param {number} code
   * @param {string | undefined} reason of a close frame; undefined sends none
   * @param {boolean} tells whether the peer gets a close frame, from the engine or the owner
   */
  abort(code, reason, tells) {
    // Nobody reads the messages that are still to be deflated.
    if (!tells) this.deflates = false;
    this.transmit(engine.abort(this.slot, toUint16(code), reason));
    if (tells) this.endOutput();
    this.clearTimer();
  },

  /** Ends the socket's output, once all messages are deflated. */
  endOutput() {
    if (this.isDeflating()) this.endsBehindDeflate = true;
    // Node makes an error, with its stack, for an end that comes again.
    else if (!this.socket.writableEnded) this.socket.end();
  },

  /** Ends the socket's output at once. On a stream, messages to be deflated are lost. */
  endAtOnce() {
    if (this.transport === 'stream') this.deflates = false;
    if (!this.socket.writableEnded) this.socket.end();
  },

  /**
   * Destroys the socket.
   *
   * @param {boolean} lingers so that the peer can still read our close frame
   */
  destroy(lingers) {
    const { socket } = this;
    this.lingers = lingers;
    this.uncork();
    if (lingers && this.transport === 'stream' && socket instanceof Duplex && !socket.destroyed) {
      // Destroying the socket would lose output that TLS has not encrypted yet.
      linger(socket, LINGER, () => this.isDeflating());
      // Messages that are still to be deflated leave before the release.
      if (!this.isDeflating()) this.release();
      return;
    }
    socket.destroy();
    this.release();
  },

  /** Releases the engine's side. */
  release() {
    if (this.slot === -1) return;
    const { slot } = this;
    this.finalCounts = transferred(slot);
    this.pushBarrier();
    const awaited = this.awaitsCallbacks();
    const deflating = awaited ? engine.marksDeflating(slot) : 0;
    this.slot = -1;
    this.clearTimer();
    if (this.isForgettable) forget(this);
    this.inflating = 0;
    this.deflates = false;
    if (calls.release(slot, this.lingers)) scheduleDelivery();
    // A stream itself calls back for its writes before it emits 'close'.
    if (awaited && this.transport === 'native' && !this.lingers) {
      this.settleAll(engine.unsentMarks(slot), deflating);
    }
    if (this.afterInflated !== null) this.runAfterInflated();
  },

  /** Notes where the events end that the owner still hears after the release. */
  pushBarrier() {
    const { socket } = this;
    if (!this.hooks.hearsRest || this.transport !== 'native' || socket.readableEnded) return;
    // A stream of Node's emits nothing after it was destroyed. But a handler that destroys it is
    // within the delivery of a chunk, and the application hears the rest of that.
    if (!isHandling(this) && !this.hooks.isPaused(this.owner)) {
      this.dropsRest = true;
      return;
    }
    this.barrier = 'ahead';
    engine.pushBarrier(this.slot);
  },

  /** All events from before the release are delivered or in the queue. */
  passBarrier() {
    const { barrier: next } = this;
    this.barrier = null;
    if (typeof next === 'function' && !this.afterQueue(false, next)) next();
  },

  /** @returns {[received: number, sent: number]} bytes of frames */
  transferred() {
    const counts = this.finalCounts ?? transferred(this.slot);
    if (!this.countsSocket) return counts;
    const [received, written] = counts;
    // The answer of the handshake may still be on its way.
    return [received - this.readBefore, Math.max(0, written - this.writtenBefore)];
  },
};

/** @param {number} code */
function toUint16(code) {
  return code >= 0 && code <= 0xffff ? code : 0;
}
