'use strict';

// Methods of Peer that handle the events of its socket, on both transports.

const { Readable } = require('node:stream');

const { engine } = require('../engine/engine');
const { surface } = require('../engine/ticks');

module.exports = {
  /** @param {any} error */
  onError(error) {
    const { hooks, owner } = this;
    if (hooks.isClosed(owner)) return;
    const tell = () => hooks.socketError(owner, error);
    if (!this.afterQueue(false, tell)) tell();
  },

  onEnd() {
    if (this.held !== null) this.decodeHeld();
    this.endWaits = this.afterQueue(true, () => this.deliverEnd());
    if (!this.endWaits) this.deliverEnd();
  },

  /** Handles the socket's end, once all earlier events are delivered. */
  deliverEnd() {
    const { hooks, owner } = this;
    this.endWaits = false;
    hooks.socketEnd(owner);
    if (hooks.isClosed(owner)) return;
    if (this.slot !== -1) engine.receiveEnd(this.slot);
    // close() has not ended the output of a connection that compresses.
    if (hooks.isOpen(owner) || this.compression !== null) this.endOutput();
  },

  /** @param {boolean} hadError */
  onClose(hadError) {
    if (this.held !== null) this.decodeHeld();
    // Messages of a stream that are still to be deflated are lost.
    if (this.transport === 'stream') this.settleAll(Infinity, Infinity, true);
    if (this.hooks.hearsRest && !this.endWaits) this.deliverRest();
    if (this.barrier === 'ahead') {
      this.barrier = () => this.deliverClose(hadError);
      return;
    }
    // The close after an orderly end waits as long as the end.
    const waits =
      (this.transport === 'stream' || this.hooks.hearsRest) &&
      this.afterQueue(this.endWaits, () => this.deliverClose(hadError));
    if (!waits) {
      this.deliverClose(hadError);
      return;
    }
    // An application that has paused the socket itself also resumes it there. Node emits no event
    // for that any more.
    const { socket } = this;
    const own = Object.getOwnPropertyDescriptor(socket, 'resume');
    socket.resume = () => {
      this.resumeDestroyed();
      return socket;
    };
    this.restoreResume = () => {
      if (own) Object.defineProperty(socket, 'resume', own);
      else delete socket.resume;
    };
  },

  /** Delivers what a paused connection had received when its socket was destroyed. */
  deliverRest() {
    const { hooks, owner, socket } = this;
    const isCut = socket instanceof Readable && !socket.readableEnded;
    if (!isCut || !hooks.isPaused(owner)) return;
    hooks.setPaused(owner, false);
    // A stream that has closed emits no 'data'.
    const rest = socket.read();
    if (rest !== null) this.receive(rest);
    this.resumeDelivery();
  },

  /**
   * Handles the socket's close, once all earlier events are delivered.
   *
   * @param {boolean} hadError
   */
  deliverClose(hadError) {
    this.hooks.socketClose(this.owner, hadError);
    this.restoreResume?.();
    this.release();
    this.hooks.close(this.owner);
  },

  onDrain() {
    // The drain follows the messages that are still being deflated.
    if (this.isDeflating()) {
      this.drainOwed = true;
      return;
    }
    this.outputFull = false;
    this.drainOwed = false;
    if (this.transport === 'stream') this.writeOutput();
    this.hooks.drain(this.owner);
  },

  /**
   * Pauses the socket for the application, which stops delivery at once.
   *
   * @param {boolean} outlivesSocket whether events from before the socket was destroyed are still
   *   to be delivered. The socket itself does not pause any more then.
   */
  pauseSocket(outlivesSocket) {
    const { hooks, owner } = this;
    // A socket that the Peer has paused already would emit no 'pause'.
    if ((this.isThrottled || outlivesSocket) && !hooks.isPaused(owner)) {
      const replaced = hooks.listener(owner, 'pause');
      if (replaced === undefined) this.onPause();
      else replaced();
    }
    if (!outlivesSocket) this.socket.pause();
  },

  /**
   * Undoes `pauseSocket`.
   *
   * @param {boolean} outlivesSocket
   */
  resumeSocket(outlivesSocket) {
    if (outlivesSocket) this.resumeDestroyed();
    else this.socket.resume();
  },

  onPause() {
    if (this.pausesQuietly) return;
    this.hooks.setPaused(this.owner, true);
    this.pauseDelivery();
    this.deliverUrgent();
    this.hooks.pause(this.owner);
  },

  onResume() {
    // The socket is only read to reach its end, and nothing is delivered any more.
    if (this.lingers) return;
    const quiet = this.resumesQuietly;
    if (quiet) this.resumesQuietly = false;
    // The application may have paused and resumed since. Node emits one event for both resumes.
    if (quiet && (!this.hooks.isPaused(this.owner) || this.socket.isPaused())) return;
    // Node may have scheduled the event before the Peer paused the socket.
    if (this.isThrottled && !this.socket.isPaused()) this.isThrottled = false;
    this.hooks.setPaused(this.owner, false);
    this.reportResume();
  },

  /** Reports the resume to the owner. Resumes delivery, unless a handler has paused again. */
  reportResume() {
    try {
      this.hooks.resume(this.owner);
    } catch (error) {
      surface(error);
    }
    const { socket } = this;
    const isPaused = this.hooks.isPaused(this.owner);
    if (isPaused || (!socket.destroyed && socket.isPaused?.())) return;
    this.resumeDelivery();
  },

  /**
   * Resumes delivery of events from before the socket was destroyed, in the next tick as a stream
   * does. From version 26 on, Node neither pauses nor resumes a destroyed stream.
   */
  resumeDestroyed() {
    // The 'resume' of an earlier call may have come after a later pause.
    if (!this.hooks.isPaused(this.owner) && !this.isDeliveryPaused) return;
    this.hooks.setPaused(this.owner, false);
    process.nextTick(() => this.reportResume());
  },
};
