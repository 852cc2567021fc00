'use strict';

// Keys of what a WebSocket holds for this package alone.

module.exports = {
  /** The socket. `_socket` shows it to applications. */
  kSocket: /** @type {any} */ (Symbol('socket')),
  /** What `_receiver` and `_sender` have returned, if an application has read them. */
  kReceiver: /** @type {any} */ (Symbol('receiver')),
  kSender: /** @type {any} */ (Symbol('sender')),
  /** Bytes that `bufferedAmount` counts, but neither the engine nor the socket has. */
  kBuffered: /** @type {any} */ (Symbol('buffered')),
  /** The sends that wait until a Blob is read, or null. */
  kWaiting: /** @type {any} */ (Symbol('waiting')),
  /** The peer broke the protocol, so nothing further is decoded. */
  kFailed: /** @type {any} */ (Symbol('failed')),
  /** The Peer's input is paused, by the application or by itself. */
  kInputPaused: /** @type {any} */ (Symbol('inputPaused')),
};
