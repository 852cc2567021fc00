'use strict';

const { Writable } = require('node:stream');

const {
  EVENT_BINARY,
  EVENT_CLOSE_REQUESTED,
  EVENT_FRAGMENTS,
  EVENT_PING,
  EVENT_PONG,
  EVENT_TEXT,
  EVENT_VIOLATION,
  NO_CLOSE_CODE,
} = require('../internal/engine/abi');
const fragmentsOf = require('../internal/engine/fragments');
const noop = require('../internal/util/noop');
const { convertBinary } = require('./binaryType');
const { linkCompression } = require('./compression');
const { EMPTY } = require('./data');
const DetachedLink = require('./DetachedLink');
const { limitOf } = require('./options');
const PerMessageDeflate = require('./PerMessageDeflate');
const { tooManyChunks, violationError } = require('./violations');

const NO_STATUS = 1005;

/**
 * Decodes what a peer has sent, for users of this class. It needs no connection, but it is the
 * decoder of the engine. It emits 'message', 'ping', 'pong' and 'conclude', which is the peer's
 * close frame; everything behind that is ignored.
 */
class Receiver extends Writable {
  /**
   * @param {object} [options]
   * @param {boolean} [options.allowSynchronousEvents] whether several messages, pings and pongs may
   *   be emitted in one turn of the event loop
   * @param {string} [options.binaryType]
   * @param {Record<string, any>} [options.extensions] the negotiated ones
   * @param {boolean} [options.isServer]
   * @param {number} [options.maxBufferedChunks] most chunks of an incomplete payload
   * @param {number} [options.maxFragments]
   * @param {number} [options.maxPayload] most bytes of a message
   * @param {boolean} [options.skipUTF8Validation]
   */
  constructor(options = {}) {
    super();
    const { allowSynchronousEvents = true, maxBufferedChunks = 0, maxFragments = 0 } = options;
    const { maxPayload = 0 } = options;
    this._allowSynchronousEvents = allowSynchronousEvents;
    this._binaryType = options.binaryType || 'nodebuffer';
    this._extensions = options.extensions || {};
    this._isServer = Boolean(options.isServer);
    // As 32-bit numbers; 0 and less is no limit.
    this._maxBufferedChunks = maxBufferedChunks | 0;
    this._maxFragments = maxFragments | 0;
    this._maxPayload = maxPayload | 0;
    this._skipUTF8Validation = Boolean(options.skipUTF8Validation);
    /** @type {DetachedLink | null} */
    this._link = null;
    /** What the link knows of the fields that may change. */
    this._linkSettings = { maxPayload: this._maxPayload, keepsFragments: false };
    /** The lengths of the chunks that an incomplete payload has come in. */
    this._chunks = [];
    /**
     * The events of the current chunk, and how many of them are emitted.
     *
     * @type {import('./DetachedLink').LinkEvent[]}
     */
    this._decoded = [];
    this._emitted = 0;
    /** The next event waits for its turn of the event loop. */
    this._isDeferred = false;
    /** All events of the current chunk are decoded. */
    this._isChunkDecoded = false;
    this._isConcluded = false;
    /**
     * How the peer broke the protocol.
     *
     * @type {Error | null}
     */
    this._violation = null;
    /**
     * The current chunk's callback.
     *
     * @type {(error: Error | null) => void}
     */
    this._onWritten = noop;
  }

  /**
   * @param {Buffer} chunk
   * @param {string} _encoding
   * @param {(error?: Error | null) => void} callback
   */
  _write(chunk, _encoding, callback) {
    if (this._isConcluded) {
      callback();
      return;
    }
    const most = this._maxBufferedChunks;
    if (most > 0 && this._chunks.length >= most) {
      callback(tooManyChunks());
      return;
    }
    this._link ??= this._openLink();
    this._applySettings(this._link);
    this._chunks.push(chunk.length);
    this._isChunkDecoded = false;
    this._onWritten = callback;
    this._link.receive(chunk);
  }

  /**
   * @param {Error | null} error
   * @param {(error: Error | null) => void} callback
   */
  _destroy(error, callback) {
    this._link?.release();
    this._link = null;
    callback(error);
  }

