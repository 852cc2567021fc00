'use strict';

// Methods of Peer that hand received bytes to the engine, and deliver its events to the owner.

const net = require('node:net');
const { Readable } = require('node:stream');

const {
  EVENT_BARRIER,
  EVENT_BINARY,
  EVENT_BYTES,
  EVENT_CLOSE_REPLIED,
  EVENT_CLOSE_REQUESTED,
  EVENT_CLOSE_TIMED_OUT,
  EVENT_END,
  EVENT_FAILED,
  EVENT_FLUSHED,
  EVENT_FRAGMENTS,
  EVENT_FRAME,
  EVENT_LATIN1_TEXT,
  EVENT_OUTPUT,
  EVENT_HANDED_BACK,
  EVENT_PING,
  EVENT_PONG,
  EVENT_RELEASED,
  EVENT_TEXT,
  EVENT_UNRESPONSIVE,
  EVENT_VIOLATION,
  FLUSHED_DRAINED,
  MOST_WAITING,
  NO_CLOSE_CODE,
  RECEIVED_DEADLINE,
  RECEIVED_EVENTS,
  RECEIVED_OUTPUT,
  RECEIVED_HANDED_OVER,
} = require('../engine/abi');
const fragmentsOf = require('../engine/fragments');
const { calls, engine, receivedKind, takeEvents } = require('../engine/engine');
const { deliverMessage } = require('../engine/loop');
const { setImmediate } = require('../engine/ticks');
const { isHandling, isIdle } = require('../engine/turn');
const { endReading, fail } = require('../transport/AdoptedSocket');
const { showBytes } = require('../transport/listeners');
const { CALL } = require('./queue');

/** The weight of events that are received while an application has paused, and reads ahead. */
const MOST_READ_AHEAD = 64 * 1024;

/** Bytes of output in Node, beyond which a peer that never reads gets no automatic answers. */
const MOST_UNSENT = 1024 * 1024;

