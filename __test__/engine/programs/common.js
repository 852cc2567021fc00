'use strict';

const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');

const lib = require(path.resolve(__dirname, '../../..'));

/** Reports a value to the test, also right before the process ends. */
function report(value) {
  fs.writeSync(1, `${JSON.stringify(value)}\n`);
}

/**
 * A server of ours on a free port. `onConnection` gets each new connection.
 *
 * @returns {Promise<{ url: string, server: any, close(): void }>}
 */
async function listen(config, onConnection) {
  const httpServer = http.createServer().listen(0, '127.0.0.1');
  await once(httpServer, 'listening');
  const server = new lib.server({ httpServer, autoAcceptConnections: true, ...config });
  server.on('connect', onConnection);
  const url = `ws://127.0.0.1:${httpServer.address().port}/`;
  return { url, server, close: () => httpServer.close() };
}

/** Connects our client. `onConnection` gets the new connection. */
function dial(url, config, onConnection) {
  const client = new lib.client(config);
  client.on('connect', onConnection);
  client.on('connectFailed', (error) => {
    throw error;
  });
  client.connect(url);
}

/** Echoes every message. */
function echo(connection) {
  connection.on('message', (message) => connection.send(message.utf8Data ?? message.binaryData));
}

/** Waits until the test lets the program continue. */
async function proceed() {
  await once(process.stdin, 'data');
  process.stdin.pause();
}

/** Waits until the condition holds. Checks it in each turn of the event loop. */
async function until(condition) {
  while (!condition()) await new Promise(setImmediate);
}

/** Collects garbage until memory that is freed in later turns is free, too. Needs --expose-gc. */
async function collected() {
  for (let i = 0; i < 10; i++) {
    await new Promise(setImmediate);
    globalThis.gc();
  }
  // This makes V8 release the pages that it keeps for later, 10 MiB since Node 24.
  globalThis.gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

/**
 * The process's open descriptors and their targets, without files. The package opens no files, and
 * Node's own threads read some at any time, such as certificates.
 */
function descriptors() {
  const folder = '/proc/self/fd';
  const found = new Map();
  for (const fd of fs.readdirSync(folder)) {
    const target = targetOf(path.join(folder, fd));
    if (!target.startsWith('/')) found.set(Number(fd), target);
  }
  return found;
}

/** Looks like a file if it was closed after the listing, as the listing's own descriptor was. */
function targetOf(link) {
  try {
    return fs.readlinkSync(link);
  } catch {
    return '/';
  }
}

module.exports = { collected, descriptors, dial, echo, lib, listen, proceed, report, until };
