'use strict';

const net = require('node:net');
const { Readable } = require('node:stream');
const { setImmediate } = require('node:timers');

const { endReading, fail, setReferenced } = require('../transport/AdoptedSocket');
const { CLOSE_DESCRIPTIONS, CLOSE_REASONS } = require('../websocket/closeCodes');
const {
  EVENT_BINARY,
  EVENT_CLOSE_REPLIED,
  EVENT_CLOSE_REQUESTED,
  EVENT_CLOSE_TIMED_OUT,
  EVENT_END,
  EVENT_FAILED,
  EVENT_FLUSHED,
  EVENT_FRAME,
  EVENT_LATIN1_TEXT,
  EVENT_OUTPUT,
  EVENT_PASSED,
  EVENT_PING,
  EVENT_PONG,
  EVENT_RELEASED,
  EVENT_TEXT,
  EVENT_UNRESPONSIVE,
  EVENT_VIOLATION,
  MOST_WAITING,
  NO_CLOSE_CODE,
  RECEIVED_DEADLINE,
  RECEIVED_EVENTS,
  RECEIVED_OUTPUT,
  RECEIVED_PASSED,
} = require('../engine/abi');
const { calls, connections, engine, takeEvents } = require('../engine/engine');
const { deliverMessage, makeReady, openWake } = require('../engine/loop');
const { isIdle } = require('../engine/turn');
const { isCloseCode } = require('../engine/codec');
const noop = require('../util/noop');
const WebSocketFrame = require('../websocket/WebSocketFrame');

/**
 * Output that Node holds, beyond which a peer that never reads gets no further automatic answers.
 */
const MOST_UNSENT = 1024 * 1024;

/** What an event weighs beside its payload, so that a flood of empty messages is bounded too. */
const EVENT_WEIGHT = 64;

/** Pieces of input that an I/O thread may have to inflate before the socket is no longer read. */
const MOST_PASSED = 16;

/**
 * Not the engine's: something to do when all events before it are delivered; 1 if it waits for a
 * pause too.
 */
const CALL = -1;

/** The kinds that wait while the application has paused the connection. */
/** @type {Set<number>} */
const HOLDABLE = new Set([
  EVENT_LATIN1_TEXT,
  EVENT_TEXT,
  EVENT_BINARY,
  EVENT_FRAME,
  EVENT_PING,
  EVENT_PONG,
  EVENT_CLOSE_REQUESTED,
  EVENT_VIOLATION,
  EVENT_END,
]);

