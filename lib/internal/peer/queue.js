'use strict';

// Methods of Peer for events that wait: while the application has paused, for their turn, or behind
// earlier events.

const { Readable } = require('node:stream');
const { setImmediate } = require('node:timers');

const {
  EVENT_BINARY,
  EVENT_BYTES,
  EVENT_CLOSE_REQUESTED,
  EVENT_END,
  EVENT_FAILED,
  EVENT_FRAGMENTS,
  EVENT_FRAME,
  EVENT_LATIN1_TEXT,
  EVENT_PING,
  EVENT_PONG,
  EVENT_TEXT,
  EVENT_VIOLATION,
  EVENT_WEIGHT,
} = require('../engine/abi');
const { engine } = require('../engine/engine');
const { makeReady } = require('../engine/loop');
const noop = require('../util/noop');

/**
 * A kind of this file: calls a function when all earlier events are delivered. `extra` is 1 if it
 * also waits while the application has paused.
 */
const CALL = -1;

/** The kinds that wait while the application has paused the connection. */
/** @type {Set<number>} */
const HOLDABLE = new Set([
  EVENT_LATIN1_TEXT,
  EVENT_TEXT,
  EVENT_BINARY,
  EVENT_BYTES,
  EVENT_FRAGMENTS,
  EVENT_FRAME,
  EVENT_PING,
  EVENT_PONG,
  EVENT_CLOSE_REQUESTED,
  EVENT_VIOLATION,
  EVENT_END,
]);

const methods = {
  /**
   * @param {number} kind
   * @param {number} extra
   * @param {any} payload
   */
  enqueue(kind, extra, payload) {
    this.queue ??= newQueue();
    this.queue.events.push(kind, extra, payload);
    this.queue.weight += EVENT_WEIGHT + (payload?.length ?? 0);
  },

  /** Schedules delivery of the queue, unless delivery is paused. */
  deliverQueue() {
    if (this.queue === null || this.queue.isReady || !this.mayDeliver()) return;
    this.queue.isReady = true;
    makeReady(this);
  },

  /** Whether the next event of the queue may be delivered. */
  mayDeliver() {
    return (
      this.queue !== null && !this.isDeliveryPaused && this.queue.next < this.queue.events.length
    );
  },

  /** The kind of the next event of the queue. */
  nextKind() {
    return this.queue.events[this.queue.next];
  },

  /** Delivers the next event of the queue. */
  deliverNext() {
    const { events, next } = this.queue;
    const payload = events[next + 2];
    events[next + 2] = undefined;
    this.queue.next += 3;
    this.dispatch(events[next], events[next + 1], payload);
  },

  /** Called when the queue is delivered or delivery is paused. */
  queueDrained() {
    const { queue } = this;
    if (queue === null) return;
    queue.isReady = false;
    if (queue.next < queue.events.length) return;
    if (this.isDeliveryPaused) {
      this.queue = newQueue();
    } else {
      this.queue = null;
      this.readOn();
    }
  },

  /**
   * Whether a pause holds an event back: messages and all that follows them, but no reports about
   * output. An application that has paused still hears that its connection broke.
   *
   * @param {number} kind
   */
  isHoldable(kind) {
    return HOLDABLE.has(kind) || (kind === EVENT_FAILED && !this.hooks.isPaused(this.owner));
  },

  /**
   * Whether the socket's end can be reported at once, even while the application has paused: Node
   * emits 'end' of a paused stream that has nothing left to read.
   */
  mayEnd() {
    if (this.queue === null) return true;
    return this.isDeliveryPaused && this.queue.next >= this.queue.events.length;
  },

  /**
   * Holds an event that had no listener, and all later ones, for a turn. An application may add its
   * next once() listener in setImmediate().
   *
   * @param {number} kind
   * @param {number} extra
   * @param {any} payload
   */
  putBack(kind, extra, payload) {
    this.pauseDelivery();
    const { events, next } = this.queue;
    // The event goes back to its place, if it came from the queue.
    const at = Math.max(0, next - 3);
    events.splice(at, next - at, kind, extra, payload);
    this.queue.next = at;
    setImmediate(resumeUnlessPaused, this);
  },

  /** Makes received events wait, and stops reading. */
  pauseDelivery() {
    this.isDeliveryPaused = true;
    this.queue ??= newQueue();
    if (this.slot !== -1 && !this.hooks.readsAhead) engine.setPaused(this.slot, true);
    if (this.transport === 'stream' && !this.deflates) this.setReferenced(false);
  },

  /** Delivers the events that have waited. */
  resumeDelivery() {
    if (this.isDeliveryPaused) this.isDeliveryPaused = false;
    if (this.mayDeliver()) this.hooks.deliverQueue(this.owner);
    else if (this.queue !== null && !this.queue.isReady) this.queueDrained();
  },

  /** Takes events that a pause does not hold back out of the queue, when the application pauses. */
  deliverUrgent() {
    const { events, next } = this.queue;
    for (let at = next; at < events.length; at += 3) {
      const [kind, extra, payload] = events.slice(at, at + 3);
      if (kind === CALL ? extra === 1 : this.isHoldable(kind)) continue;
      events[at] = CALL;
      events[at + 2] = noop;
      process.nextTick(() => this.dispatch(kind, extra, payload));
    }
  },

  /** Reads the socket again, because the queue is empty. */
  readOn() {
    if (this.slot !== -1) engine.setPaused(this.slot, false);
    this.readOnInflating();
  },

  /** Stops reading a socket of Node's. The application did not ask for it and does not notice. */
  throttle() {
    if (this.isThrottled || this.hooks.isPaused(this.owner)) return;
    if (!(this.socket instanceof Readable)) return;
    this.isThrottled = true;
    this.pausesQuietly = true;
    this.socket.pause();
    this.pausesQuietly = false;
  },

  /** Reads on, unless the application has paused meanwhile. */
  unthrottle() {
    if (!this.isThrottled) return;
    this.isThrottled = false;
    const { socket } = this;
    if (this.hooks.isPaused(this.owner) || socket.destroyed || !socket.isPaused()) return;
    this.resumesQuietly = true;
    socket.resume();
  },

  /**
   * Makes `next` wait until all earlier events are delivered.
   *
   * @param {boolean} evenIfPaused whether `next` also waits while the application has paused
   * @param {() => void} next
   * @returns {boolean} whether it has to wait
   */
  afterQueue(evenIfPaused, next) {
    if (this.mayEnd() && this.inflating === 0) return false;
    const { hooks, owner } = this;
    if (hooks.isPaused(owner) && !(evenIfPaused && hooks.isOpen(owner))) return false;
    if (this.inflating > 0) {
      this.afterInflated ??= [];
      this.afterInflated.push([evenIfPaused, next]);
      return true;
    }
    this.enqueue(CALL, evenIfPaused ? 1 : 0, next);
    hooks.deliverQueue(owner);
    return true;
  },
};

/** Events of one connection that wait, three elements each (kind, extra, payload). */
function newQueue() {
  return { events: [], next: 0, weight: 0, isReady: false };
}

/** @param {any} peer */
function resumeUnlessPaused(peer) {
  if (!peer.hooks.isPaused(peer.owner)) peer.resumeDelivery();
}

module.exports = { CALL, methods };
