'use strict';

// Methods of Peer that attach it to its socket's events, and choose whether Node or the engine
// moves the bytes.

const { engine } = require('../engine/engine');
const { reference, unreference } = require('../engine/wake');
const { isAdoptable } = require('../transport/adoptable');
const adopt = require('../transport/adopt');
const { listen } = require('../transport/listeners');
const { forget, mayForget } = require('./forgotten');

module.exports = {
  /** Attaches the connection to its socket's events. */
  start() {
    listen(this);
    if (this.slot !== -1) this.chooseWhoAnswers();
    // Not before the handlers of the current turn are done: they see a connection on its first
    // listeners.
    this.isSettling = isAdoptable(this);
    if (this.isSettling) process.nextTick(adoptWhenWritten, this);
    else this.stayOnStream();
  },

  /**
   * Node moves the bytes: one timer of this thread waits for all deadlines, and nobody but the
   * socket and the application may keep the connection.
   */
  stayOnStream() {
    if (this.isForgettable || this.slot === -1) return;
    // Node would end the output with the input, and what is being deflated would come too late.
    if (this.compression !== null) this.socket.allowHalfOpen = true;
    mayForget(this);
    this.armTimer();
  },

  /** @param {boolean} isReferenced whether it keeps the process alive */
  setReferenced(isReferenced) {
    if (this.isReferenced === isReferenced || (isReferenced && this.slot === -1)) return;
    this.isReferenced = isReferenced;
    if (isReferenced) reference();
    else unreference();
  },
};

/**
 * Hands the descriptor over as soon as Node has written everything that came before.
 *
 * @param {any} peer
 */
function adoptWhenWritten(peer) {
  peer.uncork();
  peer.isSettling = peer.slot !== -1 && isAdoptable(peer);
  if (!peer.isSettling) {
    peer.stayOnStream();
    return;
  }
  if (peer.socket.writableLength > 0) {
    peer.socket.write('', () => adoptWhenWritten(peer));
    return;
  }
  const isAdopted = adopt(peer);
  peer.isSettling = false;
  if (isAdopted) goNative(peer);
  else peer.stayOnStream();
}

/**
 * The engine has the descriptor.
 *
 * @param {any} peer
 */
function goNative(peer) {
  const { socket } = peer;
  peer.transport = 'native';
  if (peer.deflates) peer.deflates = false;
  peer.clearTimer();
  if (peer.endsBehindDeflate) socket.end();
  if (hearsDrains(peer)) peer.reportDrains();
  if (peer.isForgettable) forget(peer);
  if (peer.queue !== null) engine.setPaused(peer.slot, true);
  peer.unthrottle();
  // Paused before the connection listened to its socket.
  if (socket.isPaused()) peer.pauseDelivery();
}

/**
 * Whether somebody has asked for drains, of the connection or of its socket, where the connection
 * itself listens too.
 *
 * @param {any} peer
 */
function hearsDrains(peer) {
  return (
    peer.drainWanted ||
    peer.hooks.listener(peer.owner, 'drain') !== undefined ||
    peer.socket.listenerCount('drain') > 1
  );
}
