'use strict';

const net = require('node:net');

const kPeer = require('./kPeer');

/** By event, the method of a Peer that hears it; and the listener that Node's sockets share. */
const LISTENERS = [
  listener('error', (peer, error) => peer.onError(error)),
  listener('end', (peer) => peer.onEnd()),
  listener('close', (peer, hadError) => peer.onClose(hadError)),
  listener('drain', (peer) => peer.onDrain()),
  listener('pause', (peer) => peer.onPause()),
  listener('resume', (peer) => peer.onResume()),
  listener('data', (peer, data) => peer.onData(data)),
];

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
 * Makes a Peer hear its socket. Sockets of Node's have listeners in common, where functions bound
 * to each connection would take half a kilobyte of it; anything else that is given for a socket may
 * call them in its own way, and methods that the application has replaced are its own.
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
 * Takes every listener for `event` off an emitter of Node's without the help of
 * `removeAllListeners()`, after which an emitter keeps its listeners in a hash table of several
 * hundred bytes.
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

module.exports = { listen, removeListeners };
