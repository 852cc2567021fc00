'use strict';

/** Defaults of the options that servers and clients have in common. */
const COMMON_DEFAULTS = {
  allowSynchronousEvents: true,
  autoPong: true,
  closeTimeout: 30000,
  maxBufferedChunks: 256 * 1024,
  maxFragments: 16 * 1024,
  maxPayload: 100 * 1024 * 1024,
  maxPendingAutoPongs: 60,
  skipUTF8Validation: false,
};

/**
 * The options that `setSocket()` takes from those of a server or a client.
 *
 * @param {any} options
 */
function socketOptions(options) {
  return {
    allowSynchronousEvents: options.allowSynchronousEvents,
    maxBufferedChunks: options.maxBufferedChunks,
    maxFragments: options.maxFragments,
    maxPayload: options.maxPayload,
    skipUTF8Validation: options.skipUTF8Validation,
    transport: options.transport,
  };
}

/**
 * @param {number} maxPayload in bytes; 0 and less mean no limit
 * @returns {number} the engine's limit of a message
 */
function limitOf(maxPayload) {
  return maxPayload > 0 ? maxPayload : Number.POSITIVE_INFINITY;
}

module.exports = { COMMON_DEFAULTS, limitOf, socketOptions };
