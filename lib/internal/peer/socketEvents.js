'use strict';

const { CLOSE_REASONS } = require('../websocket/closeCodes');
const { engine } = require('../engine/engine');
const { surface } = require('../engine/ticks');

/** Methods of WebSocketConnection that follow its socket: the same on both transports. */
module.exports = {
  /** @param {any} error */
  handleSocketError(error) {
    if (this.state === 'closed') return;
    if (!this._afterHeld(false, () => this._onSocketError(error))) this._onSocketError(error);
  },

  /** @param {any} error */
  _onSocketError(error) {
    if (this.state === 'closed') return;
    this.closeReasonCode = CLOSE_REASONS.CLOSE_REASON_ABNORMAL;
    this.closeDescription = `Socket Error: ${error.syscall} ${error.code}`;
    this.connected = false;
    this.state = 'closed';
    if (this.listenerCount('error') > 0) this.emit('error', error);
    this.socket.destroy();
  },

  handleSocketEnd() {
    this._endIsHeld = this._afterHeld(true, () => this._onSocketEnd());
    if (!this._endIsHeld) this._onSocketEnd();
  },

  _onSocketEnd() {
    this._endIsHeld = false;
    this.receivedEnd = true;
    if (this.state === 'closed') return;
    if (this._slot !== -1) engine.receiveEnd(this._slot);
    // close() has not ended the output of a connection that compresses.
    if (this.state === 'open' || this._deflate !== null) this._endSocket();
  },

  /** @param {boolean} hadError */
  handleSocketClose(hadError) {
    // What the engine still has to deflate for a stream.
    if (this.transport === 'stream') this._settleAll(Infinity, true);
    // The close that follows an orderly end waits as the end does.
    const waits =
      this.transport === 'stream' &&
      this._afterHeld(this._endIsHeld, () => this._onSocketClose(hadError));
    if (!waits) {
      this._onSocketClose(hadError);
      return;
    }
    // An application that has paused the socket itself resumes the socket. Node emits no event for
    // that any more.
    const { socket } = this;
    const own = Object.getOwnPropertyDescriptor(socket, 'resume');
    socket.resume = () => {
      this.resume();
      return socket;
    };
    this._restoreResume = () => {
      if (own) Object.defineProperty(socket, 'resume', own);
      else delete socket.resume;
    };
  },

  /** @param {boolean} hadError */
  _onSocketClose(hadError) {
    this.socketHadError = hadError;
    this.connected = false;
    this.state = 'closed';
    if (this.closeReasonCode === -1) {
      this.closeReasonCode = CLOSE_REASONS.CLOSE_REASON_ABNORMAL;
      this.closeDescription = 'Connection dropped by remote peer.';
    }
    this.waitingForCloseResponse = false;
    this._restoreResume?.();
    this._release();
    this._emitClose();
  },

  handleSocketDrain() {
    // What is being deflated would not fit in between.
    if (this._isDeflating()) {
      this._drainOwed = true;
      return;
    }
    this._outputFull = false;
    this._drainOwed = false;
    if (this.transport === 'stream') this._writeOutput();
    this.emit('drain');
  },

  handleSocketPause() {
    if (this._quiet) return;
    this.inputPaused = true;
    this._hold();
    this._hurry();
    this.emit('pause');
  },

  handleSocketResume() {
    // Only to see the socket off: nothing is delivered any more.
    if (this._lingers) return;
    const quiet = this._resumesQuietly;
    if (quiet) this._resumesQuietly = false;
    // The application may have paused and resumed since: Node tells of both resumes by one event.
    if (quiet && (!this.inputPaused || this.socket.isPaused())) return;
    if (this._throttled) this._throttled = false;
    this.inputPaused = false;
    this._tellResume();
  },

  /** The application hears of a resume in the next tick, when it may have paused again. */
  _tellResume() {
    try {
      this.emit('resume');
    } catch (error) {
      surface(error);
    }
    const { socket } = this;
    if (this.inputPaused || (!socket.destroyed && socket.isPaused?.())) return;
    this._goOn();
  },
};
