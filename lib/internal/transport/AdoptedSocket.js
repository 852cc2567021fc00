'use strict';

const net = require('node:net');
const { Writable } = require('node:stream');
const util = require('node:util');
const { isMainThread } = require('node:worker_threads');

const { isWoundByHand } = require('../engine/clock');
const { calls, connections, engine, transferred } = require('../engine/engine');
const { sent } = require('../engine/flush');
const { openWake } = require('../engine/loop');
const { now, surface } = require('../engine/ticks');
const { reference, unreference } = require('../engine/wake');
const { isHook } = require('./streamOutput');

/** The connection of a socket. */
const kConnection = Symbol('websocket.connection');
/**
 * The timer that looks again whether the socket was idle for its timeout, and when it was last told
 * that it was.
 */
const kIdleCheck = Symbol('websocket.idleCheck');
const kReported = Symbol('websocket.idleReported');

/**
 * Whether Node closes the handles of sockets only where JavaScript says so, as long as they keep
 * the process alive: not in a worker that is terminated, nor in an environment that an embedder
 * ends.
 */
const ASKS_BEFORE_CLOSING =
  isMainThread && !('electron' in process.versions) && !('nw' in process.versions);

/**
 * By the prototype that a handle had, the one that it has while the engine borrows its descriptor.
 */
const handlePrototypes = new Map();

/**
 * What a net.Socket becomes when the engine has taken its I/O over: the same object with this
 * prototype in between, so that everything an application may do with it goes on to work. Reading
 * is the engine's; what is written goes out in order with the frames; the lifecycle ('end',
 * 'error', 'close', half-closing, destroying) stays Node's own, told by the engine what the
 * descriptor does.
 */
class AdoptedSocket extends net.Socket {
  _read() {}

  write(chunk, encoding, callback) {
    const connection = this[kConnection];
    const done = typeof encoding === 'function' ? encoding : callback;
    const isText = typeof chunk === 'string';
    const ours = connection._slot !== -1 && !this.writableEnded && !this.destroyed;
    // Errors, and what has no bytes to wait for, are the stream's.
    if (!ours || !(isText || chunk instanceof Uint8Array) || chunk.length === 0) {
      return super.write(chunk, encoding, callback);
    }
    const bytes = isText
      ? Buffer.from(chunk, /** @type {any} */ (typeof encoding === 'string' ? encoding : 'utf8'))
      : chunk;
    const status = engine.sendRaw(connection._slot, bytes, typeof done === 'function');
    return connection._sentNatively(status, done);
  }

  end(...args) {
    this[kConnection]._ended = true;
    return super.end(...args);
  }

  _write(chunk, encoding, callback) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk;
    const connection = this[kConnection];
    connection._sentNatively(engine.sendRaw(connection._slot, bytes, false));
    // The engine has its own copy. To call back at once keeps the stream from queueing later chunks
    // behind this one, which frames would overtake.
    callback();
  }

  _writev(chunks, callback) {
    for (const { chunk, encoding } of chunks) this._write(chunk, encoding, () => {});
    callback();
  }

  _final(callback) {
    const connection = this[kConnection];
    const slot = connection._slot;
    if (slot === -1) return callback();
    const waits = engine.mark(slot);
    if (waits) connection._callWhenFlushed(callback);
    sent(engine.end(slot), slot);
    if (!waits) callback();
  }

  _destroy(error, callback) {
    clearTimeout(this[kIdleCheck]);
    release(this);
    super._destroy(error, callback);
  }

  on(event, listener) {
    if (event === 'drain') this[kConnection]._wantDrain();
    return super.on(event, listener);
  }

  addListener(event, listener) {
    return this.on(event, listener);
  }

  prependListener(event, listener) {
    if (event === 'drain') this[kConnection]._wantDrain();
    return super.prependListener(event, listener);
  }

  setTimeout(milliseconds, callback) {
    clearTimeout(this[kIdleCheck]);
    this[kReported] = undefined;
    return super.setTimeout(milliseconds, callback);
  }

  /**
   * The timer of `setTimeout()` is due. Node sees nothing of what the engine moves: how long the
   * socket was idle is the engine's to say, and since Node won't start the timer again either, that
   * is done here.
   */
  _onTimeout() {
    const timeout = this.timeout ?? 0;
    const slot = this[kConnection]._slot;
    const idle = slot === -1 ? timeout : engine.idleTime(slot);
    const isOver = idle >= timeout;
    const left = isOver ? timeout : Math.ceil(timeout - idle);
    this[kIdleCheck] = setTimeout(() => this._onTimeout(), left);
    this[kIdleCheck].unref?.();
    const time = now();
    // One silence is told of once: another begins with the next byte.
    if (!isOver || idle > time - this[kReported]) return;
    this[kReported] = time;
    this.emit('timeout');
  }

  ref() {
    super.ref();
    setReferenced(this[kConnection], true);
    return this;
  }

  unref() {
    super.unref();
    const connection = this[kConnection];
    setReferenced(connection, false);
    // When nothing else keeps the process alive, Node closes the handle by itself.
    if (connection._slot !== -1) engine.ownDescriptor(connection._slot);
    return this;
  }

  // @ts-expect-error the types declare properties, which in Node are accessors of the prototype too
  get writableLength() {
    const slot = this[kConnection]._slot;
    const ours = slot === -1 ? 0 : engine.bufferedAmount(slot);
    return Reflect.get(net.Socket.prototype, 'writableLength', this) + ours;
  }

  // @ts-expect-error as above
  get writableNeedDrain() {
    const theirs = Reflect.get(net.Socket.prototype, 'writableNeedDrain', this);
    this[kConnection]._wantDrain();
    return theirs || (this[kConnection]._drainOwed && !this.writableEnded && !this.destroyed);
  }

  // @ts-expect-error as above
  get bytesRead() {
    const connection = this[kConnection];
    return connection._readBefore + connection.bytesReceived;
  }

  // @ts-expect-error as above
  get bytesWritten() {
    const connection = this[kConnection];
    return connection._writtenBefore + connection.bytesSent;
  }
}

