'use strict';

const fs = require('node:fs');
const http = require('node:http');
const https = require('node:https');

const { entryFile } = require('../entries');

const HOST = '127.0.0.1';
const BACKLOG = 4096;

/**
 * The settings of a server, from the runner:
 *   handler      'echo', 'echoWithCallback', 'answer', 'broadcast', or 'pipe' (of a Node stream)
 *   engineIo     whether to speak engine.io's protocol over WebSocket
 *   maxPayload   longest message in bytes
 *   tls          paths `cert` and `key`, for TLS
 *   deflate      whether to compress all messages
 *   listens      whether the HTTP server is that of websocket-native/http or https
 */
const settings = JSON.parse(process.argv[2]);

const tls = settings.tls && {
  cert: fs.readFileSync(settings.tls.cert),
  key: fs.readFileSync(settings.tls.key),
};

/**
 * The option of `ws` and this package; npm `websocket` ignores it. The rest has zlib's defaults on
 * both sides: level 6, memory 8, windows of 32 KiB, context takeover.
 */
const perMessageDeflate = settings.deflate ? { threshold: 0 } : false;

/** The HTTP server of all peers except uWebSockets.js: Node's or this package's. */
function createServer() {
  if (settings.listens) return require(entryFile(tls ? 'https' : 'http')).createServer(tls ?? {});
  return tls ? https.createServer(tls) : http.createServer();
}

/** The callback of a send. */
function onSent(error) {
  if (error) console.error(error.message);
}

/** Answers as an application does: parses JSON, changes a field, stringifies. */
function answerTo(text) {
  const order = JSON.parse(text);
  order.state = 'done';
  return JSON.stringify(order);
}

/** Starts an HTTP server, and then sends its port and `details` to the runner. */
function listen(server, details) {
  server.listen({ port: 0, host: HOST, backlog: BACKLOG }, () => {
    announce(server.address().port, details);
  });
}

function announce(port, details) {
  console.log(JSON.stringify({ port, ...details }));
  answerRunner();
}

/** Collects garbage at the runner's request, and ends with the runner. */
function answerRunner() {
  process.stdin.on('data', () => {
    global.gc();
    console.log(JSON.stringify({ collected: true }));
  });
  process.stdin.on('end', () => process.exit());
}

/** Whether the package has loaded its native addon, and not its fallback in JavaScript. */
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
