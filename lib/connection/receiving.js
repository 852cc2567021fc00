'use strict';

const { Readable } = require('node:stream');

const { endReading, fail } = require('../AdoptedSocket');
const { CLOSE_DESCRIPTIONS } = require('../closeCodes');
const {
  Kind,
  calls,
  deliverMessage,
  engine,
  isIdle,
  scheduleDelivery,
  throttle,
} = require('../delivery');
const WebSocketFrame = require('../WebSocketFrame');

/** Output that Node holds, beyond which a peer that never reads gets no further automatic answers. */
const MOST_UNSENT = 1024 * 1024;

/** Bits in what the engine's receive returns. */
const DRAIN = 1;
const REARM = 2;
const OUTPUT = 4;

const STALLED = 8;

/** Not the engine's: something to do when all events before it are delivered. */
const CALL = -1;

/** What stands for the code of a close frame without one. */
const NO_CODE = 0xffffffff;

/** The kinds that wait while the application has paused the connection. */
/** @type {Set<number>} */
const HOLDABLE = new Set([
  Kind.ASCII_TEXT,
  Kind.TEXT,
  Kind.BINARY,
  Kind.FRAME,
  Kind.PING,
  Kind.PONG,
  Kind.CLOSE_REQUESTED,
  Kind.VIOLATION,
  Kind.END,
]);

