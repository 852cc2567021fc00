'use strict';

const { OPCODE_CLOSE, OPCODE_PING, OPCODE_PONG } = require('../internal/engine/abi');
const kPeer = require('../internal/transport/kPeer');
const noop = require('../internal/util/noop');
const { closeBody } = require('./data');
const { encodeFrame } = require('./frame');
const { kBuffered, kSocket, kWaiting } = require('./keys');
const { sendControl, sendMessage } = require('./outbound');
const { waitForBlob } = require('./waiting');

/** The values of `_state`: nothing waits, a message is being deflated, a Blob is being read. */
const IDLE = 0;
const DEFLATING = 1;
const READING_BLOB = 2;

/**
 * What `_sender` of a WebSocket shows to applications: it sends whatever the state of the
 * WebSocket is.
 */
class LinkSender {
  #websocket;

  /** @param {any} websocket */
  constructor(websocket) {
    this.#websocket = websocket;
    this.onerror = noop;
  }

  get _socket() {
    return this.#websocket._socket;
  }

  get _extensions() {
    return this.#websocket._extensions;
  }

  /** Bytes that wait for a Blob or for the deflater, and those that came after the close. */
  get _bufferedBytes() {
    return this.#websocket[kBuffered] + this.#websocket[kPeer].deflatingAmount();
  }
  set _bufferedBytes(value) {
    this.#websocket[kBuffered] = value;
  }

  get _queue() {
    return this.#websocket[kWaiting] ?? [];
  }

  get _state() {
    if (this.#websocket[kWaiting] !== null) return READING_BLOB;
    return this.#websocket[kPeer].deflatingAmount() > 0 ? DEFLATING : IDLE;
  }

  /**
   * @param {any} code
   * @param {any} data
   * @param {any} mask
   * @param {any} callback
   */
  close(code, data, mask, callback) {
    const websocket = this.#websocket;
    const body = closeBody(code, data);
    // The WebSocket itself has not begun to close, so it still sends a close frame of its own.
    waitForBlob(websocket, body.length, callback, () => {
      const { _generateMask: generateMask } = websocket;
      const options = { opcode: OPCODE_CLOSE, fin: true, mask, generateMask };
      this.sendFrame(encodeFrame(body, body.length, options), callback);
    });
  }

  /**
   * @param {any} data
   * @param {any} mask
   * @param {any} callback
   */
  ping(data, mask, callback) {
    sendControl(this.#websocket, OPCODE_PING, data, mask, callback);
  }

  /**
   * @param {any} data
   * @param {any} mask
   * @param {any} callback
   */
  pong(data, mask, callback) {
    sendControl(this.#websocket, OPCODE_PONG, data, mask, callback);
  }

  /**
   * @param {any} data
   * @param {any} options all of `binary`, `compress`, `fin` and `mask`
   * @param {any} callback
   */
  send(data, options, callback) {
    sendMessage(this.#websocket, data, options, callback);
  }

  /**
   * Sends the parts of a frame, as `Sender.frame()` returns them.
   *
   * @param {(Buffer | string)[]} list
   * @param {any} callback
   */
  sendFrame(list, callback) {
    const peer = this.#websocket[kPeer];
    const last = list.length - 1;
    if (peer.transport === 'stream') this.#websocket[kSocket].cork?.();
    for (const [i, part] of list.entries()) {
      const bytes = typeof part === 'string' ? Buffer.from(part) : part;
      peer.sendRaw(bytes, i === last ? callback : undefined);
    }
    if (peer.transport === 'stream') this.#websocket[kSocket].uncork?.();
  }
}

module.exports = LinkSender;
