'use strict';

const { EventEmitter } = require('node:events');

/** A socket as in an application's unit tests. It only records what is written to it. */
class FakeSocket extends EventEmitter {
  remoteAddress = '127.0.0.1';
  written = [];
  ended = [];
  destroyed = false;

  write(data, encoding, callback) {
    this.written.push(data);
    const done = typeof encoding === 'function' ? encoding : callback;
    if (done) process.nextTick(done);
    return true;
  }

  end(data) {
    this.ended.push(data);
  }

  destroy() {
    this.destroyed = true;
  }

  pause() {}
  resume() {}
  setNoDelay() {}
  setTimeout() {}
  setKeepAlive() {}
}

module.exports = FakeSocket;
