'use strict';

const { EventEmitter } = require('node:events');

/** What an application's unit tests pass for a socket: it writes nowhere and remembers what. */
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
