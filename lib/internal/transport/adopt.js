'use strict';

const net = require('node:net');
const { isMainThread } = require('node:worker_threads');

const { calls, connections, engine, transferred } = require('../engine/engine');
const { openWake } = require('../engine/loop');
const { surface } = require('../engine/ticks');
const { AdoptedSocket } = require('./AdoptedSocket');
const kPeer = require('./kPeer');

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
 * Hands the socket of a connection to the engine, if it is one that can be: a plain net.Socket with
 * a live descriptor of which Node has nothing left to write.
 *
 * @param {any} peer
 * @returns {boolean}
 */
function adopt(peer) {
  const { socket } = peer;
  const handle = socket._handle;
  const { bytesRead, bytesWritten } = socket;
  socket[kPeer] = peer;
  // From here on nothing may start the reading again but the engine.
  Object.setPrototypeOf(socket, AdoptedSocket.prototype);
  unwrapListening(socket);
  handle.readStop();
  handle.reading = false;
  // What Node has read already comes as 'data', before anything that the engine reads.
  readRest(socket);
  const isReferenced = handle.hasRef?.() ?? true;
  const owns = !ASKS_BEFORE_CLOSING || !isReferenced || isWrapped(handle);
  const isOver = peer.slot === -1 || socket.destroyed;
  if (isOver || !calls.adopt(peer.slot, handle.fd, owns)) {
    Object.setPrototypeOf(socket, net.Socket.prototype);
    // The stream believes that it is being read already, so it is Node's own start that must be
    // asked for.
    if (!socket.destroyed) socket._read(0);
    return false;
  }
  openWake();
  if (!owns) lend(handle, peer);
  const [received, written] = transferred(peer.slot);
  peer.readBefore = compact(bytesRead - received);
  peer.writtenBefore = compact(bytesWritten - written);
  connections[peer.slot] = peer;
  // The application may have let go of the socket before.
  peer.setReferenced(isReferenced);
  // The timer that the application has set already would not ask the engine.
  if (socket.timeout > 0) socket.setTimeout(socket.timeout);
  return true;
}

/**
 * Makes the engine give up the descriptor of a handle before the handle closes it, on every way to
 * close it. The system gives the number to the next connection.
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
 * @param {any} peer
 */
function giveUp(peer) {
  if (peer.slot === -1) return;
  engine.giveUpDescriptor(peer.slot);
  peer.setReferenced(false);
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

module.exports = adopt;
