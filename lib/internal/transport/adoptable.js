'use strict';

// Decides which sockets the engine can adopt.

const { Writable } = require('node:stream');

const { isFakeClock } = require('../engine/clock');
const { adoptedPrototype } = require('./AdoptedSocket');
const kPeer = require('./kPeer');
const LinkHandle = require('./LinkHandle');
const { isHook } = require('./writeProgress');

/**
 * Node has no public name for a socket's descriptor, so this reads `_handle.fd`. A socket without
 * one stays a stream. A NativeSocket has a link of the engine.
 *
 * @param {any} peer
 * @returns {boolean} whether its socket can be adopted, now or when Node has written everything
 */
function isAdoptable(peer) {
  const { config, socket } = peer;
  return (
    config.transport !== 'stream' &&
    process.platform !== 'win32' &&
    !isFakeClock() &&
    isPlain(socket) &&
    (socket[kPeer] ?? peer) === peer &&
    hasDescriptor(socket) &&
    !socket.destroyed &&
    !socket.writableEnded &&
    socket.readableEncoding === null &&
    !socket._readableState.ended &&
    !(config.keepalive && peer.hooks.replacesPings(peer.owner)) &&
    !isWatched(peer)
  );
}

/**
 * Whether the engine can take the descriptor of a socket, or has it already.
 *
 * @param {any} socket
 */
function hasDescriptor({ _handle: handle }) {
  if (handle instanceof LinkHandle) return handle.slot !== -1 && !handle.isOver;
  return handle?.fd >= 0 && typeof handle.readStop === 'function';
}

/**
 * Methods that move a socket's bytes. An application replaces them to count or change bytes. The
 * engine calls none of them.
 */
const OF_BYTES = ['write', 'end', 'read', 'push', '_write', '_writev'];

/**
 * Whether an application listens to the bytes of a socket, or has replaced a method that moves
 * them.
 *
 * @param {any} peer
 */
function isWatched(peer) {
  const { hooks, owner, socket } = peer;
  // One 'data' listener is the connection's own.
  if (socket.listenerCount('data') > 1 || socket.listenerCount('readable') > 0) return true;
  if (Object.hasOwn(socket, 'emit') || hooks.listener(owner, 'data') !== undefined) return true;
  const original = Object.getPrototypeOf(socket);
  return OF_BYTES.some((name) => {
    // A write() of a socket's own is foreign: its class inherits the method.
    const theirs = name === 'write' ? Writable.prototype.write : original[name];
    return socket[name] !== theirs && !isHook(socket[name]);
  });
}

/**
 * Whether the engine can take over sockets of this class: Node's own, or ours. Other subclasses,
 * such as TLSSocket, move bytes in their own way.
 *
 * @param {any} socket
 */
function isPlain(socket) {
  return adoptedPrototype(socket) !== undefined;
}

module.exports = { isAdoptable, isPlain };