/** Methods of WebSocketConnection that take in what the engine reports. */
module.exports = {
  /**
   * Bytes from the peer, on the stream transport or along with the handshake. What is in them is
   * delivered in the next tick.
   *
   * @param {Buffer} data
   */
  handleSocketData(data) {
    if (this._slot === -1) return;
    this._chooseWhoAnswers();
    this._afterReceive(
      /** @type {number} */ (calls.receive(this._slot, data, false, this._passed > 0)),
    );
  },

  /**
   * Bytes that Node has just read from a real socket: a message that is all there was in them is
   * delivered at once.
   *
   * @param {Buffer} data
   */
  _onSocketData(data) {
    const direct = isIdle() && this._held === null && !this._isSettling && hasJustRead(this.socket);
    if (!direct || this._slot === -1) {
      this.handleSocketData(data);
      return;
    }
    this._chooseWhoAnswers();
    const received = calls.receive(this._slot, data, true, this._passed > 0);
    if (typeof received === 'number') {
      this._afterReceive(received);
    } else {
      this._noteReceipt();
      deliverMessage(this, received);
    }
  },

  /** Leaves the answers to pings to methods that the application has replaced, if there are any. */
  _chooseWhoAnswers() {
    if (this._isAskedToAnswer || !this._answersByHand()) return;
    this._isAskedToAnswer = true;
    engine.setAutoPong(this._slot, false);
  },

  /** Whether the application has replaced the method that all bytes go by. */
  _hearsDataByHand() {
    return this.handleSocketData !== original;
  },

  /** @param {number} status what the engine's receive returned */
  _afterReceive(status) {
    if ((status & RECEIVED_PASSED) !== 0) this._pass();
    if ((status & RECEIVED_EVENTS) !== 0) this._takeEvents();
    if ((status & RECEIVED_DEADLINE) !== 0) this._armTimer();
    else this._noteReceipt();
    if ((status & RECEIVED_OUTPUT) !== 0 && !(this.socket.writableLength > MOST_UNSENT))
      this._transmit(0);
  },

  /** What has come is with an I/O thread, to be inflated. What comes now follows it on that way. */
  _pass() {
    this._passed++;
    this._awaitEngine();
    if (this._passed > MOST_PASSED) this._throttle();
  },

  /** Something that was passed on has come back, but for what is held. */
  _onPassed() {
    if (this._passed === 0) return;
    this._passed--;
    if (this._passed <= MOST_PASSED / 2 && this._held === null) this._unthrottle();
    if (this._passed > 0) return;
    this._restEngine();
    this._goOnAfterPassed();
  },

  /** What was to wait for the engine, waits for what is held. */
  _goOnAfterPassed() {
    const waiting = this._afterPassed;
    this._afterPassed = null;
    for (const [evenIfPaused, next] of waiting ?? []) {
      if (!this._afterHeld(evenIfPaused, next)) next();
    }
  },

  /**
   * The engine is at work for this connection on the stream transport, and will tell of it by the
   * inbox.
   */
  _awaitEngine() {
    if (this._slot === -1 || this.transport !== 'stream') return;
    connections[this._slot] = this;
    openWake();
    // Whoever has let the socket not keep the process alive means all of it.
    setReferenced(this, this.socket._handle?.hasRef?.() ?? true);
  },

  /** That is over, unless there is more. */
  _restEngine() {
    if (this._slot === -1 || this.transport !== 'stream') return;
    if (this._passed > 0 || this._deflates) return;
    connections[this._slot] = undefined;
    setReferenced(this, false);
  },

  /** Queues what the engine has made of this connection's bytes or of the time that has passed. */
  _takeEvents() {
    /** What a pause does not hold back. */
    const urgent = [];
    takeEvents((kind, extra, payload) => {
      if (this.inputPaused && !this._isHoldable(kind)) urgent.push(kind, extra, payload);
      else this._holdEvent(kind, extra, payload);
    });
    this.processReceivedData();
    if (this._held !== null && this._held.weight > MOST_WAITING) this._throttle();
    for (let i = 0; i < urgent.length; i += 3) {
      this._dispatch(urgent[i], urgent[i + 1], urgent[i + 2]);
    }
  },

  /**
   * Treats a frame that an application has made as if the peer had sent it. Only on the stream
   * transport: on the native one the engine may be in the middle of a frame of the peer's.
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

  /** Has what is held delivered, unless the application has paused. */
  processReceivedData() {
    if (this._held === null || this._held.isReady || !this._mayDeliver()) return;
    this._held.isReady = true;
    makeReady(this);
  },

  /** Whether something waits in this connection's own queue that need not wait longer. */
  _mayDeliver() {
    return this._held !== null && !this._holding && this._held.next < this._held.events.length;
  },

  /** Delivers the next event of the queue. */
  _deliverHeld() {
    const { events, next } = this._held;
    const payload = events[next + 2];
    events[next + 2] = undefined;
    this._held.next += 3;
    this._dispatch(events[next], events[next + 1], payload);
  },

  /** The queue is delivered, or held again. */
  _rest() {
    const held = this._held;
    if (held === null) return;
    held.isReady = false;
    if (held.next < held.events.length) return;
    if (this._holding) {
      this._held = newQueue();
    } else {
      this._held = null;
      this._readOn();
    }
  },

  /**
   * @param {number} kind
   * @param {number} extra
   * @param {any} payload
   */
  _holdEvent(kind, extra, payload) {
    this._held ??= newQueue();
    this._held.events.push(kind, extra, payload);
    this._held.weight += EVENT_WEIGHT + (payload?.length ?? 0);
  },

  /**
   * One event that an I/O thread has brought.
   *
   * @param {number} kind
   * @param {number} extra
   * @param {any} payload
   */
  _deliver(kind, extra, payload) {
    if (this._held === null || !this._isHoldable(kind)) {
      this._dispatch(kind, extra, payload);
      return;
    }
    this._holdEvent(kind, extra, payload);
    // On the stream transport, what is inflated while nobody takes it would have no bound.
    if (this._held.weight > MOST_WAITING && this._slot !== -1) engine.setPaused(this._slot, true);
  },

  /**
   * What holds an application's messages back holds back all that followed them, but for its own
   * output.
   */
  _isHoldable(kind) {
    // A broken connection that the application has paused is still told of.
    return HOLDABLE.has(kind) || (kind === EVENT_FAILED && !this.inputPaused);
  },

  /**
   * @param {number} kind
   * @param {number} extra
   * @param {any} payload
   */
  _dispatch(kind, extra, payload) {
    switch (kind) {
      case EVENT_LATIN1_TEXT:
      case EVENT_TEXT:
        if (!this._deliverMessage('message', { type: 'utf8', utf8Data: payload })) {
          this._putBack(kind, extra, payload);
        }
        break;
      case EVENT_BINARY:
        if (!this._deliverMessage('message', { type: 'binary', binaryData: payload })) {
          this._putBack(kind, extra, payload);
        }
        break;
      case EVENT_FRAME:
        if (!this._deliverMessage('frame', WebSocketFrame.received(extra, payload, this))) {
          this._putBack(kind, extra, payload);
        }
        break;
      case EVENT_PING:
        if (this._hears()) this._deliverPing(payload);
        break;
      case EVENT_PONG:
        if (this._hears()) this._emitFromPeer('pong', payload);
        break;
      case EVENT_FLUSHED:
        this._deliverFlushed(payload, extra !== 0);
        break;
      default:
        this._deliverEnd(kind, extra, payload);
    }
  },

  /**
   * Whether what the peer sends still reaches the application: it has not closed, dropped or
   * destroyed the connection.
   */
  _hears() {
    if (!this.connected || this._abandoned) return false;
    return this.transport === 'native' ? this._slot !== -1 : !isCutOff(this.socket);
  },

  /**
   * @param {string} name
   * @param {object} message
   * @returns {boolean} false if nobody listens any more who did when the last one came
   */
  _deliverMessage(name, message) {
    if (!this._hears()) return true;
    const isHeard = this._emitFromPeer(name, message);
    if (isHeard === this._hasListener) return true;
    this._hasListener = isHeard;
    return isHeard;
  },

  /**
   * @param {string} name
   * @param {any[]} values
   * @returns {boolean} whether somebody listens
   */
  _emitFromPeer(name, ...values) {
    // An adopted socket that is destroyed takes the slot along.
    const before = this.transport === 'native' || this.socket.destroyed;
    const isHeard = this.emit(name, ...values);
    // A stream that ended by itself is destroyed before what it brought is delivered; here a
    // handler did it.
    if (!before && this.socket.destroyed) this._abandoned = true;
    return isHeard;
  },

  /**
   * Holds an event that nobody has heard, and what follows it, for a turn. A listener that was
   * added by once() may be added again by setImmediate().
   *
   * @param {number} kind
   * @param {number} extra
   * @param {any} payload
   */
  _putBack(kind, extra, payload) {
    this._hold();
    const { events, next } = this._held;
    // It is the last one that was taken from there, if any was.
    const at = Math.max(0, next - 3);
    events.splice(at, next - at, kind, extra, payload);
    this._held.next = at;
    setImmediate(release, this);
  },

  /** @param {Buffer} payload */
  _deliverPing(payload) {
    let cancelled = false;
    const cancel = () => {
      cancelled = true;
    };
    this._emitFromPeer('ping', cancel, payload);
    if (cancelled || this._slot === -1) return;
    if (this._answersByHand()) this.pong(payload);
    else this._transmit(engine.answerPing(this._slot, payload));
  },

  /**
   * @param {number} kind
   * @param {number} extra
   * @param {any} payload
   */
  _deliverEnd(kind, extra, payload) {
    switch (kind) {
      case EVENT_CLOSE_REQUESTED:
        if (this._hears()) this._deliverCloseRequest(extra, payload);
        break;
      case EVENT_CLOSE_REPLIED:
        this.waitingForCloseResponse = false;
        this._closeReceived = true;
        if (this._deflate !== null) this._endSocket();
        break;
      case EVENT_VIOLATION:
        if (this._hears()) this.drop(extra, payload);
        break;
      case EVENT_UNRESPONSIVE:
        if (this._hears()) this.handleGracePeriodTimer();
        break;
      case EVENT_CLOSE_TIMED_OUT:
        this.handleCloseTimer();
        break;
      case EVENT_END:
        endReading(this.socket);
        break;
      case EVENT_FAILED:
        fail(this.socket, payload, extra);
        break;
      case EVENT_PASSED:
        this._onPassed();
        break;
      case EVENT_OUTPUT:
        this._writeDeflated();
        break;
      case EVENT_RELEASED:
        if (this.transport === 'native') this._settleAll(Infinity);
        setReferenced(this, false);
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
    this.closeReasonCode = code === NO_CLOSE_CODE ? -1 : code;
    this.closeDescription = reason === '' ? CLOSE_DESCRIPTIONS[code] : reason;
    // Where the application has ended the output itself, it is the socket that refuses the answer.
    if (this._ended) this.sendCloseFrame();
    else if (this._closesByHand()) this.sendCloseFrame(answerTo(code), null);
    else this._transmit(engine.acknowledgeClose(this._slot));
    this._armTimer();
    this._endSocket();
    this.connected = false;
  },

  /** From now on, what is received waits: nothing more is read. */
  _hold() {
    this._holding = true;
    this._held ??= newQueue();
    if (this._slot !== -1) engine.setPaused(this._slot, true);
    if (this.transport === 'stream' && !this._deflates) setReferenced(this, false);
  },

  /** Delivers what was held. */
  _goOn() {
    if (this._holding) this._holding = false;
    if (this._mayDeliver()) this.processReceivedData();
    else if (this._held !== null && !this._held.isReady) this._rest();
  },

  /**
   * What came while nothing was held back and does not wait for a paused application is treated
   * without it.
   */
  _hurry() {
    const { events, next } = this._held;
    for (let at = next; at < events.length; at += 3) {
      const [kind, extra, payload] = events.slice(at, at + 3);
      if (kind === CALL ? extra === 1 : this._isHoldable(kind)) continue;
      events[at] = CALL;
      events[at + 2] = noop;
      process.nextTick(() => this._dispatch(kind, extra, payload));
    }
  },

  /** Nothing is held any more: the socket is read again. */
  _readOn() {
    if (this._slot !== -1) engine.setPaused(this._slot, false);
    if (this._passed > 0) this._awaitEngine();
    if (this.transport !== 'native' && this._passed <= MOST_PASSED) this._unthrottle();
  },

  /** Stops reading a socket of Node's without telling the application: it has not asked for it. */
  _throttle() {
    if (this._throttled || this.inputPaused || !(this.socket instanceof Readable)) return;
    this._throttled = true;
    this._quiet = true;
    this.socket.pause();
    this._quiet = false;
  },

  /** Reads on, unless the application has paused meanwhile. */
  _unthrottle() {
    if (!this._throttled) return;
    this._throttled = false;
    if (this.inputPaused || this.socket.destroyed || !this.socket.isPaused()) return;
    this._resumesQuietly = true;
    this.socket.resume();
  },

  /**
   * Has `next` wait until what came before is delivered.
   *
   * @param {boolean} evenIfPaused whether that may be as long as the application wants
   * @param {() => void} next
   * @returns {boolean} whether it has to wait
   */
  _afterHeld(evenIfPaused, next) {
    if (this._held === null && this._passed === 0) return false;
    if (this.inputPaused && !(evenIfPaused && this.connected)) return false;
    if (this._passed > 0) {
      this._afterPassed ??= [];
      this._afterPassed.push([evenIfPaused, next]);
      return true;
    }
    this._holdEvent(CALL, evenIfPaused ? 1 : 0, next);
    this.processReceivedData();
    return true;
  },
};

/**
 * @param {number} code of the peer's close frame
 * @returns {number} that of the answer
 */
function answerTo(code) {
  const { CLOSE_REASON_NORMAL, CLOSE_REASON_PROTOCOL_ERROR } = CLOSE_REASONS;
  const isValid = code === NO_CLOSE_CODE || isCloseCode(code);
  return isValid ? CLOSE_REASON_NORMAL : CLOSE_REASON_PROTOCOL_ERROR;
}

const original = module.exports.handleSocketData;

/**
 * Events of one connection that wait for their turn, three elements each (kind, extra, payload).
 */
function newQueue() {
  return { events: [], next: 0, weight: 0, isReady: false };
}

/**
 * Whether bytes that come now from a socket come by a callback of libuv's, which brings nothing
 * else and behind which Node runs what handlers have queued. Node itself may have more of them.
 *
 * @param {any} socket
 */
function hasJustRead(socket) {
  if (!(socket instanceof net.Socket) || socket.readableLength > 0) return false;
  /** @type {any} */
  const { _handle: handle } = socket;
  if (!handle) return false;
  // A TLSSocket over a stream that is not a socket of the system's is fed by that stream's
  // handlers.
  const below = handle._parentWrap;
  return !below || Object.getPrototypeOf(below) === net.Socket.prototype;
}

/**
 * Whether somebody has destroyed a stream, which has neither ended nor failed by itself.
 *
 * @param {any} socket
 */
function isCutOff(socket) {
  if (!socket.destroyed || !(socket instanceof Readable)) return false;
  return !socket.readableEnded && !socket.errored;
}

/** @param {any} connection */
function release(connection) {
  if (!connection.inputPaused) connection._goOn();
}
