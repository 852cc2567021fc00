'use strict';

const { EventEmitter } = require('node:events');

const { engine } = require('../internal/engine/engine');
const kPeer = require('../internal/transport/kPeer');
const { destroyedError } = require('../internal/transport/writeProgress');
const noop = require('../internal/util/noop');
const { convertBinary } = require('./binaryType');
const { EMPTY } = require('./data');
const { hearsStrings } = require('./events');
const { kFailed, kInputPaused, kReceiver, kSocket } = require('./keys');
const { NO_STATUS, conclude, fail, hearPing } = require('./reactions');
const { CLOSED, CLOSING, OPEN } = require('./states');
const { violationError } = require('./violations');

const { emit } = EventEmitter.prototype;

/**
 * The hooks of a WebSocket: they turn reports of its Peer into the events of npm `ws`.
 *
 * Once an application has read `_receiver`, they go through that emitter, whose listeners may be
 * replaced.
 *
 * @type {import('../internal/peer/Peer').Hooks}
 */
const hooks = {
  message(websocket, data, isBinary) {
    if (isBinary) {
      const { _binaryType: type } = websocket;
      const isWanted = type === 'nodebuffer' && !Array.isArray(data);
      if (!isWanted) data = convertBinary(type, /** @type {any} */ (data));
    } else if ((typeof data === 'string') !== takesStrings(websocket)) {
      data = changeText(websocket, /** @type {any} */ (data));
    }
    const receiver = websocket[kReceiver];
    if (receiver === undefined) websocket.emit('message', data, isBinary);
    else receiver.emit('message', data, isBinary);
    // A message without a listener is lost.
    return true;
  },

  frame: () => true,

  ping(websocket, payload) {
    const receiver = websocket[kReceiver];
    if (receiver === undefined) hearPing(websocket, payload);
    else receiver.emit('ping', payload);
    return false;
  },

  pong(websocket, payload) {
    const receiver = websocket[kReceiver];
    if (receiver === undefined) websocket.emit('pong', payload);
    else receiver.emit('pong', payload);
  },

  closeRequested(websocket, code = NO_STATUS, reason) {
    const receiver = websocket[kReceiver];
    const bytes = reason.length > 0 ? reason : EMPTY;
    if (receiver === undefined) conclude(websocket, code, bytes);
    else receiver.emit('conclude', code, bytes);
  },

  closeReplied: noop,

  violation(websocket, number, argument) {
    const error = violationError(number, argument);
    websocket[kFailed] = true;
    const receiver = websocket[kReceiver];
    if (receiver === undefined) fail(websocket, error);
    else receiver.emit('error', error);
  },

  unresponsive: noop,
  closeTimedOut: noop,
  drain: noop,

  setPaused(websocket, isPaused) {
    // Node emits the first 'resume' a tick late, when the socket may be paused again.
    const socket = websocket[kSocket];
    const isStale = !isPaused && !socket.destroyed && socket.isPaused?.() === true;
    websocket[kInputPaused] = isPaused || isStale;
  },

  pause: noop,
  resume: noop,

  socketEnd(websocket) {
    websocket._readyState = CLOSING;
    websocket[kPeer].endAtOnce();
  },

  socketError(websocket) {
    websocket._readyState = CLOSING;
    websocket[kSocket].destroy();
  },

  socketClose(websocket) {
    websocket._readyState = CLOSING;
    clearTimeout(websocket._closeTimer);
  },

  close(websocket) {
    const isDecoded =
      websocket._closeFrameReceived || websocket[kFailed] || websocket[kSocket].readableEnded;
    // In npm ws the receiver ends first, a tick behind the listeners of the socket's 'close'.
    if (isDecoded) websocket.emitClose();
    else process.nextTick(() => websocket.emitClose());
  },

  listener: () => undefined,

  deliverQueue(websocket) {
    websocket[kPeer].deliverQueue();
  },

  drainDue(websocket) {
    websocket[kPeer].onDrain();
  },

  replacesPings: () => false,
  keepalive: noop,
  replacesPongs: () => false,
  answerPing: noop,

  readsAhead: true,
  hearsRest: true,

  lossError(wasDeflating) {
    if (!wasDeflating) return destroyedError();
    return new Error('The socket was closed while data was being compressed');
  },

  socket: (websocket) => websocket[kSocket],
  isOpen: (websocket) => websocket._readyState === OPEN,
  isClosed: (websocket) => websocket._readyState === CLOSED,
  isPaused: (websocket) => websocket[kInputPaused],
  missesListeners: () => false,
};

/**
 * Whether text may be a string, because nobody but WHATWG listeners sees it: no listener of another
 * kind, no emit() that an application has replaced, no listener of `_receiver`.
 *
 * @param {any} websocket
 */
function takesStrings(websocket) {
  return hearsStrings(websocket) && websocket.emit === emit && websocket[kReceiver] === undefined;
}

/**
 * Makes the engine hand over text in the form that the listeners want from now on: strings if only
 * WHATWG listeners hear it, otherwise Buffers. Those listeners take both.
 *
 * @param {any} websocket
 * @param {string | Buffer} data
 * @returns {string | Buffer} a message that is on its way, for the listeners
 */
function changeText(websocket, data) {
  const isString = typeof data === 'string';
  const { slot } = websocket[kPeer];
  if (slot !== -1) engine.setTextAsBytes(slot, isString);
  return isString ? Buffer.from(data) : data;
}

module.exports = hooks;
