'use strict';

const net = require('node:net');
const util = require('node:util');

const { engine } = require('../engine/engine');
const { sent } = require('../engine/flush');
const { now } = require('../engine/ticks');
const kPeer = require('./kPeer');

/**
 * The timer that looks again whether the socket was idle for its timeout, and when it last emitted
 * 'timeout'.
 */
const kIdleCheck = Symbol('websocket.idleCheck');
const kReported = Symbol('websocket.idleReported');

/**
 * What a net.Socket becomes when the engine has taken its I/O over: the same object with this
 * prototype in between, so that everything an application may do with it goes on to work. Reading
 * is the engine's; what is written goes out in order with the frames; the lifecycle ('end',
 * 'error', 'close', half-closing, destroying) stays Node's own, and the engine reports what the
 * descriptor does.
 */
class AdoptedSocket extends net.Socket {
  _read() {}

  write(chunk, encoding, callback) {
    const peer = this[kPeer];
    const done = typeof encoding === 'function' ? encoding : callback;
    const isText = typeof chunk === 'string';
    const ours = peer.slot !== -1 && !this.writableEnded && !this.destroyed;
    // Errors, and what has no bytes to wait for, are the stream's.
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
    return super.end(...args);
  }

  _write(chunk, encoding, callback) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk;
    const peer = this[kPeer];
    peer.sentNatively(engine.sendRaw(peer.slot, bytes, false));
    // The engine has its own copy. To call back at once keeps the stream from queueing later chunks
    // behind this one, which frames would overtake.
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
    peer.release();
    // While it lingers, what was sent may still leave.
    if (!peer.awaitsCallbacks()) peer.setReferenced(false);
    super._destroy(error, callback);
  }

  on(event, listener) {
    if (event === 'drain') this[kPeer].wantDrain();
    return super.on(event, listener);
  }

  addListener(event, listener) {
    return this.on(event, listener);
  }

  prependListener(event, listener) {
    if (event === 'drain') this[kPeer].wantDrain();
    return super.prependListener(event, listener);
  }

  setTimeout(milliseconds, callback) {
    clearTimeout(this[kIdleCheck]);
    this[kReported] = undefined;
    return super.setTimeout(milliseconds, callback);
  }

  /**
   * The timer of `setTimeout()` is due. Node sees nothing of what the engine moves, so the engine
   * says how long the socket was idle. Node does not start the timer again either, so that is done
   * here.
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
    // One silence is reported once: another begins with the next byte.
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
    const { slot } = this[kPeer];
    const ours = slot === -1 ? 0 : engine.bufferedAmount(slot);
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
 * The peer has ended its side.
 *
 * @param {any} socket
 */
function endReading(socket) {
  socket.push(null);
  socket.read(0);
}

/**
 * The descriptor failed: an error as Node would make it.
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
    // The application has ended the output itself, and then the engine had a pong or a ping to
    // send. The stream has an error for that: a write behind its end.
    socket.write(' ');
    return;
  }
  const error = Object.assign(new Error(`${syscall} ${code}`), { errno: -errno, code, syscall });
  socket.destroy(error);
}

module.exports = { AdoptedSocket, endReading, fail };
