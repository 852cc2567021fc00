'use strict';

const net = require('node:net');

const { engine } = require('../engine/engine');
const { sent } = require('../engine/flush');
const { checkIdle, restartIdleCheck, stopIdleCheck } = require('./idle');
const kPeer = require('./kPeer');
const linkError = require('./linkError');
const { isHeard } = require('./listeners');
const { NativeSocket } = require('./NativeSocket');
const NativeTlsSocket = require('./NativeTlsSocket');
const { hideWritten } = require('./showWritten');

/**
 * Makes the class of sockets whose I/O a Peer's link has taken over. A socket stays the same object
 * and gets its prototype, so that applications can still use it as a socket. The engine reads.
 * Writes leave in order with the frames. The lifecycle ('end', 'error', 'close', half-closing,
 * destroying) stays Node's own, and the engine reports events of the descriptor.
 *
 * @template {new (...args: any[]) => any} T
 * @param {T} Base the socket's class until then
 */
function adopted(Base) {
  return class AdoptedSocket extends Base {
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
      stopIdleCheck(this);
      const peer = this[kPeer];
      hideWritten(peer);
      // Node's own handle resets the connection by itself.
      if (this.resetAndClosing) this._handle?.resetOnRelease?.();
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
      restartIdleCheck(this);
      return super.setTimeout(milliseconds, callback);
    }

    _onTimeout() {
      checkIdle(this, this[kPeer].slot);
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

    get writableLength() {
      const peer = this[kPeer];
      const ours = peer.isWrittenShown ? 0 : peer.unsentAmount();
      return Reflect.get(net.Socket.prototype, 'writableLength', this) + ours;
    }

    get writableNeedDrain() {
      const theirs = Reflect.get(net.Socket.prototype, 'writableNeedDrain', this);
      const peer = this[kPeer];
      peer.wantDrain();
      return theirs || (peer.drainOwed && !this.writableEnded && !this.destroyed);
    }

    get bytesRead() {
      const peer = this[kPeer];
      return peer.readBefore + peer.transferred()[0];
    }

    get bytesWritten() {
      const peer = this[kPeer];
      return peer.writtenBefore + peer.transferred()[1];
    }
  };
}

/** For each class of sockets that the engine can take over, the class that they get. */
const classes = new Map(
  [net.Socket, NativeSocket, NativeTlsSocket].map((Class) => [
    Class.prototype,
    adopted(Class).prototype,
  ]),
);

/**
 * @param {any} socket
 * @returns {any} the prototype that it gets when the engine takes it over, if it can
 */
function adoptedPrototype(socket) {
  return classes.get(Object.getPrototypeOf(socket));
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
  const error = linkError(syscall, errno);
  const isOpen = peer.hooks.isOpen(peer.owner) && !socket.readableEnded;
  if (error.code === 'EPIPE' && peer.outputEnded && isOpen) {
    // The application has ended the output, and then the engine had a pong or a ping to send. The
    // stream's own error for that is the one for a write after its end.
    socket.write(' ');
    return;
  }
  socket.destroy(error);
}

module.exports = { adoptedPrototype, endReading, fail };
