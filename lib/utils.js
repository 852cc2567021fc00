'use strict';

/** Does nothing; stands where a callback or a listener has to be. */
function noop() {}

/**
 * Copies every enumerable property of `source`, inherited ones too. A key called `__proto__`, which
 * JSON can bring, is left out so that it cannot replace the prototype of `target`.
 *
 * @param {Record<string, any>} target
 * @param {Record<string, any> | null | undefined} source
 */
function extend(target, source) {
  for (const key in source) {
    if (key !== '__proto__') target[key] = source[key];
  }
}

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
