'use strict';

// Methods of Peer for the end of a connection: both closing handshakes, dropping, and letting go.
//
// The protocol's own state is in the engine, the API's words for it are the owner's, and the socket
// says whether it is destroyed. What is left is here:
//
// - `slot` is −1 once the engine has let go: nothing is received, sent or timed any more;
// - `outputEnded`: somebody has ended an adopted socket, which then refuses what is sent. Each send
//   asks for it, and the socket's own getter would take as long as the rest of `send()`;
// - `isAbandoned`: a handler has destroyed a stream that may have ended before by itself, so that
//   nothing but the close is delivered of what had come;
// - `endWaits`: the socket's end waits in the queue, and so its close waits even for a paused
//   application;
// - `endsBehindDeflate`: the stream is to be ended when all is deflated;
// - `lingers`: the connection is over, but its last output may still leave, so that the peer can
//   read our close frame;
// - `restoreResume` puts `socket.resume()` back, which is replaced while the close waits;
// - `finalCounts`: bytes received and sent, which the engine forgets with the slot.

const { Duplex } = require('node:stream');

const { LINGER } = require('../engine/abi');
const { calls, engine, transferred } = require('../engine/engine');
const { scheduleDelivery } = require('../engine/turn');
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
    // A peer that inflates in the background, as undici does, forgets what it still has when TCP
    // ends.
    const ends = this.compression === null;
    this.transmit(engine.close(this.slot, code, reason, ends));
    this.armTimer();
    if (ends) this.endOutput();
  },

  /**
   * Answers the peer's close frame, and ends the socket.
   *
   * @param {boolean} byHand whether the owner has sent the answer already
   */
  answerClose(byHand) {
    if (!byHand) this.transmit(engine.acknowledgeClose(this.slot));
    this.armTimer();
    this.endOutput();
  },

  /**
   * Ends the protocol at once. `destroy` follows.
   *
   * @param {number} code
   * @param {string | undefined} reason of a close frame; undefined sends none
   * @param {boolean} tells whether the peer has been sent a close frame, be it by hand
   */
  abort(code, reason, tells) {
    // What was to be deflated is for nobody.
    if (!tells) this.deflates = false;
    this.transmit(engine.abort(this.slot, toUint16(code), reason));
    if (tells) this.endOutput();
    this.clearTimer();
  },

  /** Ends the socket's output, behind what waits to be deflated. */
  endOutput() {
    if (this.isDeflating()) this.endsBehindDeflate = true;
    else this.socket.end();
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
      // What TLS has not encrypted yet would be lost with the socket.
      linger(socket, LINGER, () => this.isDeflating());
      // What is to be deflated goes first.
      if (!this.isDeflating()) this.release();
      return;
    }
    socket.destroy();
    this.release();
  },

  /** Lets go of the engine's side. */
  release() {
    if (this.slot === -1) return;
    const { slot } = this;
    this.finalCounts = transferred(slot);
    this.slot = -1;
    this.clearTimer();
    if (this.isForgettable) forget(this);
    this.inflating = 0;
    this.deflates = false;
    if (calls.release(slot, this.lingers)) scheduleDelivery();
    // A stream still has callbacks for what was written before, and its 'close' follows them.
    if (this.awaitsCallbacks() && this.transport === 'native' && !this.lingers) {
      this.settleAll(engine.unsentMarks(slot));
    }
    if (this.afterInflated !== null) this.goOnInflated();
  },

  /** @returns {[received: number, sent: number]} bytes of frames */
  transferred() {
    return this.finalCounts ?? transferred(this.slot);
  },
};

/** @param {number} code */
function toUint16(code) {
  return code >= 0 && code <= 0xffff ? code : 0;
}
