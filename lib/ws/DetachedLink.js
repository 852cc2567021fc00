'use strict';

const { AsyncResource } = require('node:async_hooks');

const {
  DIALECT_WS,
  EVENT_HANDED_BACK,
  RECEIVED_EVENTS,
  RECEIVED_HANDED_OVER,
} = require('../internal/engine/abi');
const { calls, connections, engine, takeEvents } = require('../internal/engine/engine');
const { openWake } = require('../internal/engine/loop');
const { scheduleDelivery } = require('../internal/engine/turn');
const { reference, unreference } = require('../internal/engine/wake');
const { openLink } = require('../internal/peer/options');

/** Releases the links of collected objects. */
const forgotten = new FinalizationRegistry(release);

/** @typedef {[kind: number, extra: number, payload: any]} LinkEvent */

/**
 * The engine's receiving side of a connection, without a socket: bytes go in, events come out. An
 * I/O thread inflates what is compressed.
 */
class DetachedLink {
  /**
   * @param {object} options
   * @param {boolean} options.isServer
   * @param {number} options.maxMessageSize
   * @param {number | undefined} options.maxFragments
   * @param {boolean} options.checksUtf8
   * @param {any} options.compression
   * @param {(events: LinkEvent[], isLast: boolean) => void} onEvents `isLast` ends those of each
   *   `receive()`
   */
  constructor({ isServer, ...limits }, onEvents) {
    this.scope = new AsyncResource('WEBSOCKET_RECEIVER');
    this.slot = openLink({
      ...limits,
      dialect: DIALECT_WS,
      masks: !isServer,
      requiresMask: isServer,
      assemblesFragments: true,
      maxFrameSize: Number.POSITIVE_INFINITY,
      textAsBytes: true,
      highWaterMark: Number.POSITIVE_INFINITY,
    });
    forgotten.register(this, this.slot, this);
    this._onEvents = onEvents;
    /** An I/O thread has the bytes of the last `receive()`. */
    this._isHandedOver = false;
  }

  /**
   * Takes bytes. Their last event comes before the next call.
   *
   * @param {Uint8Array} bytes
   */
  receive(bytes) {
    const status = /** @type {number} */ (calls.receive(this.slot, bytes, false, false));
    if ((status & RECEIVED_HANDED_OVER) !== 0) {
      this._isHandedOver = true;
      connections[this.slot] = this;
      openWake();
      reference();
      return;
    }
    /** @type {LinkEvent[]} */
    const events = [];
    // A handler may use another link, so all events are taken first.
    if ((status & RECEIVED_EVENTS) !== 0) takeEvents((...event) => events.push(event));
    this._onEvents(events, true);
  }

  /**
   * Takes an event from an I/O thread.
   *
   * @param {number} kind
   * @param {number} extra
   * @param {any} payload
   */
  deliver(kind, extra, payload) {
    if (!this._isHandedOver) return;
    if (kind !== EVENT_HANDED_BACK) {
      this._onEvents([[kind, extra, payload]], false);
      return;
    }
    this._leaveDelivery();
    this._onEvents([], true);
  }

  /** @param {number} size most bytes of a message, from the next frame on */
  limitMessages(size) {
    engine.setLimits(this.slot, size, undefined);
  }

  /** @param {boolean} keeps whether the fragments of binary messages stay apart */
  keepFragments(keeps) {
    engine.setKeepsFragments(this.slot, keeps);
  }

  /** @returns {number} how many bytes of an incomplete payload have arrived */
  unfinishedBytes() {
    const partial = engine.partial(this.slot, false);
    return partial === null || partial.frame === -1 ? 0 : partial.received;
  }

  /** Ends the use of this link. */
  release() {
    if (this._isHandedOver) this._leaveDelivery();
    forgotten.unregister(this);
    release(this.slot);
  }

  _leaveDelivery() {
    this._isHandedOver = false;
    connections[this.slot] = undefined;
    unreference();
  }
}

/** @param {number} slot */
function release(slot) {
  if (calls.release(slot, false)) scheduleDelivery();
}

module.exports = DetachedLink;