  _openLink() {
    const deflate = this._extensions[PerMessageDeflate.extensionName];
    const options = {
      isServer: this._isServer,
      maxMessageSize: limitOf(this._maxPayload),
      maxFragments: this._maxFragments > 0 ? this._maxFragments : undefined,
      checksUtf8: !this._skipUTF8Validation,
      compression: deflate && linkCompression(deflate),
    };
    return new DetachedLink(options, (events, isLast) => {
      for (const event of events) this._decoded.push(event);
      this._isChunkDecoded = isLast;
      if (isLast) this._forgetChunks();
      this._emitEvents();
    });
  }

  /**
   * Tells the link of fields that have changed.
   *
   * @param {DetachedLink} link
   */
  _applySettings(link) {
    const settings = this._linkSettings;
    if (settings.maxPayload !== this._maxPayload) {
      settings.maxPayload = this._maxPayload;
      link.limitMessages(limitOf(this._maxPayload));
    }
    const keepsFragments = this._binaryType === 'fragments';
    if (settings.keepsFragments !== keepsFragments) {
      settings.keepsFragments = keepsFragments;
      link.keepFragments(keepsFragments);
    }
  }

  /** Forgets the chunks that are decoded as a whole. */
  _forgetChunks() {
    if (this._maxBufferedChunks < 1 || this._link === null) {
      this._chunks = [];
      return;
    }
    let rest = this._link.unfinishedBytes();
    let first = this._chunks.length;
    while (rest > 0 && first > 0) rest -= this._chunks[--first];
    this._chunks.splice(0, first);
  }

  /** Emits events until one has to wait. Behind the last one, the next chunk may come. */
  _emitEvents() {
    while (!this._isDeferred && this._emitted < this._decoded.length) {
      const [kind] = this._decoded[this._emitted];
      if (!this._allowSynchronousEvents && isDeferrable(kind)) this._deferEvent();
      else this._emitEvent();
    }
    if (this._isDeferred) return;
    this._decoded = [];
    this._emitted = 0;
    if (!this._isChunkDecoded) return;
    this._isChunkDecoded = false;
    this._onWritten(this._violation);
  }

  _deferEvent() {
    this._isDeferred = true;
    setImmediate(() => {
      this._isDeferred = false;
      this._emitEvent();
      this._emitEvents();
    });
  }

  /** Emits the next event. If a listener throws, the rest follows in the next tick. */
  _emitEvent() {
    const [kind, extra, payload] = this._decoded[this._emitted++];
    let isHandled = false;
    try {
      this._handle(kind, extra, payload);
      isHandled = true;
    } finally {
      if (!isHandled) process.nextTick(() => this._emitEvents());
    }
  }

  /**
   * @param {number} kind
   * @param {number} extra
   * @param {any} payload
   */
  _handle(kind, extra, payload) {
    switch (kind) {
      case EVENT_TEXT:
        this.emit('message', orEmpty(payload), false);
        break;
      case EVENT_BINARY:
        this.emit('message', convertBinary(this._binaryType, orEmpty(payload)), true);
        break;
      case EVENT_FRAGMENTS:
        this.emit('message', convertBinary(this._binaryType, fragmentsOf(payload)), true);
        break;
      case EVENT_PING:
        this.emit('ping', orEmpty(payload));
        break;
      case EVENT_PONG:
        this.emit('pong', orEmpty(payload));
        break;
      case EVENT_CLOSE_REQUESTED:
        this._isConcluded = true;
        this.emit('conclude', extra === NO_CLOSE_CODE ? NO_STATUS : extra, orEmpty(payload));
        this.end();
        break;
      case EVENT_VIOLATION:
        this._violation = violationError(extra, payload);
        break;
    }
  }
}

/** @param {number} kind */
function isDeferrable(kind) {
  return kind !== EVENT_CLOSE_REQUESTED && kind !== EVENT_VIOLATION;
}

/**
 * @param {Buffer} payload
 * @returns {Buffer} one Buffer for all that are empty
 */
function orEmpty(payload) {
  return payload.length > 0 ? payload : EMPTY;
}

module.exports = Receiver;
