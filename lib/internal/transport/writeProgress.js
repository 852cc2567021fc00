'use strict';

/**
 * Finds out how much output of a stream has left. When a socket is destroyed, Node calls back
 * without an error for everything in the current write, whether the kernel took it or not. So this
 * file notes where each message ends, and compares that with the bytes that had left.
 */

const { SendCallback } = require('./callbacks');

/**
 * The plain text of a TLS record, and the most that its encryption adds (RFC 5246 §6.2, RFC 8446
 * §5).
 */
const RECORD = 16384;
const RECORD_OVERHEAD = 69;

/** Key of a function that notes the position at which the write ends in the socket's output. */
const kNoteEnd = Symbol('noteEnd');

/**
 * Makes the callback for a write to the stream.
 *
 * @param {any} peer
 * @param {((error?: Error) => void) | undefined} callback
 * @returns {((error?: Error) => void) | undefined}
 */
function settler(peer, callback) {
  // On the native transport the engine reports the result of a message.
  const isOurs = peer.transport === 'stream' && !isTestDouble(peer.socket);
  if (!isOurs || typeof callback !== 'function') return callback;
  return settlerOfAll(peer, [new SendCallback(callback)], [0]);
}

/**
 * As `settler`, for one write with several messages in it.
 *
 * @param {any} peer
 * @param {SendCallback[]} callbacks
 * @param {number[]} behind for each, how many bytes of the write come behind its message
 * @returns {((error?: Error) => void) | undefined}
 */
function settlerOfAll(peer, callbacks, behind) {
  if (callbacks.length === 0) return undefined;
  watchProgress(peer);
  let end = 0;
  const settle = (error) => {
    callbacks.forEach((pending, i) => {
      pending.call(error || faultAt(peer, end - behind[i], error));
    });
  };
  settle[kNoteEnd] = () => {
    end = positionOf(peer.socket);
  };
  return settle;
}

/**
 * Notes where a write ends. Called right after it.
 *
 * @param {any} settle the callback of the write
 */
function noteEnd(settle) {
  settle?.[kNoteEnd]?.();
}

/**
 * Whether a socket is a test double, which calls back in its own way.
 *
 * @param {any} socket
 */
function isTestDouble(socket) {
  return typeof socket.cork !== 'function';
}

/**
 * @param {any} peer
 * @param {number} end of a message
 * @param {null | undefined} none the stream's value for no error
 * @returns {Error | null | undefined} an error if the message did not leave, otherwise `none`
 */
function faultAt(peer, end, none) {
  return end > peer.sentUpTo ? destroyedError() : none;
}

/**
 * @param {any} socket
 * @returns {number} the position of the next byte in the socket's output. It is NaN where the
 *   socket has no handle of Node's; its own callbacks must do then.
 */
function positionOf(socket) {
  const { writing, writelen } = socket._writableState;
  return socket._bytesDispatched + socket.writableLength - (writing ? writelen : 0);
}

/**
 * Uncorks a connection's stream before it is destroyed. Otherwise it would lose its corked output.
 *
 * @param {any} peer
 */
function watchDestroy(peer) {
  if (peer.watchesDestroy) return;
  peer.watchesDestroy = true;
  const { socket } = peer;
  wrap(socket, 'destroy', () => {
    if (!socket.destroyed) peer.uncork();
  });
}

/**
 * Records how much output had left when the stream is destroyed. Only an open handle knows that.
 *
 * @param {any} peer
 */
function watchProgress(peer) {
  if (peer.watchesProgress) return;
  peer.watchesProgress = true;
  const { socket } = peer;
  const isSentUpTo = socket._handle?._parent ? tlsProgress(socket) : plainProgress(socket);
  wrap(socket, '_destroy', () => {
    peer.sentUpTo = isSentUpTo();
  });
}

/**
 * Runs `finish` before an application ends the socket by itself.
 *
 * @param {any} socket
 * @param {() => void} finish
 */
function beforeEnd(socket, finish) {
  if (!wrappers.has(socket.end)) wrap(socket, 'end', finish);
}

/**
 * @param {any} socket
 * @returns {() => number} returns the position up to which the kernel has the output
 */
function plainProgress(socket) {
  return () => socket._bytesDispatched - (socket._handle?.writeQueueSize ?? 0);
}

/**
 * Over TLS only encrypted bytes can be counted, and the peer can't read a part of a record. Each
 * record is assumed to have the greatest length, so that no message counts as sent that was not.
 *
 * @param {any} socket
 * @returns {() => number} as for `plainProgress`
 */
function tlsProgress(socket) {
  const below = socket._handle._parent;
  let start = below.bytesWritten;
  let plain = 0;
  const note = (chunk) => {
    start = below.bytesWritten;
    plain = Array.isArray(chunk) ? sum(chunk) : chunk.length;
  };
  wrap(socket, '_write', note);
  wrap(socket, '_writev', note);
  return () => {
    const dispatched = socket._bytesDispatched;
    const unfinished = socket._handle?.writeQueueSize ?? 0;
    const written = below.bytesWritten - start;
    const unsent = below.writeQueueSize;
    // The kernel may have everything before TLS gets the report.
    if (unfinished === 0 || (unsent === 0 && written === unfinished)) return dispatched;
    const records = Math.floor((written - unsent) / (RECORD + RECORD_OVERHEAD));
    return dispatched - plain + (records > 0 ? records * RECORD : 0);
  };
}

/** @param {{ chunk: { length: number } }[]} chunks */
function sum(chunks) {
  return chunks.reduce((total, { chunk }) => total + chunk.length, 0);
}

/**
 * The wrappers that this file has put around methods, and those among them that wrap Node's own.
 */
const wrappers = new WeakSet();
const hooks = new WeakSet();

/**
 * Whether a method of a socket is Node's own, with only wrappers of this package around it.
 *
 * @param {any} method
 */
function isHook(method) {
  return hooks.has(method);
}

/**
 * Runs `before` ahead of each call of a socket's method. The application may replace the method
 * before or after this.
 *
 * @param {any} socket
 * @param {string} name
 * @param {(argument: any) => void} before
 */
function wrap(socket, name, before) {
  const own = Object.hasOwn(socket, name) ? socket[name] : null;
  const value = (...args) => {
    before(args[0]);
    // Looked up for each call, because adoption changes the prototype.
    return (own ?? Object.getPrototypeOf(socket)[name]).apply(socket, args);
  };
  wrappers.add(value);
  if (own === null || isHook(own)) hooks.add(value);
  Object.defineProperty(socket, name, { value, writable: true, configurable: true });
}

function destroyedError() {
  const error = new Error('Cannot call write after a stream was destroyed');
  return Object.assign(error, { code: 'ERR_STREAM_DESTROYED' });
}

module.exports = {
  beforeEnd,
  destroyedError,
  isHook,
  isTestDouble,
  noteEnd,
  settler,
  settlerOfAll,
  watchDestroy,
};
