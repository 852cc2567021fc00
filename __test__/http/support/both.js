'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const nodeHttp = require('node:http');
const net = require('node:net');
const test = require('node:test');

const ourHttp = require('../../../lib/http');
const PATIENCE = require('../../support/patience');

const HOST = '127.0.0.1';

/**
 * What a scenario gets: a module with `createServer`, and functions that clean up behind it.
 *
 * @typedef {object} Stage
 * @property {typeof nodeHttp} http
 * @property {(done: () => void) => void} after
 */

/**
 * Defines a test that runs a scenario on Node's server and on ours. What it returns must be equal.
 *
 * @param {string} name
 * @param {(stage: Stage) => Promise<unknown>} scenario
 * @param {[any, any]} [modules] Node's, and ours
 */
function same(name, scenario, modules = [nodeHttp, ourHttp]) {
  test.it(name, { timeout: PATIENCE }, async () => {
    const theirs = await play(modules[0], scenario);
    const ours = await play(modules[1], scenario);
    assert.deepEqual(ours, theirs);
  });
}

async function play(http, scenario) {
  const cleanUps = [];
  try {
    // A copy, because the clean-up causes events, too.
    return structuredClone(await scenario({ http, after: (done) => cleanUps.push(done) }));
  } finally {
    for (const done of cleanUps.reverse()) done();
  }
}

/**
 * Listens on a free port.
 *
 * @param {Stage} stage
 * @param {any} [server]
 * @param {...any} args of `listen()`
 */
async function listening({ after, http }, server = http.createServer(), ...args) {
  after(() => {
    server.close();
    server.closeAllConnections();
  });
  server.listen(...(args.length > 0 ? args : [0, HOST]));
  await once(server, 'listening');
  return server;
}

/**
 * Connects to a server, and sends `start`.
 *
 * @param {Stage} stage
 * @param {any} server
 * @param {string} [start]
 */
function dial({ after }, server, start) {
  const address = server.address();
  return dialPort(after, typeof address === 'string' ? address : address.port, start);
}

/**
 * @param {(done: () => void) => void} after
 * @param {number | string} where a port of this machine, or a path
 * @param {string} [start]
 */
async function dialPort(after, where, start = '') {
  const target = typeof where === 'string' ? { path: where } : { port: where, host: HOST };
  const socket = net.connect(target);
  after(() => socket.destroy());
  socket.on('error', () => {});
  await once(socket, 'connect');
  if (start) socket.write(start);
  return socket;
}

/**
 * Everything that arrives on a socket until its end.
 *
 * @returns {Promise<string>} Latin-1, without the date
 */
async function answerOf(socket) {
  const chunks = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  await new Promise((resolve) => socket.once('close', resolve));
  return withoutDate(Buffer.concat(chunks).toString('latin1'));
}

/** Reads until `text` has arrived. */
async function readUntil(socket, text) {
  let read = '';
  while (!read.includes(text)) {
    const [chunk] = await once(socket, 'data');
    read += chunk.toString('latin1');
  }
  return withoutDate(read);
}

function withoutDate(text) {
  return text.replace(/^Date: .*$/gm, 'Date: X');
}

/** What identifies an error. */
function errorOf({ name, message, code, errno, syscall, address, port }) {
  return { name, message, code, errno, syscall, address, port };
}

module.exports = { HOST, answerOf, dial, dialPort, errorOf, listening, readUntil, same };
