'use strict';

// Keys of what a WebSocket holds for this package alone.

/** @type {Record<string, any>} */
module.exports = {
  /** The socket. `_socket` shows it to applications. */
  kSocket: Symbol('socket'),
  /** What `_receiver` and `_sender` have returned, if an application has read them. */
  kReceiver: Symbol('receiver'),
  kSender: Symbol('sender'),
  /** Bytes that `bufferedAmount` counts, but neither the engine nor the socket has. */
  kBuffered: Symbol('buffered'),
  /** The sends that wait until a Blob is read, or null. */
  kWaiting: Symbol('waiting'),
  /** The peer broke the protocol, so nothing further is decoded. */
  kFailed: Symbol('failed'),
  /** The Peer's input is paused, by the application or by itself. */
  kInputPaused: Symbol('inputPaused'),
};
