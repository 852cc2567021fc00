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

/**
 * Makes what the stream calls when a write is over.
 *
 * @param {any} connection
 * @param {number} length bytes of the write
 * @param {((error?: Error) => void) | undefined} callback
 * @returns {((error?: Error) => void) | undefined}
 */
function settler(connection, length, callback) {
  // The engine says itself what became of a message.
  if (connection.transport !== 'stream' || isStandIn(connection.socket)) return callback;
  connection._written += length;
  if (typeof callback !== 'function') return undefined;
  watchDestroy(connection);
  connection._progress ??= progressOf(connection.socket);
  const pending = new SendCallback(callback);
  const end = connection._written;
  return (error) => pending.call(error || faultAt(connection, end, error));
}

/**
 * As `settler`, for one write with several messages in it.
 *
 * @param {any} connection
 * @param {number} length bytes of the write
 * @param {SendCallback[]} callbacks
 * @param {number[]} behind for each, how many bytes of the write come behind its message
 * @returns {((error?: Error) => void) | undefined}
 */
function settlerOfAll(connection, length, callbacks, behind) {
  connection._written += length;
  if (callbacks.length === 0) return undefined;
  connection._progress ??= progressOf(connection.socket);
  const end = connection._written;
  return (error) => {
    callbacks.forEach((pending, i) => {
      pending.call(error || faultAt(connection, end - behind[i], error));
    });
  };
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
 * @param {any} connection
 * @param {number} end of a message
 * @param {null | undefined} none what the stream has for no error
 * @returns {Error | null | undefined} what became of the message
 */
function faultAt(connection, end, none) {
  return end > connection._sentUpTo ? destroyedError() : none;
}

/**
 * Prepares for the destruction of a connection's stream. The stream would forget what it is corked
 * over, which would have been written but for that; and how far the output got can only be asked
 * before.
 *
 * @param {any} connection
 */
function watchDestroy(connection) {
  if (connection._watchesDestroy) return;
  connection._watchesDestroy = true;
  const { socket } = connection;
  wrap(socket, 'destroy', () => {
    if (socket.destroyed) return;
    connection._uncork();
    // Nobody asks what became of messages without a callback.
    if (connection._progress !== null) connection._sentUpTo = sentUpTo(connection);
  });
}

/**
 * @param {any} connection
 * @returns {number} up to where the kernel has the output, as `_written` counts it
 */
function sentUpTo(connection) {
  const { writing, sent } = connection._progress();
  if (writing === 0) return Number.POSITIVE_INFINITY;
  let buffered = 0;
  for (const { chunk } of connection.socket.writableBuffer) buffered += chunk.length;
  return connection._written - buffered - writing + sent;
}

/**
 * Has something done before an application ends the socket by itself.
 *
 * @param {any} socket
 * @param {() => void} finish
 */
function beforeEnd(socket, finish) {
  if (!isHook(socket.end)) wrap(socket, 'end', finish);
}

/**
 * @typedef {() => { writing: number, sent: number }} Progress bytes of the write under way, and
 *   those of them that the kernel has
 *
 * @param {any} socket
 * @returns {Progress}
 */
function progressOf(socket) {
  return socket._handle?._parent ? tlsProgress(socket) : plainProgress(socket);
}

/**
 * @param {any} socket
 * @returns {Progress}
 */
function plainProgress(socket) {
  return () => {
    const unsent = socket._handle?.writeQueueSize ?? 0;
    return { writing: unsent, sent: 0 };
  };
}

/**
 * Over TLS only encrypted bytes can be counted, and the peer reads none of a record that is cut
 * off. Each record is assumed to be as long as it can be, so that nothing is said to have left that
 * has not.
 *
 * @param {any} socket
 * @returns {Progress}
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
    const unfinished = socket._handle?.writeQueueSize ?? 0;
    const passed = below.bytesWritten - start;
    const unsent = below.writeQueueSize;
    // The kernel may have all of it although TLS has not heard so yet.
    if (unfinished === 0 || (unsent === 0 && passed === unfinished)) return { writing: 0, sent: 0 };
    const records = Math.floor((passed - unsent) / (RECORD + RECORD_OVERHEAD));
    return { writing: plain, sent: records > 0 ? records * RECORD : 0 };
  };
}

/** @param {{ chunk: { length: number } }[]} chunks */
function sum(chunks) {
  return chunks.reduce((total, { chunk }) => total + chunk.length, 0);
}

/** Functions of this file in the place of Node's own. */
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
 * Has something done before a method of a socket, which the application may have replaced or
 * replace later.
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
  settler,
  settlerOfAll,
  watchDestroy,
};
