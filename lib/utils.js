'use strict';

const extend = require('./internal/util/extend');
const noop = require('./internal/util/noop');

/**
 * @param {import('node:events').EventEmitter} emitter
 * @param {string | symbol} event
 */
function eventEmitterListenerCount(emitter, event) {
  return emitter.listenerCount(event);
}

module.exports = {
  noop,
  extend,
  eventEmitterListenerCount,
  bufferAllocUnsafe: Buffer.allocUnsafe,
  bufferFromString: Buffer.from,
};
