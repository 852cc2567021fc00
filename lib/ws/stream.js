'use strict';

const { Duplex } = require('node:stream');

/**
 * A stream of the messages of a WebSocket. Each chunk written is a message.
 *
 * @param {any} websocket
 * @param {import('node:stream').DuplexOptions} [options] of the stream
 * @returns {Duplex}
 */
function createWebSocketStream(websocket, options) {
  const stream = new Duplex({
    ...options,
    // The WebSocket decides when the stream is over.
    autoDestroy: false,
    emitClose: false,
    objectMode: false,
    writableObjectMode: false,
  });
  const bridge = new Bridge(websocket, stream);
  stream._read = () => bridge.read();
  stream._write = (chunk, _encoding, callback) => bridge.write(chunk, callback);
  stream._final = (callback) => bridge.final(callback);
  stream._destroy = (error, callback) => bridge.destroy(error, callback);
  return stream;
}

/** Connects a WebSocket and its stream. */
class Bridge {
  /**
   * @param {any} websocket
   * @param {Duplex} stream
   */
  constructor(websocket, stream) {
    this.websocket = websocket;
    this.stream = stream;
    /** After an error, the WebSocket still has to send its close frame. */
    this.hasFailed = false;

    websocket.on('message', (data, isBinary) => this.push(data, isBinary));
    websocket.once('error', (/** @type {Error} */ error) => this.fail(error));
    websocket.once('close', () => stream.push(null));
    stream.on('end', destroyIfFinished);
    stream.on('error', destroyOnError);
  }

  /**
   * @param {any} data
   * @param {boolean} isBinary
   */
  push(data, isBinary) {
    const { stream, websocket } = this;
    const isText = !isBinary && stream.readableObjectMode;
    if (!stream.push(isText ? data.toString() : data)) websocket.pause();
  }

  /** @param {Error} error of the WebSocket */
  fail(error) {
    this.hasFailed = true;
    this.stream.destroy(error);
  }

  read() {
    if (this.websocket.isPaused) this.websocket.resume();
  }

  /**
   * @param {any} chunk
   * @param {(error?: Error) => void} callback
   */
  write(chunk, callback) {
    if (this.waitsForOpen(() => this.write(chunk, callback))) return;
    this.websocket.send(chunk, callback);
  }

  /**
   * Closes the WebSocket when everything is written.
   *
   * @param {(error?: Error) => void} callback
   */
  final(callback) {
    if (this.waitsForOpen(() => this.final(callback))) return;
    const { stream, websocket } = this;
    const socket = websocket._socket;
    // Without a socket the handshake has failed, and an 'error' follows.
    if (socket === null) return;
    if (socket.writableFinished) {
      callback();
      if (stream.readableEnded) stream.destroy();
      return;
    }
    // The stream is destroyed later, at its 'end'.
    socket.once('finish', () => callback());
    websocket.close();
  }

  /**
   * @param {Error | null} error
   * @param {(error?: Error | null) => void} callback
   */
  destroy(error, callback) {
    const { stream, websocket } = this;
    const close = () => process.nextTick(() => stream.emit('close'));
    if (websocket.readyState === websocket.CLOSED) {
      callback(error);
      close();
      return;
    }
    let isReported = false;
    websocket.once('error', (/** @type {Error} */ reason) => {
      isReported = true;
      callback(reason);
    });
    websocket.once('close', () => {
      if (!isReported) callback(error);
      close();
    });
    if (!this.hasFailed) websocket.terminate();
  }

  /**
   * @param {() => void} action to be done later
   * @returns {boolean} false if the WebSocket is open or has been
   */
  waitsForOpen(action) {
    const { websocket } = this;
    if (websocket.readyState !== websocket.CONNECTING) return false;
    websocket.once('open', action);
    return true;
  }
}

/**
 * Listener for 'end'.
 *
 * @this {Duplex}
 */
function destroyIfFinished() {
  if (!this.destroyed && this.writableFinished) this.destroy();
}

/**
 * Listener for 'error'. Without a listener of the application, the error is still thrown.
 *
 * @this {Duplex}
 */
function destroyOnError(error) {
  this.removeListener('error', destroyOnError);
  this.destroy();
  if (this.listenerCount('error') === 0) this.emit('error', error);
}

module.exports = createWebSocketStream;