module.exports = {
  /**
   * Takes bytes from the peer, on the stream transport or along with the handshake. Their events
   * are delivered in the next tick.
   *
   * @param {Buffer} data
   */
  receive(data) {
    if (this.slot === -1) return;
    if (this.held !== null) {
      this.held.push(data);
      this.heldBytes += data.length;
      if (this.heldBytes > MOST_WAITING) this.throttle();
      return;
    }
    this.chooseWhoAnswers();
    this.afterReceive(
      /** @type {number} */ (calls.receive(this.slot, data, false, this.inflating > 0)),
    );
  },

  /**
   * Takes bytes that Node has just read from a real socket. If they are exactly one message, it is
   * delivered at once.
   *
   * @param {Buffer} data
   */
  onData(data) {
    const { socket } = this;
    const isFirst = isIdle() || isHandling(socket._handle);
    const direct = isFirst && this.queue === null && !this.isSettling && hasJustRead(socket);
    if (!direct || this.slot === -1) {
      this.receive(data);
      return;
    }
    this.chooseWhoAnswers();
    const received = calls.receive(this.slot, data, true, this.inflating > 0, receivedKind);
    if (typeof received === 'number') {
      this.afterReceive(received);
    } else {
      this.noteReceipt();
      deliverMessage(this, received);
    }
  },

  /** Turns automatic pongs off if the owner itself answers pings. */
  chooseWhoAnswers() {
    if (this.ownerAnswersPings || !this.hooks.replacesPongs(this.owner)) return;
    this.ownerAnswersPings = true;
    engine.setAutoPong(this.slot, false);
  },

  /**
   * Sets whether the owner hears pings before they are answered.
   *
   * @param {boolean} wanted
   */
  hearPings(wanted) {
    if (wanted || !this.ownerAnswersPings) engine.setAutoPong(this.slot, !wanted);
  },

  /** @param {number} status the result of the engine's receive */
  afterReceive(status) {
    if ((status & RECEIVED_HANDED_OVER) !== 0) this.awaitInflated();
    if ((status & RECEIVED_EVENTS) !== 0) this.takeEvents();
    if ((status & RECEIVED_DEADLINE) !== 0) this.armTimer();
    else this.noteReceipt();
    if ((status & RECEIVED_OUTPUT) !== 0 && !(this.socket.writableLength > MOST_UNSENT))
      this.transmit(0);
  },

  /** Queues the events of received bytes or of a deadline, and schedules their delivery. */
  takeEvents() {
    const isPaused = this.hooks.isPaused(this.owner);
    /** Events that a pause does not hold back. */
    const urgent = [];
    takeEvents((kind, extra, payload) => {
      if (isPaused && !this.isHoldable(kind)) urgent.push(kind, extra, payload);
      else this.enqueue(kind, extra, payload);
    });
    this.hooks.deliverQueue(this.owner);
    if (this.queue !== null && this.queue.weight > MOST_WAITING) this.throttle();
    for (let i = 0; i < urgent.length; i += 3) {
      this.dispatch(urgent[i], urgent[i + 1], urgent[i + 2]);
    }
  },

  /**
   * Delivers one event of an I/O thread, or queues it.
   *
   * @param {number} kind
   * @param {number} extra
   * @param {any} payload
   */
  deliver(kind, extra, payload) {
    const mayPass = kind === EVENT_END ? this.mayEnd() : this.queue === null;
    if (mayPass || !this.isHoldable(kind)) {
      this.dispatch(kind, extra, payload);
      return;
    }
    this.enqueue(kind, extra, payload);
    // On the stream transport this bounds what is inflated during a pause.
    const bound = this.hooks.readsAhead ? MOST_READ_AHEAD : MOST_WAITING;
    if (this.queue.weight > bound && this.slot !== -1) engine.setPaused(this.slot, true);
  },

  /**
   * @param {number} kind
   * @param {number} extra
   * @param {any} payload
   */
  dispatch(kind, extra, payload) {
    switch (kind) {
      case EVENT_LATIN1_TEXT:
      case EVENT_TEXT:
        if (!this.offer(this.hooks.message, payload, false)) this.putBack(kind, extra, payload);
        break;
      case EVENT_BINARY:
        if (!this.offer(this.hooks.message, payload, true)) this.putBack(kind, extra, payload);
        break;
      case EVENT_FRAME:
        if (!this.offer(this.hooks.frame, extra, payload)) this.putBack(kind, extra, payload);
        break;
      case EVENT_FRAGMENTS: {
        const isTaken = this.offer(this.hooks.message, fragmentsOf(payload), true);
        if (!isTaken) this.putBack(kind, extra, payload);
        break;
      }
      case EVENT_PING:
        if (this.reachesOwner()) this.deliverPing(payload);
        break;
      case EVENT_PONG:
        if (this.reachesOwner()) this.callHook(this.hooks.pong, payload);
        break;
      case EVENT_FLUSHED:
        this.deliverFlushed(extra >>> 1, (extra & FLUSHED_DRAINED) !== 0);
        break;
      default:
        this.dispatchControl(kind, extra, payload);
    }
  },

  /**
   * Delivers rare events: the end of the connection, and reports of I/O threads.
   *
   * @param {number} kind
   * @param {number} extra
   * @param {any} payload
   */
  dispatchControl(kind, extra, payload) {
    switch (kind) {
      case EVENT_CLOSE_REQUESTED:
        if (!this.reachesOwner()) return;
        this.hooks.closeRequested(this.owner, extra === NO_CLOSE_CODE ? undefined : extra, payload);
        break;
      case EVENT_CLOSE_REPLIED:
        this.hooks.closeReplied(this.owner);
        if (this.compression !== null) this.endOutput();
        break;
      case EVENT_VIOLATION:
        if (this.reachesOwner()) this.hooks.violation(this.owner, extra, payload);
        break;
      case EVENT_UNRESPONSIVE:
        if (this.reachesOwner()) this.hooks.unresponsive(this.owner);
        break;
      case EVENT_CLOSE_TIMED_OUT:
        this.hooks.closeTimedOut(this.owner);
        break;
      case EVENT_BARRIER:
        this.passBarrier();
        break;
      case EVENT_BYTES:
        showBytes(this.socket, payload);
        break;
      case EVENT_END:
        endReading(this.socket);
        break;
      case EVENT_FAILED:
        fail(this, payload, extra);
        break;
      case EVENT_HANDED_BACK:
        this.onInflated();
        break;
      case EVENT_OUTPUT:
        // The end of the input comes first if it is there: the API may give these messages up.
        if (this.hooks.hearsRest) setImmediate(() => this.writeDeflated());
        else this.writeDeflated();
        break;
      case EVENT_RELEASED:
        if (this.transport === 'native') this.settleAll(Infinity);
        this.setReferenced(false);
        break;
      case CALL:
        payload();
        break;
    }
  },

  /**
   * Whether received events still reach the owner: nobody has destroyed the connection, or the owner
   * hears what had arrived before.
   */
  reachesOwner() {
    if (this.hooks.hearsRest) return !this.dropsRest && !this.hooks.isClosed(this.owner);
    if (this.isAbandoned) return false;
    return this.transport === 'native' ? this.slot !== -1 : !isCutOff(this.socket);
  },

  /**
   * Offers a message or a frame to the owner.
   *
   * @param {(owner: any, first: any, second: any) => boolean} hook
   * @param {any} first
   * @param {any} second
   * @returns {boolean} false if nobody listens, but somebody listened for the last one
   */
  offer(hook, first, second) {
    if (!this.reachesOwner()) return true;
    const isTaken = this.callHook(hook, first, second);
    if (isTaken === this.hasListener) return true;
    this.hasListener = isTaken;
    return isTaken;
  },

  /**
   * Calls a hook, and notes whether a handler has destroyed the socket in it.
   *
   * @param {(owner: any, first: any, second?: any) => any} hook
   * @param {any} first
   * @param {any} [second]
   */
  callHook(hook, first, second) {
    // An adopted socket needs no note, because destroying it releases the slot.
    const before = this.transport === 'native' || this.socket.destroyed;
    const result = hook(this.owner, first, second);
    // A stream that ended by itself was destroyed before this delivery. Here a handler did it.
    if (!before && this.socket.destroyed) this.isAbandoned = true;
    return result;
  },

  /** @param {Buffer} payload */
  deliverPing(payload) {
    if (!this.callHook(this.hooks.ping, payload) || this.slot === -1) return;
    if (this.hooks.replacesPongs(this.owner)) this.hooks.answerPing(this.owner, payload);
    else this.transmit(engine.answerPing(this.slot, payload));
  },

  /**
   * Returns the received part of an incomplete message or frame.
   *
   * @param {boolean} copies whether to copy its payload, which may be long
   */
  partial(copies) {
    return this.slot === -1 ? null : engine.partial(this.slot, copies);
  },
};

/**
 * Whether a socket's bytes come directly from libuv's callback, which brings nothing else and is
 * followed by ticks. That is not so if the socket has buffered more bytes.
 *
 * @param {any} socket
 */
function hasJustRead(socket) {
  if (!(socket instanceof net.Socket) || socket.readableLength > 0) return false;
  /** @type {any} */
  const { _handle: handle } = socket;
  if (!handle) return false;
  // A TLSSocket over a stream other than a net.Socket gets its bytes from that stream's handlers.
  const below = handle._parentWrap;
  return !below || Object.getPrototypeOf(below) === net.Socket.prototype;
}

/**
 * Whether somebody has destroyed a stream that had neither ended nor failed.
 *
 * @param {any} socket
 */
function isCutOff(socket) {
  if (!socket.destroyed || !(socket instanceof Readable)) return false;
  return !socket.readableEnded && !socket.errored;
}
