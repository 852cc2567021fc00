'use strict';

const { EventEmitter } = require('node:events');
const { FrameReader, frameValues } = require('./wire');

const METHODS = ['setNoDelay', 'setTimeout', 'setKeepAlive', 'pause', 'resume', 'end', 'destroy'];

/**
 * A socket as in tests of applications: an EventEmitter with the methods that a connection calls.
 * The calls are recorded in the connection's own lane, so that the order between calls and events
 * is part of the trace. `writes` sets the results of `write`.
 */
class FakeSocket extends EventEmitter {
  #lane;
  #frames = new FrameReader();

  constructor(lane, { remoteAddress = '203.0.113.7', writes = () => true } = {}) {
    super();
    this.#lane = lane;
    // Own properties, so that a scenario can delete one.
    for (const name of METHODS) {
      this[name] = (...values) => {
        lane.add(`socket.${name}`, ...values);
        return this;
      };
    }
    this.remoteAddress = remoteAddress;
    this.writes = writes;
    this.callbacks = [];
  }

  write(bytes, ...rest) {
    const callback = rest.find((value) => typeof value === 'function');
    if (callback) this.callbacks.push(callback);
    this.#lane.add('socket.write', bytes.constructor.name, bytes.length, typeof rest[0]);
    for (const frame of this.#frames.push(bytes)) {
      this.#lane.add('socket frame', ...frameValues(frame));
    }
    return this.writes();
  }

  on(event, listener) {
    this.#lane.add('socket.on', event);
    return super.on(event, listener);
  }

  removeAllListeners(event) {
    this.#lane.add('socket.removeAllListeners', event);
    return super.removeAllListeners(event);
  }
}

module.exports = { FakeSocket };
