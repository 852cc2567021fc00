'use strict';

// Methods of Peer that write to a stream of Node's: each frame is one write, and the writes of one
// turn leave together.

const { MOST_HEADER } = require('../engine/abi');
const { calls, engine } = require('../engine/engine');
const { corkForTurn, corked } = require('../engine/flush');
const { surface } = require('../engine/ticks');
const { turn } = require('../engine/turn');
const isLatin1 = require('../engine/isLatin1');
const { afterAll } = require('../transport/callbacks');
const {
  isTestDouble,
  noteEnd,
  settler,
  settlerOfAll,
  watchDestroy,
} = require('../transport/writeProgress');

/** Frames of at most this many bytes are encoded into shared memory, one after another. */
const SHORT_FRAME = 4096;
const SLAB_SIZE = 32 * 1024;

/** Most bytes that a corked stream collects for one write. A single longer frame may exceed it. */
const MOST_CORKED = 64 * 1024;

let slab = Buffer.allocUnsafeSlow(SLAB_SIZE);
let slabUsed = 0;

module.exports = {
  /**
   * Sends a message without compression.
   *
   * @param {string | Buffer} payload
   * @param {boolean} isText
   * @param {((error?: Error) => void) | undefined} callback
   * @returns {boolean | undefined} as `send` does
   */
  writeMessage(payload, isText, callback) {
    const short = encodeShort(this.slot, payload, isText, this.leavesNow());
    if (short !== null) return this.write(short, callback);
    const frames = engine.encode(this.slot, payload, isText, isText && isLatin1(payload));
    const last = frames.pop();
    if (last === undefined) return undefined;
    if (frames.length === 0) return this.write(last, callback);
    const each = isTestDouble(this.socket) ? afterAll(frames.length + 1, callback) : undefined;
    for (const frame of frames) this.write(frame, each);
    return this.write(last, each ?? callback);
  },

  /**
   * Whether a frame that is sent now leaves with this turn. A frame that waits for a slow peer
   * would keep all of the shared memory, which is four times as large as Node's own pool.
   */
  leavesNow() {
    if (this.writtenIn !== turn()) this.wasEmpty = !(this.socket.writableLength > 0);
    return this.wasEmpty;
  },

  /**
   * Writes one frame.
   *
   * @param {Buffer} frame
   * @param {((error?: Error) => void) | undefined} callback
   * @returns {boolean}
   */
  write(frame, callback) {
    return this.put(frame, settler(this, callback));
  },

  /**
   * Writes to the socket. The first write of a turn goes at once. Then a real stream is corked, so
   * that later writes leave together.
   *
   * @param {Buffer} bytes
   * @param {((error?: Error) => void) | undefined} settle called by the stream; throws only if the
   *   socket is a test double
   * @returns {boolean}
   */
  put(bytes, settle) {
    const { socket } = this;
    const now = turn();
    if (this.writtenIn !== now) {
      this.writtenIn = now;
    } else if (this.transport === 'stream' && !isTestDouble(socket)) {
      this.cork(bytes.length);
    }
    if (this.transport === 'stream' && this.config.highWaterMark !== undefined) {
      return this.putBelow(this.config.highWaterMark, bytes, settle);
    }
    const below = socket.write(bytes, settle);
    noteEnd(settle);
    this.outputFull = !below;
    return below;
  },

  /**
   * Corks the stream, so that writes leave together at the end of the turn. Above `MOST_CORKED`
   * bytes it begins another write, because all callbacks of one write run together.
   *
   * @param {number} length in bytes
   */
  cork(length) {
    if (this.isCorked && this.corkedBytes + length > MOST_CORKED) this.uncork();
    if (!this.isCorked) {
      watchDestroy(this);
      corkForTurn(this);
      this.corkedBytes = 0;
    }
    this.corkedBytes += length;
  },

  uncork() {
    if (!this.isCorked) return;
    this.isCorked = false;
    corked.delete(this);
    this.socket.uncork();
  },

  /**
   * Writes to a stream for which the application has set a high-water mark. The stream emits
   * 'drain' only for its own mark. So the callback of the write that reached the application's mark
   * reports the drain.
   *
   * @param {number} highWaterMark
   * @param {Buffer} bytes
   * @param {((error?: Error) => void) | undefined} settle
   * @returns {boolean}
   */
  putBelow(highWaterMark, bytes, settle) {
    const { socket } = this;
    const full = socket.writableLength + bytes.length >= highWaterMark;
    const tell = (error) => {
      try {
        if (!error && this.drainOwed && socket.writableLength === 0 && !socket.writableNeedDrain) {
          this.hooks.drainDue(this.owner);
        }
      } catch (thrown) {
        surface(thrown);
      }
      settle?.(error);
    };
    if (full) this.drainOwed = true;
    // An earlier drain that is still owed may be due after this write.
    socket.write(bytes, full || this.drainOwed ? tell : settle);
    noteEnd(settle);
    this.outputFull = full;
    return !full;
  },

  /** Writes the engine's output on the stream transport. */
  writeOutput() {
    if (this.slot === -1) return;
    const output = engine.takeOutput(this.slot);
    const behind = this.callbacks === null ? [] : engine.takeMarks(this.slot);
    const callbacks = behind.length > 0 ? this.callbacks.splice(0, behind.length) : [];
    const settle = settlerOfAll(this, callbacks, behind);
    if (output !== null) this.put(output, settle);
    else settle?.();
  },
};

/**
 * @param {number} slot
 * @param {string | Buffer} data
 * @param {boolean} isText
 * @param {boolean} leavesNow whether the frame leaves the shared memory soon
 * @returns {Buffer | null} the frame, or null if it is not a short one
 */
function encodeShort(slot, data, isText, leavesNow) {
  // A UTF-16 unit takes at most three bytes of UTF-8.
  const most = MOST_HEADER + (isText ? data.length * 3 : data.length);
  if (most > SHORT_FRAME) return null;
  if (slabUsed + most > SLAB_SIZE) {
    slab = Buffer.allocUnsafeSlow(SLAB_SIZE);
    slabUsed = 0;
  }
  const start = slabUsed;
  const length = calls.encodeInto(slot, data, isText, slab, start);
  if (length === 0) return null;
  const frame = slab.subarray(start, start + length);
  if (leavesNow) {
    slabUsed += length;
    return frame;
  }
  return Buffer.from(frame);
}