/**
 * Hands the socket of a connection to the engine, if it is one that can be: a plain net.Socket with
 * a live descriptor of which Node has nothing left to write.
 *
 * @param {any} connection
 * @returns {boolean}
 */
function adopt(connection) {
  const { socket } = connection;
  const handle = socket._handle;
  const { bytesRead, bytesWritten } = socket;
  socket[kConnection] = connection;
  // From here on nothing may start the reading again but the engine.
  Object.setPrototypeOf(socket, AdoptedSocket.prototype);
  unwrapListening(socket);
  handle.readStop();
  handle.reading = false;
  // What Node has read already comes as 'data', before anything that the engine reads.
  readRest(socket);
  const isReferenced = handle.hasRef?.() ?? true;
  const owns = !ASKS_BEFORE_CLOSING || !isReferenced || isWrapped(handle);
  const isOver = connection._slot === -1 || socket.destroyed;
  if (isOver || !calls.adopt(connection._slot, handle.fd, owns)) {
    Object.setPrototypeOf(socket, net.Socket.prototype);
    // The stream believes that it is being read already, so it is Node's own start that must be
    // asked for.
    if (!socket.destroyed) socket._read(0);
    return false;
  }
  openWake();
  if (!owns) lend(handle, connection);
  const [received, written] = transferred(connection._slot);
  connection._readBefore = compact(bytesRead - received);
  connection._writtenBefore = compact(bytesWritten - written);
  connections[connection._slot] = connection;
  // The application may have let go of the socket before.
  setReferenced(connection, isReferenced);
  // The timer that the application has set already would not ask the engine.
  if (socket.timeout > 0) socket.setTimeout(socket.timeout);
  return true;
}

/**
 * Makes the engine give up the descriptor of a handle before the handle closes it, on every way to
 * close it. The system gives the number to the next connection.
 *
 * @param {any} handle
 * @param {any} connection
 */
function lend(handle, connection) {
  const original = Object.getPrototypeOf(handle);
  let prototype = handlePrototypes.get(original);
  if (prototype === undefined) {
    prototype = Object.create(original);
    for (const name of ['close', 'reset']) {
      /** @this {any} */
      const value = function (...args) {
        giveUp(this[kConnection]);
        return original[name].apply(this, args);
      };
      if (name in original) {
        Object.defineProperty(prototype, name, { value, writable: true, configurable: true });
      }
    }
    handlePrototypes.set(original, prototype);
  }
  handle[kConnection] = connection;
  Object.setPrototypeOf(handle, prototype);
}

/**
 * Whether somebody has functions of a handle's own in place of those that `lend` replaces.
 *
 * @param {any} handle
 */
function isWrapped(handle) {
  return Object.hasOwn(handle, 'close') || Object.hasOwn(handle, 'reset');
}

/**
 * A handle is closed. A socket that is destroyed has released its connection by then.
 *
 * @param {any} connection
 */
function giveUp(connection) {
  if (connection._slot === -1) return;
  engine.giveUpDescriptor(connection._slot);
  setReferenced(connection, false);
}

