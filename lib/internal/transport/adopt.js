'use strict';

const net = require('node:net');
const { isMainThread } = require('node:worker_threads');

const { calls, connections, engine, transferred } = require('../engine/engine');
const { openWake } = require('../engine/loop');
const { surface } = require('../engine/ticks');
const { scheduleDelivery } = require('../engine/turn');
const { adoptedPrototype } = require('./AdoptedSocket');
const kPeer = require('./kPeer');
const LinkHandle = require('./LinkHandle');

/**
 * Whether Node closes a socket's handle only when JavaScript asks for it, as long as the handle
 * keeps the process alive. That is not so in a worker that is terminated, nor in an environment
 * that an embedder ends.
 */
const ASKS_BEFORE_CLOSING =
  isMainThread && !('electron' in process.versions) && !('nw' in process.versions);

/**
 * Maps the original prototype of a handle to the one that it has while the engine borrows its
 * descriptor.
 */
const handlePrototypes = new Map();

/**
 * Hands the socket of a connection to the engine: a net.Socket with a live descriptor, or a
 * NativeSocket whose link holds its input. The socket has nothing left to write.
 *
 * @param {any} peer
 * @returns {boolean} whether the engine has taken it
 */
function adopt(peer) {
  const { socket } = peer;
  const handle = socket._handle;
  const { bytesRead, bytesWritten } = socket;
  const original = Object.getPrototypeOf(socket);
  socket[kPeer] = peer;
  // From here on only the engine may start to read again.
  Object.setPrototypeOf(socket, adoptedPrototype(socket));
  unwrapListening(socket);
  const isNative = handle instanceof LinkHandle;
  if (!isNative) handle.readStop();
  handle.reading = false;
  // Bytes that Node has already read are emitted as 'data' before the engine reads.
  readRest(socket);
  const isReferenced = handle.hasRef?.() ?? true;
  const isOver = peer.slot === -1 || socket.destroyed;
  if (isOver || (!isNative && !takeDescriptor(peer, handle, isReferenced))) {
    Object.setPrototypeOf(socket, original);
    // The stream assumes that reading is under way, so `_read()` starts it again.
    if (!socket.destroyed) socket._read(0);
    return false;
  }
  if (isNative) {
    takeLink(peer, handle);
  } else {
    const [received, written] = transferred(peer.slot);
    peer.readBefore = compact(bytesRead - received);
    peer.writtenBefore = compact(bytesWritten - written);
  }
  connections[peer.slot] = peer;
  // The application may have unreferenced the socket before.
  peer.setReferenced(isReferenced);
  // A timer from before adoption does not ask the engine, so it is set again.
  if (socket.timeout > 0) socket.setTimeout(socket.timeout);
  return true;
}

/**
 * @param {any} peer
 * @param {any} handle of Node's
 * @param {boolean} isReferenced
 * @returns {boolean} whether the engine has taken the descriptor
 */
function takeDescriptor(peer, handle, isReferenced) {
  const owns = !ASKS_BEFORE_CLOSING || !isReferenced || isWrapped(handle);
  if (!calls.adopt(peer.slot, handle.fd, owns)) return false;
  openWake();
  if (!owns) lend(handle, peer);
  return true;
}

/**
 * Gives the link of a NativeSocket to the Peer, in place of the one that had no descriptor.
 *
 * @param {any} peer
 * @param {LinkHandle} handle
 */
function takeLink(peer, handle) {
  const { slot: from } = peer;
  const { writing } = handle;
  const link = handle.take();
  // The mark of this write is the link's first one.
  if (writing !== null) {
    handle.writing = null;
    peer.callWhenFlushed(writing);
    engine.leaveToStream(link);
  }
  peer.slot = link;
  const [received, written] = engine.switchLink(peer.slot, from, Buffer.concat(peer.takeHeld()));
  peer.countsSocket = true;
  peer.readBefore = compact(received);
  peer.writtenBefore = compact(written);
  // A pause was the stream's.
  engine.setPaused(peer.slot, false);
  connections[from] = undefined;
  if (calls.release(from, false)) scheduleDelivery();
}

/**
 * Makes the engine give up a handle's descriptor before any method of the handle closes it. The
 * system may give the same number to the next connection.
 *
 * @param {any} handle
 * @param {any} peer
 */
function lend(handle, peer) {
  const original = Object.getPrototypeOf(handle);
  let prototype = handlePrototypes.get(original);
  if (prototype === undefined) {
    prototype = Object.create(original);
    for (const name of ['close', 'reset']) {
      /** @this {any} */
      const value = function (...args) {
        giveUp(this[kPeer]);
        return original[name].apply(this, args);
      };
      if (name in original) {
        Object.defineProperty(prototype, name, { value, writable: true, configurable: true });
      }
    }
    handlePrototypes.set(original, prototype);
  }
  handle[kPeer] = peer;
  Object.setPrototypeOf(handle, prototype);
}

/**
 * Whether a handle itself has own methods that would hide those of `lend`.
 *
 * @param {any} handle
 */
function isWrapped(handle) {
  return Object.hasOwn(handle, 'close') || Object.hasOwn(handle, 'reset');
}

/**
 * Called when a handle is about to be closed. A destroyed socket has already released its link.
 *
 * @param {any} peer
 */
function giveUp(peer) {
  if (peer.slot === -1) return;
  engine.giveUpDescriptor(peer.slot);
  peer.setReferenced(false);
}

/**
 * Makes V8 store a small integer as such. It stores other numbers from the addon as objects.
 *
 * @param {number} count
 */
function compact(count) {
  return count < 2 ** 30 ? count | 0 : count;
}

/**
 * Replaces the wrappers that Node's HTTP server has set on the socket. They use a parser that is
 * gone.
 *
 * @param {any} socket
 */
function unwrapListening(socket) {
  for (const name of /** @type {const} */ (['on', 'addListener', 'prependListener'])) {
    const isNodes =
      socket[name].name === 'socketListenerWrap' || socket[name] === net.Socket.prototype[name];
    if (isNodes && Object.hasOwn(socket, name)) socket[name] = Object.getPrototypeOf(socket)[name];
  }
}

/**
 * Reads the bytes that Node has buffered. A 'data' listener of the application may throw.
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

module.exports = adopt;
