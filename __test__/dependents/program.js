'use strict';

// What the programs have in common. Each one is a file of tests with a process of its own.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const { createRequire } = require('node:module');
const path = require('node:path');
const { after } = require('node:test');
const { MODULES, WS, usesNpm } = require('./rig');

/** Milliseconds in which the process has to end after its last test. */
const LINGER_MS = 20000;

after(() => setTimeout(giveUp, LINGER_MS).unref());

function giveUp() {
  console.error(`The program waits for ${process.getActiveResourcesInfo().join(', ')}`);
  process.exit(1);
}

/** Fails unless a package of this folder gets the `ws` that is under test. */
function assertLoads(dependent) {
  const own = createRequire(path.join(MODULES, dependent, 'package.json'));
  assert.equal(path.dirname(own.resolve('ws')), fs.realpathSync(WS));
  if (!usesNpm) assert.equal(own('ws'), require('websocket-native/ws'));
}

/** Starts an HTTP server on a free port, and returns its address without the scheme. */
async function listen(server = http.createServer()) {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `127.0.0.1:${server.address().port}`;
}

/** The arguments of the next event, even if an 'error' comes first. */
function next(emitter, name) {
  return new Promise((resolve) => emitter.once(name, (...args) => resolve(args)));
}

/** The next messages of a WebSocket: strings if they are text, else Buffers. */
function messages(socket, count) {
  return new Promise((resolve) => {
    const all = [];
    socket.on('message', function collect(data, isBinary) {
      if (all.push(isBinary ? data : String(data)) < count) return;
      socket.off('message', collect);
      resolve(all);
    });
  });
}

module.exports = { assertLoads, listen, messages, next };
