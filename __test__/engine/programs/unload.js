'use strict';

// Loads the package repeatedly, uses each copy once, and drops the references to it. Reports how
// many copies survive a collection.
//
//   node --expose-gc unload.js TRANSPORT

const { once } = require('node:events');
const http = require('node:http');
const path = require('node:path');

const { report } = require('./common');

const ROOT = path.resolve(__dirname, '../../..');
const COPIES = 20;

const [transport] = process.argv.slice(2);

main();

async function main() {
  const copies = [];
  for (let i = 0; i < COPIES; i++) copies.push(new WeakRef(await use()));
  const left = () => copies.filter((copy) => copy.deref()).length;
  // The engine's latest call may still hold the last copy.
  for (let i = 0; i < 100 && left() > 1; i++) {
    await new Promise(setImmediate);
    globalThis.gc();
  }
  report(left());
}

/** Loads a copy, exchanges a message and its echo, and returns its engine. */
async function use() {
  for (const name of Object.keys(require.cache)) {
    if (name.startsWith(ROOT) && !name.startsWith(__dirname)) delete require.cache[name];
  }
  // Node keeps a list of its children in each module.
  module.children.length = 0;
  const lib = require(ROOT);
  const httpServer = http.createServer().listen(0, '127.0.0.1');
  await once(httpServer, 'listening');
  const server = new lib.server({ httpServer, autoAcceptConnections: true, transport });
  server.on('connect', (connection) => {
    connection.on('message', ({ utf8Data }) => connection.send(utf8Data));
  });
  const client = new lib.client({ transport });
  client.connect(`ws://127.0.0.1:${httpServer.address().port}/`);
  const [connection] = await once(client, 'connect');
  connection.send('there and back');
  await once(connection, 'message');
  connection.close();
  await once(connection, 'close');
  server.shutDown();
  httpServer.close();
  await once(httpServer, 'close');
  return require(path.join(ROOT, 'lib/internal/engine/engine.js')).engine;
}
