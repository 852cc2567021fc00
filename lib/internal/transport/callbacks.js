'use strict';

const { AsyncResource } = require('node:async_hooks');

// Tests replace `process.nextTick()` with a fake one, which would hold callbacks back.
const { nextTick } = process;

/** The argument with which Node's streams call back without an error. */
const NO_ERROR = Number.parseInt(process.versions.node, 10) < 20 ? undefined : null;

// A resource that Node has to destroy itself costs a hundred times as much.
const MANUAL = { requireManualDestroy: true };

/** Exceptions and callbacks that wait for a tick. Later callbacks must not overtake them. */
let scheduled = 0;

/**
 * The callback of one send. It runs in the async context, the domain and the zone of that send, as
 * the callback of a stream's write does. Its exceptions surface there and stop no other callback.
 */
class SendCallback extends AsyncResource {
  /** @param {(error?: Error) => void} callback */
  constructor(callback) {
    super('WEBSOCKET_SEND', MANUAL);
    this._callback = inCurrentZone(callback);
  }

  /**
   * Calls back at once, or in a tick if an exception of another callback has yet to surface.
   *
   * @param {Error | null} [error] the reason why the message did not leave, if so
   */
  call(error = NO_ERROR) {
    if (scheduled > 0) {
      this.schedule(error);
      return;
    }
    try {
      this.runInAsyncScope(this._callback, undefined, error);
    } catch (thrown) {
      scheduled++;
      this.runInAsyncScope(nextTick, undefined, raise, thrown);
    }
    this.emitDestroy();
  }

  /**
   * Calls back in a tick.
   *
   * @param {Error | null} [error]
   */
  schedule(error = NO_ERROR) {
    scheduled++;
    this.runInAsyncScope(nextTick, undefined, callBack, this._callback, error);
    this.emitDestroy();
  }
}

/**
 * Binds a callback to the current zone of zone.js, which itself only patches functions that the
 * engine does not call.
 *
 * @param {(error?: Error) => void} callback
 */
function inCurrentZone(callback) {
  const zone = /** @type {any} */ (globalThis).Zone?.current;
  return typeof zone?.wrap === 'function' ? zone.wrap(callback, 'WebSocketConnection') : callback;
}

/**
 * @param {(error?: Error) => void} callback
 * @param {any} error
 */
function callBack(callback, error) {
  scheduled--;
  callback(error);
}

/** @param {unknown} error */
function raise(error) {
  scheduled--;
  throw error;
}

/**
 * @param {number} count
 * @param {((error?: Error) => void) | undefined} callback
 * @returns {(error?: Error) => void} calls back once: at the first error or after all
 */
function afterAll(count, callback) {
  let left = count;
  return (error) => {
    if (left === 0) return;
    left = error ? 0 : left - 1;
    if (typeof callback !== 'function') return;
    if (error) callback(error);
    else if (left === 0) callback();
  };
}

module.exports = { SendCallback, afterAll };
