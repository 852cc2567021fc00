'use strict';

// Decides which sockets the engine can adopt.

const net = require('node:net');
const { Writable } = require('node:stream');

const { isFakeClock } = require('../engine/clock');
const kPeer = require('./kPeer');
const { isHook } = require('./writeProgress');

/**
 * Node has no public name for a socket's descriptor, so this reads `_handle.fd`. A socket without
 * one stays a stream.
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
    socket._handle?.fd >= 0 &&
    typeof socket._handle.readStop === 'function' &&
    !socket.destroyed &&
    !socket.writableEnded &&
    socket.readableEncoding === null &&
    !socket._readableState.ended &&
    !(config.keepalive && peer.hooks.replacesPings(peer.owner)) &&
    !isWatched(peer)
  );
}

/**
 * Methods that move a socket's bytes. An application replaces them to count or change bytes. The
 * engine calls none of them.
 */
const OF_BYTES = ['write', 'end', 'read', 'push', '_write', '_writev'];

/** Node's own methods. Its sockets inherit write(), so a write() of a socket's own is foreign. */
const nodes = OF_BYTES.map((name) =>
  Reflect.get(name === 'write' ? Writable.prototype : net.Socket.prototype, name),
);

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
  return OF_BYTES.some((name, i) => socket[name] !== nodes[i] && !isHook(socket[name]));
}

/**
 * Whether a socket is of no subclass. Subclasses such as TLSSocket move bytes in their own way.
 *
 * @param {any} socket
 */
function isPlain(socket) {
  return Object.getPrototypeOf(socket) === net.Socket.prototype;
}

module.exports = { isAdoptable, isPlain };
