'use strict';

// The servers on which tests of both APIs run. With WEBSOCKET_TEST_SERVER=listener these are the
// servers of websocket-native/http and /https, otherwise those of Node.

const http = require('node:http');
const https = require('node:https');

/** Whether the tests run on our own servers. */
const isListener = process.env.WEBSOCKET_TEST_SERVER === 'listener';

const ours = isListener
  ? { http: require('../../lib/http'), https: require('../../lib/http/https') }
  : { http, https };

/**
 * @param {any} [api] the package that runs on them; npm's always run on Node's
 * @returns {{ http: typeof http, https: typeof https }}
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
  const note = ({ socket }) => {
    if (known.has(socket)) return;
    known.add(socket);
    callback(socket);
  };
  server.on('newListener', function prepend(event) {
    if (event !== 'upgrade') return;
    server.removeListener('newListener', prepend);
    server.on('upgrade', note);
  });
  server.on('request', note);
}

module.exports = { isListener, onSocket, serversFor };
