'use strict';

const { CLOSE_REASONS } = require('../websocket/closeCodes');
const { TIMER_CLOSE, TIMER_GRACE, TIMER_KEEPALIVE } = require('../engine/abi');
const { clearTimer, isForeign, timersAreForeign } = require('../engine/clock');
const { engine, takeEvents } = require('../engine/engine');
const { surface } = require('../engine/ticks');
const { isIdle } = require('../engine/turn');

/**
 * Methods of WebSocketConnection about time. The deadlines are the engine's; on the stream
 * transport one timer of this thread stands for all of a connection. The methods of upstream's
 * names start, stop and fire them by hand.
 */
module.exports = {
  setKeepaliveTimer() {
    if (!this.config.keepalive || this.config.useNativeKeepalive) return;
    this._setTimer(TIMER_GRACE, false);
    this._setTimer(TIMER_KEEPALIVE, true);
  },

  clearKeepaliveTimer() {
    this._setTimer(TIMER_KEEPALIVE, false);
  },

  /**
   * Nothing was received for `keepaliveInterval`: pings, and waits for an answer if the config says
   * so.
   */
  handleKeepaliveTimer() {
    this.ping();
    if (this.config.dropConnectionOnKeepaliveTimeout) this.setGracePeriodTimer();
    else this.setKeepaliveTimer();
  },

  setGracePeriodTimer() {
    this._setTimer(TIMER_GRACE, true);
  },

  clearGracePeriodTimer() {
    this._setTimer(TIMER_GRACE, false);
  },

  /** The peer did not answer a ping for `keepaliveGracePeriod`. */
  handleGracePeriodTimer() {
    this.drop(CLOSE_REASONS.CLOSE_REASON_ABNORMAL, 'Peer not responding.', true);
  },

  setCloseTimer() {
    this.waitingForCloseResponse = true;
    this._setTimer(TIMER_CLOSE, true);
  },

  clearCloseTimer() {
    this.waitingForCloseResponse = false;
    this._setTimer(TIMER_CLOSE, false);
  },

  /** The peer did not finish closing within `closeTimeout`: the socket goes. */
  handleCloseTimer() {
    this.waitingForCloseResponse = false;
    this.state = 'closed';
    this.socket.destroy();
  },

  /**
   * @param {number} timer
   * @param {boolean} on
   */
  _setTimer(timer, on) {
    if (this._slot === -1) return;
    engine.setTimer(this._slot, timer, on);
    this._armTimer();
  },

  /** Sees to it that the next deadline is not missed. */
  _armTimer() {
    if (this.transport !== 'stream' || this._slot === -1) return;
    this._clearTimer();
    timersAreForeign();
    const delay = engine.nextTimeout(this._slot);
    if (delay < 0) return;
    this._timer = setTimeout(onTimer, Math.ceil(delay), this);
    // It is the socket that keeps the process alive, if the application wants that.
    this._timer.unref?.();
  },

  /**
   * Something was received, which moves the deadline of keepalive. A timer of Node's finds that out
   * when it fires. Any other one has to be set anew, as its clock can't be asked; unless it is for
   * the end of a closing handshake, which must not move.
   */
  _noteReceipt() {
    const isAsked = !timersAreForeign() && (this._timer === null || !isForeign(this._timer));
    if (!isAsked && this.state === 'open') this._armTimer();
  },

  /**
   * Whether the application has replaced a method that keepalive pings go by.
   */
  _pingsByHand() {
    return this.handleKeepaliveTimer !== original || this._composesPingsByHand();
  },

  _clearTimer() {
    if (this._timer === null) return;
    clearTimer(this._timer);
    this._timer = null;
  },
};

const original = module.exports.handleKeepaliveTimer;

/** @param {any} connection */
function onTimer(connection) {
  connection._timer = null;
  if (connection._slot === -1) return;
  const pingsByHand =
    connection._pingsByHand() && !connection._throttled && engine.isKeepaliveNext(connection._slot);
  if (pingsByHand) engine.setTimer(connection._slot, TIMER_KEEPALIVE, false);
  const kinds = [];
  if (engine.handleTimeout(connection._slot, connection._throttled)) {
    takeEvents((kind) => kinds.push(kind));
  }
  connection._transmit(0);
  connection._armTimer();
  if (pingsByHand) {
    connection._scope.runInAsyncScope(connection.handleKeepaliveTimer, connection);
  }
  if (kinds.length > 0)
    connection._scope.runInAsyncScope(tellTimeouts, undefined, connection, kinds);
}

/**
 * Tells of deadlines that have passed, right where they have, behind what came before.
 *
 * @param {any} connection
 * @param {number[]} kinds
 */
function tellTimeouts(connection, kinds) {
  // Where a handler winds the clock, the rest of what came is for after it.
  if (isIdle()) deliverHeld(connection);
  for (const kind of kinds) connection._dispatch(kind, 0, undefined);
}

/** @param {any} connection */
function deliverHeld(connection) {
  while (connection._mayDeliver()) {
    try {
      connection._deliverHeld();
    } catch (error) {
      surface(error);
    }
  }
}
