'use strict';

// Methods of WebSocketConnection by which npm `websocket` hears its socket. An application may call
// or replace them; otherwise the Peer hears the socket itself.

const kPeer = require('../transport/kPeer');
const WebSocketFrame = require('./WebSocketFrame');

module.exports = {
  /**
   * Bytes from the peer. What is in them is delivered in the next tick.
   *
   * @param {Buffer} data
   */
  handleSocketData(data) {
    this[kPeer].receive(data);
  },

  /** Delivers what has waited, unless the application has paused. */
  processReceivedData() {
    this[kPeer].deliverQueue();
  },

  /**
   * Treats a frame that an application has made as if the peer had sent it. Only on the stream
   * transport: on the native one the engine may be in the middle of a frame of the peer's.
   *
   * @param {any} frame a WebSocketFrame
   */
  processFrame(frame) {
    if (this.transport !== 'stream') {
      throw new Error('processFrame() needs the stream transport.');
    }
    const received = Object.assign(Object.create(WebSocketFrame.prototype), frame);
    received.mask = !this.maskOutgoingPackets;
    this.handleSocketData(received.toBuffer(true));
  },

  /** @param {any} error */
  handleSocketError(error) {
    this[kPeer].onError(error);
  },

  handleSocketEnd() {
    this[kPeer].onEnd();
  },

  /** @param {boolean} hadError */
  handleSocketClose(hadError) {
    this[kPeer].onClose(hadError);
  },

  handleSocketDrain() {
    this[kPeer].onDrain();
  },

  handleSocketPause() {
    this[kPeer].onPause();
  },

  handleSocketResume() {
    this[kPeer].onResume();
  },
};
