'use strict';

// Methods of Peer that attach it to its socket's events, and choose whether Node or the engine
// moves the bytes.

const { engine } = require('../engine/engine');
const { setImmediate } = require('../engine/ticks');
const { reference, unreference } = require('../engine/wake');
const { isAdoptable } = require('../transport/adoptable');
const adopt = require('../transport/adopt');
const LinkHandle = require('../transport/LinkHandle');
const { listen } = require('../transport/listeners');
const { showWritten } = require('../transport/showWritten');
const { forget, mayForget } = require('./forgotten');

module.exports = {
  /** Attaches the connection to its socket's events. */
  start() {
    listen(this);
    if (this.slot !== -1) this.chooseWhoAnswers();
    // Adoption waits for the next tick: handlers of this turn may add listeners that rule it out.
    this.isSettling = isAdoptable(this);
    if (!this.isSettling) {
      this.stayOnStream();
      return;
    }
    if (this.socket._handle instanceof LinkHandle) {
      this.socket._handle.isClaimed = true;
      this.held = [];
    }
    process.nextTick(adoptAfterInput, this);
  },

  /**
   * Takes the bytes that were received while the socket's own link is about to be taken. That link
   * decodes them.
   *
   * @returns {Buffer[]}
   */
  takeHeld() {
    const { held } = this;
    this.held = null;
    return held ?? [];
  },

  /** Decodes these bytes here, because the socket stays a stream or has ended. */
  decodeHeld() {
    for (const bytes of this.takeHeld()) this.receive(bytes);
  },

  /**
   * Stays on the stream transport: Node moves the bytes, and a timer of this thread waits for the
   * next deadline. Only the socket and the application keep the connection, so a finalizer releases
   * its link.
   */
  stayOnStream() {
    if (this.isForgettable || this.slot === -1) return;
    if (this.held !== null) this.decodeHeld();
    if (this.socket._handle instanceof LinkHandle) this.socket._handle.unclaim();
    // Otherwise Node ends the output with the input, before all messages are deflated.
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
 * Adopts a socket. While messages are still to be deflated, it first lets the event loop look at the
 * input once more: if the peer has ended already, the API may give these messages up.
 *
 * @param {any} peer
 */
function adoptAfterInput(peer) {
  if (peer.deflates) setImmediate(() => setImmediate(adoptWhenWritten, peer));
  else adoptWhenWritten(peer);
}

/**
 * Hands the descriptor to the engine once Node has written all earlier output.
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
  const { socket } = peer;
  const { _handle: handle } = socket;
  const isNative = handle instanceof LinkHandle;
  // Its first write is with the engine already.
  if (socket.writableLength > (isNative ? handle.writingLength : 0)) {
    // A reset would wait behind what the link holds, and the output would never leave.
    if (isNative) handle.releaseHeld();
    socket.write('', () => adoptWhenWritten(peer));
    return;
  }
  if (isNative && !prepareLink(peer, handle)) return;
  const isAdopted = adopt(peer);
  peer.isSettling = false;
  if (isAdopted) goNative(peer);
  else peer.stayOnStream();
}

/**
 * Prepares the link of a NativeSocket to be taken: it holds its input, and the output of the Peer's
 * other link has left that.
 *
 * @param {any} peer
 * @param {LinkHandle} handle
 * @returns {boolean} false if the adoption goes on later
 */
function prepareLink(peer, handle) {
  if (!handle.isHolding) {
    handle.hold(() => adoptWhenWritten(peer));
    return false;
  }
  // Its barrier is still to come.
  if (handle.onBarrier !== null) return false;
  if (!peer.deflates) return true;
  engine.deflateAll(peer.slot);
  peer.writeDeflated();
  process.nextTick(adoptWhenWritten, peer);
  return false;
}

/**
 * Switches to the native transport: the engine has the descriptor.
 *
 * @param {any} peer
 */
function goNative(peer) {
  const { socket } = peer;
  peer.transport = 'native';
  if (peer.showsWritten) showWritten(peer);
  if (peer.deflates) peer.deflates = false;
  peer.clearTimer();
  if (peer.endsBehindDeflate) socket.end();
  if (hearsDrains(peer)) peer.reportDrains();
  if (peer.isForgettable) forget(peer);
  if (peer.queue !== null && !peer.hooks.readsAhead) engine.setPaused(peer.slot, true);
  peer.unthrottle();
  // The application may have paused the socket before the connection listened to it.
  if (socket.isPaused()) peer.pauseDelivery();
}

/**
 * Whether somebody listens for 'drain' on the connection or on its socket, besides the Peer itself.
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
