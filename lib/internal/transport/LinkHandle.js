'use strict';

// What Node's sockets have in TCP, over a raw link of the engine.

const { AsyncResource } = require('node:async_hooks');

const {
  EVENT_BARRIER,
  EVENT_BYTES,
  EVENT_END,
  EVENT_FAILED,
  EVENT_FLUSHED,
} = require('../engine/abi');
const { calls, connections, engine, transferred } = require('../engine/engine');
const { sent } = require('../engine/flush');
const { openWake } = require('../engine/loop');
const { setImmediate } = require('../engine/ticks');
const { scheduleDelivery } = require('../engine/turn');
const { reference, unreference } = require('../engine/wake');
const linkError = require('./linkError');

// Tests replace `process.nextTick()` with a fake one.
const { nextTick } = process;

// A resource that Node has to destroy itself costs a hundred times as much.
const MANUAL = { requireManualDestroy: true };

/** Bytes of an answer of a handshake; longer ones show how far the kernel has taken them. */
const MOST_ANSWER = 4096;

/** The state of a connection's address that is unknown: libuv's number for ENOTCONN. */
const NOT_CONNECTED = -107;

/**
 * The handle of a NativeSocket: it has the methods and fields that `net.Socket` uses of its
 * `_handle`, and it receives the events of the link. When a Peer makes a WebSocket of the link, it
 * takes the slot, and only the lifecycle of the socket is left here.
 */
class LinkHandle extends AsyncResource {
  /**
   * @param {number} slot of a raw link that has a descriptor
   * @param {boolean} isHolding whether the link holds its input from the start
   */
  constructor(slot, isHolding) {
    super('WEBSOCKET_SOCKET', MANUAL);
    /** −1 once it is released, or a Peer has it. */
    this.slot = slot;
    /** The same, but a Peer may have it: the descriptor stays the socket's. */
    this.link = slot;
    /** The events of the link run in this async context. */
    this.scope = this;
    /** @type {any} the NativeSocket */
    this.socket = null;
    /** Node sets it, too. */
    this.reading = false;
    /** The link keeps what it receives. */
    this.isHolding = isHolding;
    /** A Peer is about to take the link, so it goes on holding. */
    this.isClaimed = false;
    /** Called when the link holds its input and all that came before is delivered. */
    this.onBarrier = null;
    /** The callback of the write that the kernel has not taken yet, and its length. */
    this.writing = null;
    this.writingLength = 0;
    /** Bytes that were given to the engine. */
    this.bytesWritten = 0;
    /** Bytes received, once the link is gone. */
    this.received = 0;
    this.isReferenced = true;
    this.keepsAlive = false;
    /** The link has told its end or its failure. */
    this.isOver = false;
    connections[slot] = this;
    openWake();
  }

  /**
   * Takes an event of the link. See `connections` in engine/engine.js.
   *
   * @param {number} kind
   * @param {number} extra
   * @param {any} payload
   */
  deliver(kind, extra, payload) {
    const { socket } = this;
    if (this.slot === -1 || socket.destroyed) return;
    switch (kind) {
      case EVENT_BYTES:
        // A full socket asks again, by `readStart()`.
        if (!socket.push(payload)) this.stopReading();
        break;
      case EVENT_END:
        this.finish(endReading, undefined);
        break;
      case EVENT_FAILED:
        this.finish(fail, [linkError(payload, extra), payload]);
        break;
      case EVENT_FLUSHED:
        this.finishWrite(null);
        break;
      case EVENT_BARRIER: {
        const { onBarrier } = this;
        this.onBarrier = null;
        onBarrier?.();
        break;
      }
    }
  }

  /** The process exits, and the engine itself writes its output. A Peer writes what is deflated. */
  writeDeflated() {}

  /**
   * Handles the end of the connection in a turn of its own, as libuv does: what a handler of the
   * last bytes does by setImmediate() comes first.
   *
   * @param {(handle: LinkHandle, argument: any) => void} work
   * @param {any} argument
   */
  finish(work, argument) {
    this.isOver = true;
    this.updateReference();
    setImmediate(() => {
      if (!this.socket.destroyed) this.runInAsyncScope(work, undefined, this, argument);
    });
  }

  /** @param {Error | null} error */
  finishWrite(error) {
    const { writing } = this;
    this.writing = null;
    this.writingLength = 0;
    this.updateReference();
    writing?.(error);
  }

  /**
   * Writes bytes, at once as far as the kernel has room.
   *
   * @param {Uint8Array[]} pieces not all empty
   * @param {(error?: Error | null) => void} callback called when the kernel has them
   */
  write(pieces, callback) {
    const last = pieces.length - 1;
    for (let i = 0; i < last; i++) {
      this.bytesWritten += pieces[i].length;
      engine.sendRaw(this.slot, pieces[i], false);
    }
    this.bytesWritten += pieces[last].length;
    if (this.isAnswer(pieces)) {
      sent(engine.sendRaw(this.slot, pieces[last], false), this.slot);
      callback(null);
      return;
    }
    if (engine.writeRaw(this.slot, pieces[last])) {
      callback(null);
      return;
    }
    this.writing = callback;
    this.writingLength = pieces.reduce((sum, { length }) => sum + length, 0);
    this.updateReference();
  }

  /**
   * Whether this is the answer of a handshake: a short first write, before anybody reads. It leaves
   * with the messages of this turn, and an I/O thread may write it.
   *
   * @param {Uint8Array[]} pieces
   */
  isAnswer(pieces) {
    return this.isHolding && pieces.length === 1 && this.bytesWritten <= MOST_ANSWER;
  }

