'use strict';

// Which sockets the engine can take.

const net = require('node:net');
const { Writable } = require('node:stream');

const { isFakeClock } = require('../engine/clock');
const kPeer = require('./kPeer');
const { isHook } = require('./streamOutput');

/**
 * Node has no public way to a socket's descriptor: `_handle` and its `fd` are where everybody finds
 * it, and a socket that has none stays a stream.
 *
 * @param {any} peer
 * @returns {boolean} whether its socket is of a kind that can be adopted, now or when Node has
 *   written all
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
    !(config.keepalive && peer.hooks.pingsByHand(peer.owner)) &&
    !isWatched(peer)
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
 * @param {any} peer
 */
function isWatched(peer) {
  const { hooks, owner, socket } = peer;
  // One listener is the connection's.
  if (socket.listenerCount('data') > 1 || socket.listenerCount('readable') > 0) return true;
  if (Object.hasOwn(socket, 'emit') || hooks.listener(owner, 'data') !== undefined) return true;
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

module.exports = { isAdoptable, isPlain };