/** Methods of WebSocketConnection that take in what the engine reports. */
module.exports = {
  /**
   * Bytes from the peer, on the stream transport or along with the handshake.
   *
   * @param {Buffer} data
   */
  handleSocketData(data) {
    if (this._slot === -1) return;
    const received = calls.receive(this._slot, data, !this._isSettling && isIdle());
    if (typeof received === 'number') this._afterReceive(received);
    else deliverMessage(this, received);
  },

  /** @param {number} status what the engine's receive returned */
  _afterReceive(status) {
    if ((status & DRAIN) !== 0) scheduleDelivery();
    if ((status & REARM) !== 0) this._armTimer();
    if ((status & STALLED) !== 0) {
      this._throttle();
      throttle(this);
    }
    if ((status & OUTPUT) !== 0 && !(this.socket.writableLength > MOST_UNSENT)) this._writeOutput();
  },

  /**
   * Treats a frame that an application has made as if the peer had sent it. Only on the stream transport: on
   * the native one the engine may be in the middle of a frame of the peer's.
   *
   * @param {any} frame a WebSocketFrame
   */
  processFrame(frame) {
    if (this.transport !== 'stream') {
      throw new Error('processFrame() needs the stream transport.');
    }
    const received = Object.assign(Object.create(WebSocketFrame.prototype), frame);
    received.mask = !this.maskOutgoingPackets;
    this.handleSocketData(received.toBuffer(true));
  },

  /** Delivers what is held, until it is all delivered or held again. */
  processReceivedData() {
    if (this.inputPaused || this._holding || this._held === null) return;
    const { events } = this._held;
    try {
      while (this._held.next < events.length && !this._holding) {
        const at = this._held.next;
        this._held.next += 3;
        this._dispatch(events[at], events[at + 1], events[at + 2]);
      }
    } finally {
      if (this._held.next >= events.length && !this._holding) {
        this._held = null;
        this._readOn();
      } else if (!this._holding) {
        // A handler threw: the rest waits for the next turn.
        this._holdForATurn();
      }
    }
  },

  /**
   * One event of the engine.
   *
   * @param {number} kind
   * @param {number} extra
   * @param {any} payload
   */
  _deliver(kind, extra, payload) {
    if (this._held !== null && this._isHoldable(kind)) {
      this._held.events.push(kind, extra, payload);
    } else {
      this._dispatch(kind, extra, payload);
    }
  },

  /** What holds an application's messages back holds back all that followed them, but for its own output. */
  _isHoldable(kind) {
    // A broken connection that the application has paused is still told of.
    return HOLDABLE.has(kind) || (kind === Kind.FAILED && !this.inputPaused);
  },

  /**
   * @param {number} kind
   * @param {number} extra
   * @param {any} payload
   */
  _dispatch(kind, extra, payload) {
    switch (kind) {
      case Kind.ASCII_TEXT:
      case Kind.TEXT:
        this._deliverMessage({ type: 'utf8', utf8Data: payload });
        break;
      case Kind.BINARY:
        this._deliverMessage({ type: 'binary', binaryData: payload });
        break;
      case Kind.FRAME:
        if (this._hears()) this.emit('frame', WebSocketFrame.received(extra, payload, this));
        break;
      case Kind.PING:
        if (this._hears()) this._deliverPing(payload);
        break;
      case Kind.PONG:
        if (this._hears()) this.emit('pong', payload);
        break;
      case Kind.FLUSHED:
        this._deliverFlushed(payload, extra === 1);
        break;
      default:
        this._deliverEnd(kind, extra, payload);
    }
  },

  /** Whether messages still reach the application: it has not closed, dropped or destroyed the connection. */
  _hears() {
    return this.connected && !this._abandoned && (this.transport === 'stream' || this._slot !== -1);
  },

  /** @param {object} message */
  _deliverMessage(message) {
    if (!this._hears()) return;
    const before = this.socket.destroyed;
    const heard = this.emit('message', message);
    // A stream that ended by itself is destroyed before what it brought is delivered; here a handler did it.
    if (!before && this.socket.destroyed) this._abandoned = true;
    if (heard && this.listenerCount('message') === 0) {
      // Whoever listens once wants the next message from where its continuation listens again: that is
      // not before this turn is over.
      this._holdForATurn();
    }
  },

  /** @param {Buffer} payload */
  _deliverPing(payload) {
    let cancelled = false;
    this.emit(
      'ping',
      () => {
        cancelled = true;
      },
      payload,
    );
    if (!cancelled && this._slot !== -1) this._transmit(engine.answerPing(this._slot, payload));
  },

  /**
   * @param {number} kind
   * @param {number} extra
   * @param {any} payload
   */
  _deliverEnd(kind, extra, payload) {
    switch (kind) {
      case Kind.CLOSE_REQUESTED:
        if (this.connected) this._deliverCloseRequest(extra, payload);
        break;
      case Kind.CLOSE_REPLIED:
        this.waitingForCloseResponse = false;
        this._closeReceived = true;
        break;
      case Kind.VIOLATION:
        if (this.connected) this.drop(extra, payload);
        break;
      case Kind.UNRESPONSIVE:
        if (this.connected) this.handleGracePeriodTimer();
        break;
      case Kind.CLOSE_TIMED_OUT:
        this.handleCloseTimer();
        break;
      case Kind.END:
        endReading(this.socket);
        break;
      case Kind.FAILED:
        fail(this.socket, payload, extra);
        break;
      case Kind.RELEASED:
        this._failCallbacks();
        break;
      case CALL:
        payload();
        break;
    }
  },

  /**
   * The peer wants to close: it is answered, and the socket follows.
   *
   * @param {number} code
   * @param {string} reason
   */
  _deliverCloseRequest(code, reason) {
    this.state = 'peer_requested_close';
    this._closeReceived = true;
    this.closeReasonCode = code === NO_CODE ? -1 : code;
    this.closeDescription = reason === '' ? CLOSE_DESCRIPTIONS[code] : reason;
    // Where the application has ended the output itself, it is the socket that refuses the answer.
    if (this._ended) this.sendCloseFrame();
    else this._transmit(engine.acknowledgeClose(this._slot));
    this._armTimer();
    this.socket.end();
    this.connected = false;
  },

  /**
   * @param {number} marked how many callbacks are due
   * @param {boolean} drained
   */
  _deliverFlushed(marked, drained) {
    this._due += marked;
    // One drain answers all sends that found the buffer full; none follows the end, as with Node's streams.
    // Where the buffer has filled up again meanwhile, the engine will tell of the next time that it is empty.
    try {
      const owed = drained && this._drainOwed && !this._ended && !this.closeEventEmitted;
      if (owed && !engine.isDrainOwed(this._slot)) {
        this._drainOwed = false;
        this.socket.emit('drain');
      }
    } finally {
      this._settleCallbacks();
    }
  },

  /** Calls the callbacks that are due. One that throws keeps none of the others. */
  _settleCallbacks() {
    const callbacks = this._callbacks;
    if (callbacks === null) return;
    try {
      while (this._due > 0) {
        this._due--;
        callbacks[this._settled++]();
      }
    } finally {
      if (this._due > 0) setImmediate(settle, this);
      if (this._settled === callbacks.length || this._settled > 1024) {
        callbacks.splice(0, this._settled);
        this._settled = 0;
      }
    }
  },

  /** The connection is over: what was not sent never will be. */
  _failCallbacks() {
    if (this._callbacks === null) return;
    const callbacks = this._callbacks.splice(0).slice(this._settled);
    this._settled = 0;
    for (const callback of callbacks) process.nextTick(failCallback, callback);
  },

  /** From now on, what is received waits: nothing more is read. */
  _hold() {
    this._holding = true;
    this._held ??= { events: [], next: 0 };
    if (this.transport === 'native' && this._slot !== -1) engine.setPaused(this._slot, true);
  },

  /** Holds until the handlers of this turn and their continuations are done. */
  _holdForATurn() {
    this._hold();
    if (this.transport === 'stream') this._throttle();
    setImmediate(release, this);
  },

  /** Nothing is held any more: the socket is read again. */
  _readOn() {
    if (this.transport === 'native') {
      if (this._slot !== -1) engine.setPaused(this._slot, false);
    } else {
      this._unthrottle();
    }
  },

  /** Stops reading a socket of Node's without telling the application: it has not asked for it. */
  _throttle() {
    if (this._throttled || this.inputPaused || !(this.socket instanceof Readable)) return;
    this._throttled = true;
    this._quiet = true;
    this.socket.pause();
    this._quiet = false;
  },

  /** Reads on, unless the application has paused meanwhile or what is held is not delivered yet. */
  _unthrottle() {
    if (!this._throttled || this._held !== null) return;
    this._throttled = false;
    if (this.inputPaused || this.socket.destroyed || !this.socket.isPaused()) return;
    this._quietResumes++;
    this.socket.resume();
  },

  /**
   * Has `next` wait until what is held is delivered.
   *
   * @param {boolean} evenIfPaused whether that may be as long as the application wants
   * @param {() => void} next
   * @returns {boolean} whether it has to wait
   */
  _afterHeld(evenIfPaused, next) {
    if (this._held === null || !this.connected || (this.inputPaused && !evenIfPaused)) return false;
    this._held.events.push(CALL, 0, next);
    return true;
  },
};

/** @param {any} connection */
function release(connection) {
  if (connection.inputPaused) return;
  connection._holding = false;
  connection.processReceivedData();
}

/** @param {any} connection */
function settle(connection) {
  connection._settleCallbacks();
}

/** @param {(error: Error) => void} callback */
function failCallback(callback) {
  const error = new Error('Cannot call write after a stream was destroyed');
  callback(Object.assign(error, { code: 'ERR_STREAM_DESTROYED' }));
}
