'use strict';

const { clearTimer, isForeign, timersAreForeign } = require('../engine/clock');
const { TIMER_KEEPALIVE } = require('../engine/abi');
const { engine, takeEvents } = require('../engine/engine');
const { surface } = require('../engine/ticks');
const { isIdle } = require('../engine/turn');

// Methods of Peer for timers. The engine has the deadlines. On the stream transport, one timer of
// this thread waits for the next one.

module.exports = {
  /**
   * @param {number} timer
   * @param {boolean} on
   */
  setTimer(timer, on) {
    if (this.slot === -1) return;
    engine.setTimer(this.slot, timer, on);
    this.armTimer();
  },

  /** Sets the timer for the next deadline. */
  armTimer() {
    if (this.transport !== 'stream' || this.slot === -1) return;
    this.clearTimer();
    timersAreForeign();
    const delay = engine.nextTimeout(this.slot);
    if (delay < 0) return;
    this.timer = setTimeout(onTimer, Math.ceil(delay), this);
    // The socket keeps the process alive, if the application wants that.
    this.timer.unref?.();
  },

  /**
   * Notes that something was received, which moves the deadline of keepalive. A timer of Node's
   * checks that when it fires. Any other timer is set anew, because its clock can't be read. The
   * deadline of a closing handshake does not move.
   */
  noteReceipt() {
    const isAsked = !timersAreForeign() && (this.timer === null || !isForeign(this.timer));
    if (!isAsked && this.hooks.isOpen(this.owner)) this.armTimer();
  },

  clearTimer() {
    if (this.timer === null) return;
    clearTimer(this.timer);
    this.timer = null;
  },
};

/** @param {any} peer */
function onTimer(peer) {
  const { hooks, owner, slot } = peer;
  peer.timer = null;
  if (slot === -1) return;
  const ownerPings =
    hooks.replacesPings(owner) && !peer.isThrottled && engine.isKeepaliveNext(slot);
  if (ownerPings) engine.setTimer(slot, TIMER_KEEPALIVE, false);
  const kinds = [];
  if (engine.handleTimeout(slot, peer.isThrottled)) takeEvents((kind) => kinds.push(kind));
  peer.transmit(0);
  peer.armTimer();
  if (ownerPings) peer.scope.runInAsyncScope(hooks.keepalive, undefined, owner);
  if (kinds.length > 0) peer.scope.runInAsyncScope(tellTimeouts, undefined, peer, kinds);
}

/**
 * Reports deadlines that have passed, behind all earlier events.
 *
 * @param {any} peer
 * @param {number[]} kinds
 */
function tellTimeouts(peer, kinds) {
  // If a handler advances a fake clock, the other events follow that handler.
  if (isIdle()) deliverAll(peer);
  for (const kind of kinds) peer.dispatch(kind, 0, undefined);
}

/** @param {any} peer */
function deliverAll(peer) {
  while (peer.mayDeliver()) {
    try {
      peer.deliverNext();
    } catch (error) {
      surface(error);
    }
  }
}
