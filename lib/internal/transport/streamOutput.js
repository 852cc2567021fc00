'use strict';

/**
 * How far the output of a stream got. When a socket is destroyed, Node calls back without an error
 * for all that is in the write under way, whether the kernel took it or not. So the end of each
 * message is counted here, and compared with what had left by then.
 */

const { SendCallback } = require('./callbacks');

/**
 * The plain text of a TLS record, and the most that its encryption adds (RFC 5246 §6.2, RFC 8446
 * §5).
 */
const RECORD = 16384;
const RECORD_OVERHEAD = 69;

/** Key of a function that notes where the write ends in all that the socket has to write. */
const kPlace = Symbol('place');

/**
 * Makes what the stream calls when a write is over.
 *
 * @param {any} peer
 * @param {((error?: Error) => void) | undefined} callback
 * @returns {((error?: Error) => void) | undefined}
 */
function settler(peer, callback) {
  // The engine says itself what became of a message.
  const isOurs = peer.transport === 'stream' && !isStandIn(peer.socket);
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
  settle[kPlace] = () => {
    end = positionOf(peer.socket);
  };
  return settle;
}

/**
 * To be called right behind a write.
 *
 * @param {any} settle what the stream calls when the write is over
 */
function place(settle) {
  settle?.[kPlace]?.();
}

/**
 * Whether it only looks like a socket, as test doubles do: it calls back in its own way.
 *
 * @param {any} socket
 */
function isStandIn(socket) {
  return typeof socket.cork !== 'function';
}

/**
 * @param {any} peer
 * @param {number} end of a message
 * @param {null | undefined} none what the stream has for no error
 * @returns {Error | null | undefined} what became of the message
 */
function faultAt(peer, end, none) {
  return end > peer.sentUpTo ? destroyedError() : none;
}

/**
 * @param {any} socket
 * @returns {number} where the next byte goes in all that the socket has to write. It is not a
 *   number where the socket has no handle of Node's: then its own callbacks have to do.
 */
function positionOf(socket) {
  const { writing, writelen } = socket._writableState;
  return socket._bytesDispatched + socket.writableLength - (writing ? writelen : 0);
}

/**
 * Prepares for the destruction of a connection's stream, which would forget what it is corked over.
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
 * Records how far the output got when the stream is destroyed. That can only be asked before the
 * handle is closed.
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
 * @returns {() => number} says up to where the kernel has the output
 */
function plainProgress(socket) {
  return () => socket._bytesDispatched - (socket._handle?.writeQueueSize ?? 0);
}

/**
 * Over TLS only encrypted bytes can be counted, and the peer reads none of a record that is cut
 * off. Each record is assumed to be as long as it can be, so that nothing is said to have left that
 * has not.
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
    // The kernel may have all of it although TLS has not heard so yet.
    if (unfinished === 0 || (unsent === 0 && written === unfinished)) return dispatched;
    const records = Math.floor((written - unsent) / (RECORD + RECORD_OVERHEAD));
    return dispatched - plain + (records > 0 ? records * RECORD : 0);
  };
}

/** @param {{ chunk: { length: number } }[]} chunks */
function sum(chunks) {
  return chunks.reduce((total, { chunk }) => total + chunk.length, 0);
}

/** Functions of this file in the place of methods; and those of them that have Node's own below. */
const wrappers = new WeakSet();
const hooks = new WeakSet();

/**
 * Whether a method of a socket is Node's, with no more before it than this package's own.
 *
 * @param {any} method
 */
function isHook(method) {
  return hooks.has(method);
}

/**
 * Runs `before` ahead of a method of a socket. The application may have replaced the method, or may
 * do so later.
 *
 * @param {any} socket
 * @param {string} name
 * @param {(argument: any) => void} before
 */
function wrap(socket, name, before) {
  const own = Object.hasOwn(socket, name) ? socket[name] : null;
  const value = (...args) => {
    before(args[0]);
    // The prototype changes when the engine takes the socket.
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
  isStandIn,
  place,
  settler,
  settlerOfAll,
  watchDestroy,
};
