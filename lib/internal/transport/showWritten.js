'use strict';

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
  let nodes = state.length;
  let ours = 0;
  Object.defineProperty(state, 'length', {
    get() {
      ours = peer.unsentAmount();
      return nodes + ours;
    },
    // Node adds to the length that it has just read, so the engine's part comes off again.
    set(value) {
      nodes = value - ours;
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