  /**
   * Ends the output.
   *
   * @param {(error?: Error | null) => void} callback
   */
  end(callback) {
    if (this.slot !== -1) {
      sent(engine.end(this.slot), this.slot);
      if (engine.flushLink(this.slot)) scheduleDelivery();
    }
    callback();
  }

  readStart() {
    if (this.slot === -1) return 0;
    this.reading = true;
    if (!this.isClaimed) this.releaseHeld();
    engine.setPaused(this.slot, false);
    this.updateReference();
    return 0;
  }

  readStop() {
    this.stopReading();
    return 0;
  }

  stopReading() {
    this.reading = false;
    if (this.slot !== -1) engine.setPaused(this.slot, true);
    this.updateReference();
  }

  /**
   * Holds the input for a Peer.
   *
   * @param {() => void} onBarrier called when everything from before is delivered
   */
  hold(onBarrier) {
    this.isClaimed = true;
    this.isHolding = true;
    this.onBarrier = onBarrier;
    this.updateReference();
    engine.holdInput(this.slot);
  }

  /** Gives the input to the socket after all: no Peer takes the link. */
  unclaim() {
    this.isClaimed = false;
    this.onBarrier = null;
    this.updateReference();
    if (this.reading) this.releaseHeld();
  }

  releaseHeld() {
    if (!this.isHolding || this.slot === -1) return;
    this.isHolding = false;
    engine.releaseHeld(this.slot);
  }

  /**
   * Gives the link to a Peer.
   *
   * @returns {number} its slot
   */
  take() {
    const { slot } = this;
    this.received = transferred(slot)[0];
    this.slot = -1;
    this.updateReference();
    return slot;
  }

  /**
   * Releases the link.
   *
   * @param {() => void} [callback] called in a later turn
   */
  close(callback) {
    const { slot } = this;
    this.link = -1;
    if (slot !== -1) {
      this.received = transferred(slot)[0];
      this.slot = -1;
      if (calls.release(slot, false)) scheduleDelivery();
    }
    this.updateReference();
    // libuv reports closed handles after the immediates that the caller is about to schedule.
    nextTick(() => setImmediate(() => this.closed(callback)));
    return 0;
  }

  /**
   * @param {(() => void) | undefined} callback of `close`
   */
  closed(callback) {
    const { writing } = this;
    this.writing = null;
    if (writing === null) {
      this.tellClosed(callback);
      return;
    }
    // As Node calls back for a write when its handle is closed. What awaits that runs before 'close'.
    setImmediate(() => this.tellClosed(callback));
    this.runInAsyncScope(writing, undefined, null);
  }

  /**
   * @param {(() => void) | undefined} callback of `close`
   */
  tellClosed(callback) {
    if (callback !== undefined) this.runInAsyncScope(callback, this);
    this.emitDestroy();
  }

  /**
   * Resets the connection.
   *
   * @param {() => void} callback as of `close`
   */
  reset(callback) {
    const error = this.slot === -1 ? 0 : this.resetOnRelease();
    if (error === 0) this.close(callback);
    return error;
  }

  /** Makes the release of the link reset the connection, even if a Peer has it. */
  resetOnRelease() {
    return engine.resetOnRelease(this.link);
  }

  ref() {
    this.isReferenced = true;
    this.updateReference();
  }

  unref() {
    this.isReferenced = false;
    this.updateReference();
  }

  hasRef() {
    return this.isReferenced;
  }

  /**
   * As with libuv, a handle keeps the process alive while it reads or writes. While a Peer waits for
   * the barrier, the socket may be paused, and nothing else keeps it alive.
   */
  updateReference() {
    const isReading = (this.reading || this.onBarrier !== null) && !this.isOver;
    const isActive = this.slot !== -1 && (isReading || this.writing !== null);
    const keepsAlive = isActive && this.isReferenced;
    if (keepsAlive === this.keepsAlive) return;
    this.keepsAlive = keepsAlive;
    if (keepsAlive) reference();
    else unreference();
  }

  /** @param {boolean} on */
  setNoDelay(on) {
    return engine.setNoDelay(this.link, on);
  }

  /**
   * @param {boolean} on
   * @param {number} delay in seconds
   */
  setKeepAlive(on, delay) {
    return engine.setKeepAlive(this.link, on, delay * 1000);
  }

  /** @param {object} out gets the fields of the peer's address */
  getpeername(out) {
    return addressOf(this, true, out);
  }

  /** @param {object} out gets the fields of the own address */
  getsockname(out) {
    return addressOf(this, false, out);
  }

  getAsyncId() {
    return this.asyncId();
  }

  get bytesRead() {
    return this.slot === -1 ? this.received : transferred(this.slot)[0];
  }

  get writeQueueSize() {
    // What a failed send has thrown away has not left either.
    return this.slot === -1 ? 0 : this.bytesWritten - transferred(this.slot)[1];
  }
}

/** @param {LinkHandle} handle */
function endReading({ socket }) {
  socket.push(null);
  socket.read(0);
}

/**
 * @param {LinkHandle} handle
 * @param {[error: Error, syscall: string]} failure
 */
function fail(handle, [error, syscall]) {
  // The stream destroys the socket with the error of its write.
  if (syscall === 'write' && handle.writing !== null) handle.finishWrite(error);
  else handle.socket.destroy(error);
}

/**
 * @param {LinkHandle} handle
 * @param {boolean} ofPeer
 * @param {object} out
 * @returns {number} 0, or libuv's number of the error
 */
function addressOf({ link }, ofPeer, out) {
  const address = link === -1 ? null : engine.addressOf(link, ofPeer);
  if (address === null) return NOT_CONNECTED;
  Object.assign(out, address);
  return 0;
}

module.exports = LinkHandle;
