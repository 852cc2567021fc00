'use strict';

/**
 * Hooks for a Peer whose owner is no connection of a public class: an object with `peer`, `socket`,
 * `phase` and `isPaused`. Events do nothing.
 *
 * @type {import('../../lib/internal/peer/Peer').Hooks}
 */
module.exports = {
  readsAhead: false,
  message: () => true,
  frame: () => true,
  ping: () => true,
  pong: () => {},
  closeRequested: () => {},
  closeReplied: () => {},
  violation: () => {},
  unresponsive: (owner) => owner.socket.destroy(),
  closeTimedOut: (owner) => owner.socket.destroy(),
  drain: () => {},
  setPaused(owner, isPaused) {
    owner.isPaused = isPaused;
  },
  pause: () => {},
  resume: () => {},
  socketEnd: () => {},
  socketError: (owner) => owner.socket.destroy(),
  socketClose(owner) {
    owner.phase = 'closed';
  },
  close: () => {},
  listener: () => undefined,
  socket: (owner) => owner.socket,
  deliverQueue: (owner) => owner.peer.deliverQueue(),
  drainDue: (owner) => owner.peer.onDrain(),
  replacesPings: () => false,
  keepalive: () => {},
  replacesPongs: () => false,
  answerPing: () => {},
  isOpen: (owner) => owner.phase === 'open',
  isClosed: (owner) => owner.phase === 'closed',
  isPaused: (owner) => owner.isPaused,
  missesListeners: () => false,
};
