'use strict';

const { EventEmitter } = require('node:events');

const { engine } = require('../internal/engine/engine');
const kPeer = require('../internal/transport/kPeer');
const { kFailed } = require('./keys');
const { limitOf } = require('./options');
const { conclude, fail, hearPing } = require('./reactions');

/**
 * What `_receiver` of a WebSocket shows to applications: an emitter that hears each message, ping,
 * pong and close frame before the WebSocket does. An application may replace its listeners, and set
 * the limit of messages.
 */
class LinkReceiver extends EventEmitter {
  #websocket;
  #maxPayload;

  /** @param {any} websocket */
  constructor(websocket) {
    super();
    this.#websocket = websocket;
    const { config } = websocket[kPeer];
    this.#maxPayload = config.maxPayload | 0;
    this._allowSynchronousEvents = config.allowSynchronousEvents ?? true;
    this._extensions = websocket._extensions;
    this._isServer = Boolean(websocket._isServer);
    this._maxBufferedChunks = config.maxBufferedChunks | 0;
    this._maxFragments = config.maxFragments | 0;
    this._skipUTF8Validation = Boolean(config.skipUTF8Validation);
    this.on('conclude', (code, reason) => conclude(websocket, code, reason));
    this.on('message', (data, isBinary) => websocket.emit('message', data, isBinary));
    this.on('ping', (data) => hearPing(websocket, data));
    this.on('pong', (data) => websocket.emit('pong', data));
    this.on('error', (error) => fail(websocket, error));
  }

  get _binaryType() {
    return this.#websocket._binaryType;
  }
  set _binaryType(type) {
    this.#websocket._binaryType = type;
  }

  /** Most bytes of a message; 0 is no limit. A new value applies from the next frame on. */
  get _maxPayload() {
    return this.#maxPayload;
  }
  set _maxPayload(value) {
    this.#maxPayload = value;
    const { slot } = this.#websocket[kPeer];
    if (slot !== -1) engine.setLimits(slot, limitOf(value));
  }

  /** The states of a stream that others ask a receiver for. */
  get _writableState() {
    const { slot } = this.#websocket[kPeer];
    const errorEmitted = this.#websocket[kFailed];
    return { errorEmitted, finished: slot === -1 && !errorEmitted, needDrain: false };
  }

  /**
   * Decodes bytes as if the peer had sent them.
   *
   * @param {Buffer} chunk
   * @returns {boolean} whether more may follow at once
   */
  write(chunk) {
    this.#websocket[kPeer].receive(chunk);
    return true;
  }

  /** Decodes nothing further. */
  end() {
    const { slot } = this.#websocket[kPeer];
    if (slot !== -1) engine.stopReceiving(slot);
    return this;
  }
}

module.exports = LinkReceiver;
