'use strict';

// Methods of WebSocketConnection that handle the socket's events in npm `websocket`. An application
// may call or replace them. Otherwise the Peer handles the events itself.

const kPeer = require('../transport/kPeer');
const WebSocketFrame = require('./WebSocketFrame');

module.exports = {
  /**
   * Takes bytes from the peer. Their events are delivered in the next tick.
   *
   * @param {Buffer} data
   */
  handleSocketData(data) {
    this[kPeer].receive(data);
  },

  /** Delivers events that have waited, unless the application has paused. */
  processReceivedData() {
    this[kPeer].deliverQueue();
  },

  /**
   * Handles a frame of the application as if the peer had sent it. It needs the stream transport:
   * on the native one the engine may be in the middle of a received frame.
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
