'use strict';

// The servers on which tests of both APIs run. With WEBSOCKET_TEST_SERVER=listener these are the
// servers of websocket-native/http and /https, otherwise those of Node.

const http = require('node:http');
const https = require('node:https');

/** Whether the tests run on our own servers. */
const isListener = process.env.WEBSOCKET_TEST_SERVER === 'listener';

/** Key of the functions that `onSocket` calls. */
const kNotes = Symbol('notes');

const ours = isListener
  ? { http: tracked(require('../../lib/http')), https: tracked(require('../../lib/http/https')) }
  : { http, https };

/**
 * Servers that tell of their sockets without a listener that somebody could count.
 *
 * @param {any} doors
 */
function tracked({ Server }) {
  class TrackedServer extends Server {
    emit(event, ...args) {
      if (event === 'request' || event === 'upgrade') {
        for (const note of this[kNotes] ?? []) note(args[0].socket);
      }
      return super.emit(event, ...args);
    }
  }
  return { createServer: (...args) => new TrackedServer(...args), Server: TrackedServer };
}

/**
 * @param {any} [api] the package that runs on them; npm's always run on Node's
 * @returns {any} `http` and `https`
 */
function serversFor(api) {
  const isNpms = isListener && api && [require('ws'), require('websocket')].includes(api);
  return isNpms ? { http, https } : ours;
}

/**
 * Calls back for the sockets of a server. Our own servers let Node accept where somebody listens
 * for 'connection', so their sockets are those of requests.
 *
 * @param {any} server
 * @param {(socket: any) => void} callback
 */
function onSocket(server, callback) {
  const isOurs = server instanceof ours.http.Server || server instanceof ours.https.Server;
  if (!isListener || !isOurs) {
    server.on('connection', callback);
    return;
  }
  const known = new WeakSet();
  server[kNotes] ??= [];
  server[kNotes].push((socket) => {
    if (known.has(socket)) return;
    known.add(socket);
    callback(socket);
  });
}

module.exports = { isListener, onSocket, serversFor };
