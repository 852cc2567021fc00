'use strict';

const { endReading, fail } = require('../AdoptedSocket');
const { CLOSE_DESCRIPTIONS } = require('../closeCodes');
const { Kind, connections, engine, scheduleDelivery } = require('../delivery');
const WebSocketFrame = require('../WebSocketFrame');

/** Output that Node holds, beyond which a peer that never reads gets no further automatic answers. */
const MOST_UNSENT = 1024 * 1024;

/** Bits in what the engine's receive returns. */
const DRAIN = 1;
const REARM = 2;
const OUTPUT = 4;

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
    const status = engine.receive(this._slot, data);
    if ((status & DRAIN) !== 0) scheduleDelivery();
    if ((status & REARM) !== 0) this._armTimer();
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

  /** Delivers what came while the connection was paused. */
  processReceivedData() {
    if (this.inputPaused || this._held === null) return;
    const held = this._held;
    this._held = null;
    let next = 0;
    try {
      while (next < held.length) {
        next += 3;
        this._deliver(held[next - 3], held[next - 2], held[next - 1]);
      }
    } finally {
      // A handler threw: the rest waits for the next turn, before whatever was held meanwhile.
      if (next < held.length) {
        this._held = [...held.slice(next), ...(this._held ?? [])];
        setImmediate(release, this);
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
    if (this._held !== null && HOLDABLE.has(kind)) {
      this._held.push(kind, extra, payload);
      return;
    }
    switch (kind) {
      case Kind.ASCII_TEXT:
      case Kind.TEXT:
        this._deliverMessage({ type: 'utf8', utf8Data: payload });
        break;
      case Kind.BINARY:
        this._deliverMessage({ type: 'binary', binaryData: payload });
        break;
      case Kind.FRAME:
        if (this.connected) this.emit('frame', WebSocketFrame.received(extra, payload, this));
        break;
      case Kind.PING:
        if (this.connected) this._deliverPing(payload);
        break;
      case Kind.PONG:
        if (this.connected) this.emit('pong', payload);
        break;
      case Kind.FLUSHED:
        this._deliverFlushed(payload, extra === 1);
        break;
      default:
        this._deliverEnd(kind, extra, payload);
    }
  },

  /** @param {object} message */
  _deliverMessage(message) {
    if (!this.connected) return;
    if (this.emit('message', message) && this.listenerCount('message') === 0) {
      // Whoever listens once wants the next message from where its continuation listens again: that is
      // not before this turn is over.
      this._hold();
      setImmediate(release, this);
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
    if (!cancelled) this.pong(payload);
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
   * @param {number} position up to which the output is with the kernel
   * @param {boolean} drained
   */
  _deliverFlushed(position, drained) {
    // One drain answers all sends that found the buffer full; none follows the end, as with Node's streams.
    // Where the buffer has filled up again meanwhile, the engine will tell of the next time that it is empty.
    if (drained && this._drainOwed && !this._ended && !engine.isDrainOwed(this._slot)) {
      this._drainOwed = false;
      this.handleSocketDrain();
    }
    const callbacks = this._callbacks;
    while (callbacks.length > 0 && callbacks[0].position <= position) callbacks.shift().callback();
  },

  /** The connection is over: what was not sent never will be. */
  _failCallbacks() {
    const callbacks = this._callbacks;
    this._callbacks = [];
    for (const { callback } of callbacks) {
      const error = new Error('Cannot call write after a stream was destroyed');
      callback(Object.assign(error, { code: 'ERR_STREAM_DESTROYED' }));
    }
  },

  /** From now on, what is received waits. */
  _hold() {
    this._held ??= [];
    if (this._slot !== -1) {
      connections[this._slot] = this;
      engine.setPaused(this._slot, true);
    }
  },
};

/** @param {any} connection */
function release(connection) {
  if (connection.inputPaused) return;
  if (connection._slot !== -1) engine.setPaused(connection._slot, false);
  connection.processReceivedData();
}
