'use strict';

const net = require('node:net');

const kPeer = require('./kPeer');

/** For each event, the call of a Peer's method, and the listener that Node's sockets share. */
const LISTENERS = [
  listener('error', (peer, error) => peer.onError(error)),
  listener('end', (peer) => peer.onEnd()),
  listener('close', (peer, hadError) => peer.onClose(hadError)),
  listener('drain', (peer) => peer.onDrain()),
  listener('pause', (peer) => peer.onPause()),
  listener('resume', (peer) => peer.onResume()),
  listener('data', (peer, data) => peer.onData(data)),
];

/** The Peer's own listener for the bytes of Node's sockets. */
const ownDataListener = LISTENERS[LISTENERS.length - 1].shared;

/**
 * @param {string} event
 * @param {(peer: any, argument: any) => void} hear
 */
function listener(event, hear) {
  return {
    event,
    hear,
    /** @this {any} */
    shared(argument) {
      hear(this[kPeer], argument);
    },
  };
}

/**
 * Attaches a Peer to its socket's events. Node's sockets share listeners, because functions bound
 * to each connection would take half a kilobyte. Other streams get bound functions, because they
 * may call listeners in their own way. Replacements by the application are attached as they are.
 *
 * @param {any} peer
 */
function listen(peer) {
  const { hooks, owner, socket } = peer;
  const isShared = socket instanceof net.Socket && !(kPeer in socket);
  if (isShared) /** @type {any} */ (socket)[kPeer] = peer;
  for (const { event, hear, shared } of LISTENERS) {
    const own = hooks.listener(owner, event);
    if (own !== undefined) socket.on(event, own);
    else socket.on(event, isShared ? shared : (argument) => hear(peer, argument));
  }
}

/**
 * Whether an application listens to the bytes of a socket.
 *
 * @param {any} socket
 */
function isHeard(socket) {
  return socket.listenerCount('data') > Number(socket.listeners('data').includes(ownDataListener));
}

/**
 * Hands bytes of an adopted socket to the application's listeners. The Peer has them already.
 *
 * @param {any} socket
 * @param {Buffer} bytes
 */
function showBytes(socket, bytes) {
  for (const listener of socket.rawListeners('data')) {
    if (listener !== ownDataListener) Reflect.apply(listener, socket, [bytes]);
  }
}

/**
 * Removes every listener for `event`. It does not call `removeAllListeners()` on Node's sockets,
 * because the emitter then keeps its listeners in a hash table of several hundred bytes.
 *
 * @param {any} emitter
 * @param {string} event
 */
function removeListeners(emitter, event) {
  if (!(emitter instanceof net.Socket)) {
    emitter.removeAllListeners(event);
    return;
  }
  for (const listener of emitter.rawListeners(event).reverse()) {
    emitter.removeListener(event, /** @type {(...args: any[]) => void} */ (listener));
  }
}

module.exports = { isHeard, listen, removeListeners, showBytes };
