'use strict';

// Methods of WebSocketConnection with which an application starts, stops and fires the timers of
// its Peer. The deadlines themselves are in src/protocol/connection/timing.rs.

const { TIMER_CLOSE, TIMER_GRACE, TIMER_KEEPALIVE } = require('../engine/abi');
const kPeer = require('../transport/kPeer');
const { CLOSE_REASONS } = require('./closeCodes');

module.exports = {
  setKeepaliveTimer() {
    if (!this.config.keepalive || this.config.useNativeKeepalive) return;
    this[kPeer].setTimer(TIMER_GRACE, false);
    this[kPeer].setTimer(TIMER_KEEPALIVE, true);
  },

  clearKeepaliveTimer() {
    this[kPeer].setTimer(TIMER_KEEPALIVE, false);
  },

  /**
   * Sends a ping, because nothing was received for `keepaliveInterval`. Waits for an answer if the
   * config says so.
   */
  handleKeepaliveTimer() {
    this.ping();
    if (this.config.dropConnectionOnKeepaliveTimeout) this.setGracePeriodTimer();
    else this.setKeepaliveTimer();
  },

  setGracePeriodTimer() {
    this[kPeer].setTimer(TIMER_GRACE, true);
  },

  clearGracePeriodTimer() {
    this[kPeer].setTimer(TIMER_GRACE, false);
  },

  /** Drops the connection, because the peer did not answer a ping for `keepaliveGracePeriod`. */
  handleGracePeriodTimer() {
    this.drop(CLOSE_REASONS.CLOSE_REASON_ABNORMAL, 'Peer not responding.', true);
  },

  setCloseTimer() {
    this.waitingForCloseResponse = true;
    this[kPeer].setTimer(TIMER_CLOSE, true);
  },

  clearCloseTimer() {
    this.waitingForCloseResponse = false;
    this[kPeer].setTimer(TIMER_CLOSE, false);
  },

  /** Destroys the socket, because the peer did not finish closing within `closeTimeout`. */
  handleCloseTimer() {
    this.waitingForCloseResponse = false;
    this.state = 'closed';
    this.socket.destroy();
  },
};
