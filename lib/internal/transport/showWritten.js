'use strict';

const { engine } = require('../engine/engine');

/**
 * Makes `_writableState.length` of an adopted socket include the engine's output. Applications read
 * this private field of Node's.
 *
 * @param {any} peer
 */
function showWritten(peer) {
  if (peer.showsWritten && peer.transport !== 'native') return;
  peer.showsWritten = true;
  if (peer.transport === 'native') show(peer);
}

/**
 * @param {any} peer
 */
function show(peer) {
  const { socket } = peer;
  const state = socket._writableState;
  if (peer.isWrittenShown || socket.writableEnded || socket.destroyed) return;
  peer.isWrittenShown = true;
  const ours = () => (peer.slot === -1 ? 0 : engine.bufferedAmount(peer.slot));
  let nodes = state.length;
  // Node adds to the length and subtracts from it, so what was added for the reader comes off again.
  // An I/O thread may write in between, so it is not asked for a second time.
  let added = 0;
  Object.defineProperty(state, 'length', {
    get() {
      added = ours();
      return nodes + added;
    },
    set(value) {
      nodes = value - added;
    },
    enumerable: true,
    configurable: true,
  });
  peer.nodesLength = () => nodes;
}

/**
 * Undoes `showWritten`, because Node ends a stream only when the length is 0.
 *
 * @param {any} peer
 */
function hideWritten(peer) {
  if (!peer.isWrittenShown) return;
  peer.isWrittenShown = false;
  const settings = { writable: true, enumerable: true, configurable: true };
  Object.defineProperty(peer.socket._writableState, 'length', {
    value: peer.nodesLength(),
    ...settings,
  });
}

module.exports = { hideWritten, showWritten };
