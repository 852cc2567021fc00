'use strict';

const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');

const lib = require(path.resolve(__dirname, '../../..'));

/** Tells the test something, also right before the process ends. */
function report(value) {
  fs.writeSync(1, `${JSON.stringify(value)}\n`);
}

/**
 * A server of ours on a free port. `onConnection` gets each connection as soon as there is one.
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

/** A connection of our client, given to `onConnection` as soon as there is one. */
function dial(url, config, onConnection) {
  const client = new lib.client(config);
  client.on('connect', onConnection);
  client.on('connectFailed', (error) => {
    throw error;
  });
  client.connect(url);
}

/** Sends everything back, as it came. */
function echo(connection) {
  connection.on('message', (message) => connection.send(message.utf8Data ?? message.binaryData));
}

/** Waits for the test to let the program go on. */
async function proceed() {
  await once(process.stdin, 'data');
  process.stdin.pause();
}

/** Waits until it is so, one turn of the event loop after the other. */
async function until(condition) {
  while (!condition()) await new Promise(setImmediate);
}

/** Collects garbage, until also what is freed in later turns is freed. Needs --expose-gc. */
async function collected() {
  for (let i = 0; i < 10; i++) {
    await new Promise(setImmediate);
    globalThis.gc();
  }
  // Only so does V8 give back the pages that it keeps for later, 10 MiB of them since Node 24.
  globalThis.gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

/**
 * The process's open descriptors, with what they lead to, but for files: the package opens none,
 * and Node reads those that it needs, such as certificates, on threads of its own whenever it
 * wants.
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

/** As of a file if it has been closed since it was listed, as the listing's own descriptor has. */
function targetOf(link) {
  try {
    return fs.readlinkSync(link);
  } catch {
    return '/';
  }
}

module.exports = { collected, descriptors, dial, echo, lib, listen, proceed, report, until };
