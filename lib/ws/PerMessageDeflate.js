'use strict';

const { answerTo, concludeFrom, normalize, offerOf } = require('./deflateParameters');
const { makeDeflater, makeInflater } = require('./zlibWorkers');

const DEFAULT_THRESHOLD = 1024;

/**
 * One side's part of permessage-deflate (RFC 7692): its negotiation, and compression for users of
 * this class. The engine compresses for connections.
 */
class PerMessageDeflate {
  static get extensionName() {
    return 'permessage-deflate';
  }

  /**
   * @param {object} [options]
   * @param {boolean} [options.isServer]
   * @param {number} [options.maxPayload] the most bytes of an inflated piece
   * @param {boolean} [options.serverNoContextTakeover]
   * @param {boolean} [options.clientNoContextTakeover]
   * @param {boolean | number} [options.serverMaxWindowBits]
   * @param {boolean | number} [options.clientMaxWindowBits]
   * @param {number} [options.threshold] without context takeover, shorter messages are sent
   *   uncompressed
   * @param {object} [options.zlibDeflateOptions]
   * @param {object} [options.zlibInflateOptions]
   */
  constructor(options) {
    /** @type {any} */
    this._options = options || {};
    const { threshold = DEFAULT_THRESHOLD, maxPayload, isServer } = this._options;
    this._threshold = threshold;
    this._maxPayload = maxPayload | 0;
    this._isServer = Boolean(isServer);
    /**
     * The agreement, once there is one.
     *
     * @type {any}
     */
    this.params = null;
    this._deflater = makeDeflater(this, this._isServer ? 'server' : 'client');
    this._inflater = makeInflater(this, this._isServer ? 'client' : 'server');
  }

  /** A client's offer, for `extension.format()`. */
  offer() {
    return offerOf(this._options);
  }

  /**
   * Negotiates.
   *
   * @param {any[]} configurations the client's offers or the server's answer, from
   *   `extension.parse()`; they are changed
   * @returns {any} the agreement
   * @throws {Error} if there is none
   */
  accept(configurations) {
    const options = this._options;
    for (const parameters of configurations) normalize(parameters, this._isServer);
    this.params = this._isServer
      ? answerTo(configurations, options)
      : concludeFrom(configurations[0], options);
    return this.params;
  }

  /**
   * Deflates a piece of a message.
   *
   * @param {Buffer | string} data
   * @param {boolean} fin whether it is the last one
   * @param {(error: Error | null, data?: Buffer) => void} callback
   */
  compress(data, fin, callback) {
    this._deflater.add({ data, fin, callback });
  }

  /**
   * Inflates a piece of a message.
   *
   * @param {Buffer} data
   * @param {boolean} fin whether it is the last one
   * @param {(error: Error | null, data?: Buffer) => void} callback
   */
  decompress(data, fin, callback) {
    this._inflater.add({ data, fin, callback });
  }

  /** Frees the memory of zlib, and fails what is being deflated. */
  cleanup() {
    this._inflater.close();
    for (const { callback } of this._deflater.close()) {
      callback(new Error('The deflate stream was closed while data was being processed'));
    }
  }
}

module.exports = PerMessageDeflate;
