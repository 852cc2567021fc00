'use strict';

const { isCloseCode } = require('../engine/codec');
const kPeer = require('../transport/kPeer');
const { destroyedError } = require('../transport/writeProgress');
const { CLOSE_DESCRIPTIONS, CLOSE_REASONS } = require('./closeCodes');
const { replacesPongs, replacesCloseFrames, listener, replacesPings } = require('./replaced');
const violations = require('./violations');
const WebSocketFrame = require('./WebSocketFrame');

/**
 * The hooks of a WebSocketConnection: they turn reports of its Peer into the events, words and
 * fields of npm `websocket`.
 *
 * @type {import('../peer/Peer').Hooks}
 */
const hooks = {
  message(connection, data, isBinary) {
    if (!connection.connected) return true;
    return isBinary
      ? connection.emit('message', { type: 'binary', binaryData: data })
      : connection.emit('message', { type: 'utf8', utf8Data: data });
  },

  frame(connection, bits, payload) {
    if (!connection.connected) return true;
    return connection.emit('frame', WebSocketFrame.received(bits, payload, connection));
  },

  ping(connection, payload) {
    if (!connection.connected) return false;
    let cancelled = false;
    const cancel = () => {
      cancelled = true;
    };
    connection.emit('ping', cancel, payload);
    return !cancelled;
  },

  pong(connection, payload) {
    if (connection.connected) connection.emit('pong', payload);
  },

  closeRequested(connection, code, reason) {
    if (!connection.connected) return;
    const peer = connection[kPeer];
    connection.state = 'peer_requested_close';
    connection.closeReasonCode = code ?? -1;
    connection.closeDescription = reason === '' ? CLOSE_DESCRIPTIONS[code ?? -1] : reason;
    // If the application has ended the output itself, the socket refuses the answer.
    const isRefused = peer.outputEnded;
    const isReplaced = replacesCloseFrames(connection);
    if (isRefused) connection.sendCloseFrame();
    else if (isReplaced) connection.sendCloseFrame(answerTo(code), null);
    peer.answerClose(isRefused || isReplaced);
    connection.connected = false;
  },

  closeReplied(connection) {
    connection.waitingForCloseResponse = false;
  },

  violation(connection, number, argument) {
    if (!connection.connected) return;
    connection.drop(violations.closeCode(number), violations.describe(number, argument));
  },

  unresponsive(connection) {
    if (connection.connected) connection.handleGracePeriodTimer();
  },

  closeTimedOut(connection) {
    connection.handleCloseTimer();
  },

  drain(connection) {
    connection.emit('drain');
  },

  setPaused(connection, isPaused) {
    connection.inputPaused = isPaused;
  },

  pause(connection) {
    connection.emit('pause');
  },

  resume(connection) {
    connection.emit('resume');
  },

  socketEnd(connection) {
    connection.receivedEnd = true;
  },

  socketError(connection, error) {
    if (connection.state === 'closed') return;
    connection.closeReasonCode = CLOSE_REASONS.CLOSE_REASON_ABNORMAL;
    connection.closeDescription = `Socket Error: ${error.syscall} ${error.code}`;
    connection.connected = false;
    connection.state = 'closed';
    if (connection.listenerCount('error') > 0) connection.emit('error', error);
    connection.socket.destroy();
  },

  socketClose(connection, hadError) {
    connection.socketHadError = hadError;
    connection.connected = false;
    connection.state = 'closed';
    if (connection.closeReasonCode === -1) {
      connection.closeReasonCode = CLOSE_REASONS.CLOSE_REASON_ABNORMAL;
      connection.closeDescription = 'Connection dropped by remote peer.';
    }
    connection.waitingForCloseResponse = false;
  },

  /** Emits 'close' once. All received events are delivered before it. */
  close(connection) {
    if (connection.closeEventEmitted) return;
    connection.closeEventEmitted = true;
    connection.emit('close', connection.closeReasonCode, connection.closeDescription);
  },

  listener,

  deliverQueue(connection) {
    connection.processReceivedData();
  },

  drainDue(connection) {
    connection.handleSocketDrain();
  },

  replacesPings,

  keepalive(connection) {
    connection.handleKeepaliveTimer();
  },

  replacesPongs,

  answerPing(connection, payload) {
    connection.pong(payload);
  },

  readsAhead: false,
  hearsRest: false,
  lossError: destroyedError,

  socket: (connection) => connection.socket,

  isOpen: (connection) => connection.state === 'open',

  isClosed: (connection) => connection.state === 'closed',

  isPaused: (connection) => connection.inputPaused,

  // After removeAllListeners() the connection does not notice new listeners.
  missesListeners: (connection) => connection.listenerCount('newListener') === 0,
};

/**
 * @param {number | undefined} code of the peer's close frame
 * @returns {number} that of the answer
 */
function answerTo(code) {
  const { CLOSE_REASON_NORMAL, CLOSE_REASON_PROTOCOL_ERROR } = CLOSE_REASONS;
  const isValid = code === undefined || isCloseCode(code);
  return isValid ? CLOSE_REASON_NORMAL : CLOSE_REASON_PROTOCOL_ERROR;
}

module.exports = hooks;