/**
 * A number that has come from elsewhere takes an object of its own, unless V8 is shown that it is a
 * small integer.
 *
 * @param {number} count
 */
function compact(count) {
  return count < 2 ** 30 ? count | 0 : count;
}

/**
 * Node's HTTP server has put functions of its own before those of the prototype, which ask for a
 * parser that is gone.
 *
 * @param {any} socket
 */
function unwrapListening(socket) {
  for (const name of /** @type {const} */ (['on', 'addListener', 'prependListener'])) {
    const isNodes =
      socket[name].name === 'socketListenerWrap' || socket[name] === net.Socket.prototype[name];
    if (isNodes && Object.hasOwn(socket, name)) socket[name] = AdoptedSocket.prototype[name];
  }
}

/**
 * Takes what Node has read already. A listener of the application's may throw over it.
 *
 * @param {any} socket
 */
function readRest(socket) {
  for (let left = true; left; ) {
    try {
      left = socket.read() !== null;
    } catch (error) {
      surface(error);
    }
  }
}

/**
 * Node has no public way to a socket's descriptor: `_handle` and its `fd` are where everybody finds
 * it, and a socket that has none stays a stream.
 *
 * @param {any} connection
 * @returns {boolean} whether its socket is of a kind that can be adopted, now or when Node has
 *   written all
 */
function isAdoptable(connection) {
  const { config } = connection;
  /** @type {any} */
  const socket = connection.socket;
  return (
    config.transport !== 'stream' &&
    process.platform !== 'win32' &&
    !isWoundByHand() &&
    isPlain(socket) &&
    (socket[kConnection] ?? connection) === connection &&
    socket._handle?.fd >= 0 &&
    typeof socket._handle.readStop === 'function' &&
    !socket.destroyed &&
    !socket.writableEnded &&
    socket.readableEncoding === null &&
    !socket._readableState.ended &&
    !(config.keepalive && connection._pingsByHand()) &&
    !isWatched(connection)
  );
}

/**
 * What counts or changes the bytes of a socket when it is replaced. The engine calls none of it.
 */
const OF_BYTES = ['write', 'end', 'read', 'push', '_write', '_writev'];

/** Node's own. Its sockets inherit write(), so one of theirs is foreign. */
const nodes = OF_BYTES.map((name) =>
  Reflect.get(name === 'write' ? Writable.prototype : net.Socket.prototype, name),
);

/**
 * Whether somebody counts or changes the bytes of a socket.
 *
 * @param {any} connection
 */
function isWatched(connection) {
  const { socket } = connection;
  // One listener is the connection's.
  if (socket.listenerCount('data') > 1 || socket.listenerCount('readable') > 0) return true;
  if (Object.hasOwn(socket, 'emit') || connection._hearsDataByHand()) return true;
  return OF_BYTES.some((name, i) => socket[name] !== nodes[i] && !isHook(socket[name]));
}

/**
 * Subclasses, TLS sockets among them, move their bytes in their own way.
 *
 * @param {any} socket
 */
function isPlain(socket) {
  return Object.getPrototypeOf(socket) === net.Socket.prototype;
}

/** @param {any} socket */
function release(socket) {
  const connection = socket[kConnection];
  connection._release();
  // While it lingers, what was sent may still leave.
  if (!connection._awaitsCallbacks()) setReferenced(connection, false);
}

/**
 * @param {any} connection
 * @param {boolean} referenced whether it keeps the process alive
 */
function setReferenced(connection, referenced) {
  if (connection._referenced === referenced || (referenced && connection._slot === -1)) return;
  connection._referenced = referenced;
  if (referenced) reference();
  else unreference();
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
 * The descriptor failed, as Node would tell of it.
 *
 * @param {any} socket
 * @param {string} syscall
 * @param {number} errno as the system has it, positive
 */
function fail(socket, syscall, errno) {
  const code = errno === 0 ? 'EIO' : util.getSystemErrorName(-errno);
  const connection = socket[kConnection];
  const { _ended, receivedEnd, state } = connection;
  if (code === 'EPIPE' && _ended && !receivedEnd && state === 'open') {
    // The application has ended the output itself, and then the engine had a pong or a ping to
    // send. That is the writing after the end of which the stream tells.
    socket.write(' ');
    return;
  }
  const error = Object.assign(new Error(`${syscall} ${code}`), { errno: -errno, code, syscall });
  socket.destroy(error);
}

module.exports = { adopt, endReading, fail, isAdoptable, isPlain, kConnection, setReferenced };
