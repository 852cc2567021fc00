'use strict';

const net = require('node:net');

const { kConnection } = require('./AdoptedSocket');
const socketEvents = require('../peer/socketEvents');
const receiving = require('../peer/receiving');

/**
 * By event, the method that hears it, and what does so in its place unless the application has
 * replaced it.
 *
 * @type {Record<string, [string, (argument: any) => void]>}
 */
const METHODS = {
  error: ['handleSocketError', socketEvents.handleSocketError],
  end: ['handleSocketEnd', socketEvents.handleSocketEnd],
  close: ['handleSocketClose', socketEvents.handleSocketClose],
  drain: ['handleSocketDrain', socketEvents.handleSocketDrain],
  pause: ['handleSocketPause', socketEvents.handleSocketPause],
  resume: ['handleSocketResume', socketEvents.handleSocketResume],
  data: ['handleSocketData', receiving._onSocketData],
};

const ours = { ...socketEvents, handleSocketData: receiving.handleSocketData };

const listeners = Object.entries(METHODS).map(([event, [name, method]]) => ({
  event,
  name,
  original: ours[name],
  method,
  /** @this {any} */
  shared(argument) {
    method.call(this[kConnection], argument);
  },
}));

/**
 * Has a connection hear its socket. Sockets of Node's have listeners in common, where functions
 * bound to each connection would take half a kilobyte of it; anything else that is given for a
 * socket may call them in its own way, and methods that the application has replaced are its own.
 *
 * @param {any} connection
 */
function listen(connection) {
  const { socket } = connection;
  const isShared = socket instanceof net.Socket && !(kConnection in socket);
  if (isShared) /** @type {any} */ (socket)[kConnection] = connection;
  for (const { event, name, original, method, shared } of listeners) {
    const own = connection[name];
    if (own !== original) socket.on(event, own.bind(connection));
    else socket.on(event, isShared ? shared : method.bind(connection));
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
