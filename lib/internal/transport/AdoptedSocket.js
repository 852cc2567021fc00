'use strict';

const net = require('node:net');
const util = require('node:util');

const { engine } = require('../engine/engine');
const { sent } = require('../engine/flush');
const { now } = require('../engine/ticks');
const kPeer = require('./kPeer');
const { isHeard } = require('./listeners');
const { hideWritten } = require('./showWritten');

/**
 * The timer that checks again whether the socket was idle for its timeout, and the time of the last
 * 'timeout'.
 */
const kIdleCheck = Symbol('websocket.idleCheck');
const kReported = Symbol('websocket.idleReported');

/**
 * A net.Socket whose I/O the engine has taken over. It is the same object with this prototype, so
 * that applications can still use it as a socket. The engine reads. Writes leave in order with the
 * frames. The lifecycle ('end', 'error', 'close', half-closing, destroying) stays Node's own, and
 * the engine reports events of the descriptor.
 */
class AdoptedSocket extends net.Socket {
  _read() {}

  write(chunk, encoding, callback) {
    const peer = this[kPeer];
    const done = typeof encoding === 'function' ? encoding : callback;
    const isText = typeof chunk === 'string';
    const ours = peer.slot !== -1 && !this.writableEnded && !this.destroyed;
    // The stream itself handles errors and empty writes.
    if (!ours || !(isText || chunk instanceof Uint8Array) || chunk.length === 0) {
      return super.write(chunk, encoding, callback);
    }
    const bytes = isText
      ? Buffer.from(chunk, /** @type {any} */ (typeof encoding === 'string' ? encoding : 'utf8'))
      : chunk;
    const status = engine.sendRaw(peer.slot, bytes, typeof done === 'function');
    return peer.sentNatively(status, done);
  }

  end(...args) {
    this[kPeer].outputEnded = true;
    hideWritten(this[kPeer]);
    return super.end(...args);
  }

  _write(chunk, encoding, callback) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk;
    const peer = this[kPeer];
    peer.sentNatively(engine.sendRaw(peer.slot, bytes, false));
    // The engine has its own copy. The immediate callback keeps the stream from queueing later
    // chunks, which frames would overtake.
    callback();
  }

  _writev(chunks, callback) {
    for (const { chunk, encoding } of chunks) this._write(chunk, encoding, () => {});
    callback();
  }

  _final(callback) {
    const peer = this[kPeer];
    const { slot } = peer;
    if (slot === -1) return callback();
    const waits = engine.mark(slot);
    if (waits) peer.callWhenFlushed(callback);
    sent(engine.end(slot), slot);
    if (!waits) callback();
  }

  _destroy(error, callback) {
    clearTimeout(this[kIdleCheck]);
    const peer = this[kPeer];
    hideWritten(peer);
    peer.release();
    // While it lingers, output may still leave.
    if (!peer.awaitsCallbacks()) peer.setReferenced(false);
    super._destroy(error, callback);
  }

  on(event, listener) {
    noteListener(this[kPeer], event);
    return super.on(event, listener);
  }

  addListener(event, listener) {
    return this.on(event, listener);
  }

  prependListener(event, listener) {
    noteListener(this[kPeer], event);
    return super.prependListener(event, listener);
  }

  removeListener(event, listener) {
    super.removeListener(event, listener);
    const { slot } = this[kPeer];
    if (event === 'data' && slot !== -1 && !isHeard(this)) engine.showBytes(slot, false);
    return this;
  }

  off(event, listener) {
    return this.removeListener(event, listener);
  }

  setTimeout(milliseconds, callback) {
    clearTimeout(this[kIdleCheck]);
    this[kReported] = undefined;
    return super.setTimeout(milliseconds, callback);
  }

  /**
   * Called when the timer of `setTimeout()` fires. Node does not see the engine's I/O, so the
   * engine says how long the socket was idle, and this method starts the timer again.
   */
  _onTimeout() {
    const timeout = this.timeout ?? 0;
    const { slot } = this[kPeer];
    const idle = slot === -1 ? timeout : engine.idleTime(slot);
    const isOver = idle >= timeout;
    const left = isOver ? timeout : Math.ceil(timeout - idle);
    this[kIdleCheck] = setTimeout(() => this._onTimeout(), left);
    this[kIdleCheck].unref?.();
    const time = now();
    // Each silence is reported once. The next byte ends it.
    if (!isOver || idle > time - this[kReported]) return;
    this[kReported] = time;
    this.emit('timeout');
  }

  ref() {
    super.ref();
    this[kPeer].setReferenced(true);
    return this;
  }

  unref() {
    super.unref();
    const peer = this[kPeer];
    peer.setReferenced(false);
    // When nothing else keeps the process alive, Node closes the handle by itself.
    if (peer.slot !== -1) engine.ownDescriptor(peer.slot);
    return this;
  }

  // @ts-expect-error the types declare properties, which in Node are accessors of the prototype too
  get writableLength() {
    const peer = this[kPeer];
    const ours = peer.isWrittenShown ? 0 : peer.unsentAmount();
    return Reflect.get(net.Socket.prototype, 'writableLength', this) + ours;
  }

  // @ts-expect-error as above
  get writableNeedDrain() {
    const theirs = Reflect.get(net.Socket.prototype, 'writableNeedDrain', this);
    const peer = this[kPeer];
    peer.wantDrain();
    return theirs || (peer.drainOwed && !this.writableEnded && !this.destroyed);
  }

  // @ts-expect-error as above
  get bytesRead() {
    const peer = this[kPeer];
    return peer.readBefore + peer.transferred()[0];
  }

  // @ts-expect-error as above
  get bytesWritten() {
    const peer = this[kPeer];
    return peer.writtenBefore + peer.transferred()[1];
  }
}

/**
 * Notes that an application is about to listen to an adopted socket. The engine reports drains and
 * received bytes only to those who want them.
 *
 * @param {any} peer
 * @param {string | symbol} event
 */
function noteListener(peer, event) {
  if (event === 'drain') peer.wantDrain();
  else if (event === 'data' && peer.slot !== -1) engine.showBytes(peer.slot, true);
}

/**
 * Ends the socket's input, because the peer has ended its side.
 *
 * @param {any} socket
 */
function endReading(socket) {
  socket.push(null);
  socket.read(0);
}

/**
 * Destroys the socket with the error that Node would make, because its descriptor failed.
 *
 * @param {any} peer
 * @param {string} syscall
 * @param {number} errno as the system has it, positive
 */
function fail(peer, syscall, errno) {
  const { socket } = peer;
  const code = errno === 0 ? 'EIO' : util.getSystemErrorName(-errno);
  const isOpen = peer.hooks.isOpen(peer.owner) && !socket.readableEnded;
  if (code === 'EPIPE' && peer.outputEnded && isOpen) {
    // The application has ended the output, and then the engine had a pong or a ping to send. The
    // stream's own error for that is the one for a write after its end.
    socket.write(' ');
    return;
  }
  const error = Object.assign(new Error(`${syscall} ${code}`), { errno: -errno, code, syscall });
  socket.destroy(error);
}

module.exports = { AdoptedSocket, endReading, fail };
