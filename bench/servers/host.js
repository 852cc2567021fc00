'use strict';

const fs = require('node:fs');
const http = require('node:http');
const https = require('node:https');

const HOST = '127.0.0.1';
const BACKLOG = 4096;

/**
 * What the runner asks of a server:
 *   handler      'echo', 'echoWithCallback', 'answer' or 'broadcast'
 *   maxPayload   longest message in bytes
 *   tls          paths `cert` and `key`, if it is to be TLS
 *   deflate      whether to compress all messages
 */
const settings = JSON.parse(process.argv[2]);

const tls = settings.tls && {
  cert: fs.readFileSync(settings.tls.cert),
  key: fs.readFileSync(settings.tls.key),
};

/**
 * What `ws` and this package take, and npm `websocket` doesn't know. All else is zlib's defaults on
 * both sides: level 6, 8 for memory, windows of 32 KiB, contexts taken over.
 */
const perMessageDeflate = settings.deflate ? { threshold: 0 } : false;

/** The HTTP server on which all peers but uWebSockets.js are mounted. */
function createServer() {
  return tls ? https.createServer(tls) : http.createServer();
}

/** The callback of each send, where there is one. */
function onSent(error) {
  if (error) console.error(error.message);
}

/** What an application makes of a request: it reads it, changes it, and writes it again. */
function answerTo(text) {
  const order = JSON.parse(text);
  order.state = 'done';
  return JSON.stringify(order);
}

/** Starts an HTTP server and tells the runner, with what else it should know. */
function listen(server, details) {
  server.listen({ port: 0, host: HOST, backlog: BACKLOG }, () => {
    announce(server.address().port, details);
  });
}

function announce(port, details) {
  console.log(JSON.stringify({ port, ...details }));
  answerRunner();
}

/** Collects garbage when the runner says so, and ends with it. */
function answerRunner() {
  process.stdin.on('data', () => {
    global.gc();
    console.log(JSON.stringify({ collected: true }));
  });
  process.stdin.on('end', () => process.exit());
}

/** Whether a native addon of the package was loaded, rather than what it has for want of one. */
function hasAddon(name) {
  return Object.keys(require.cache).some(
    (file) => file.includes(`/${name}/`) && /\.node$/.test(file),
  );
}

module.exports = {
  HOST,
  announce,
  answerTo,
  createServer,
  hasAddon,
  listen,
  onSent,
  perMessageDeflate,
  settings,
};
