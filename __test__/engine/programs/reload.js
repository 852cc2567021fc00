'use strict';

// Loads the package repeatedly into an empty module cache, as test runners do. Every load has its
// own server and client, and at the end all of them still work. A client also connects to the
// server of another load. Reports the number of different classes and of answers.
//
//   node reload.js TRANSPORT

const { once } = require('node:events');
const http = require('node:http');
const path = require('node:path');

const { report } = require('./common');

const ROOT = path.resolve(__dirname, '../../..');
const LOADS = 12;

const [transport] = process.argv.slice(2);

main();

async function main() {
  const loads = [];
  for (let i = 0; i < LOADS; i++) {
    const lib = load();
    const { url, stop } = await serve(lib);
    const client = await connect(lib, url);
    loads.push({ lib, url, stop, client });
    await ask(client, `${i}`);
  }
  const answers = [];
  for (const { client } of loads) answers.push(await ask(client, 'all'));
  const across = await connect(loads[0].lib, loads.at(-1).url);
  answers.push(await ask(across, 'across'));
  across.close();
  report({
    classes: new Set(loads.map(({ lib }) => lib.connection)).size,
    answers: answers.length,
  });
  for (const { stop } of loads) stop();
}

function load() {
  for (const name of Object.keys(require.cache)) {
    if (name.startsWith(ROOT) && !name.startsWith(__dirname)) delete require.cache[name];
  }
  return require(ROOT);
}

async function serve(lib) {
  const httpServer = http.createServer().listen(0, '127.0.0.1');
  await once(httpServer, 'listening');
  const server = new lib.server({ httpServer, autoAcceptConnections: true, transport });
  server.on('connect', (connection) => {
    connection.on('message', ({ utf8Data }) => connection.send(utf8Data));
  });
  const stop = () => {
    server.shutDown();
    httpServer.close();
  };
  return { url: `ws://127.0.0.1:${httpServer.address().port}/`, stop };
}

async function connect(lib, url) {
  const client = new lib.client({ transport });
  client.connect(url);
  const [connection] = await once(client, 'connect');
  return connection;
}

async function ask(connection, text) {
  connection.send(text);
  const [{ utf8Data }] = await once(connection, 'message');
  if (utf8Data !== text) throw new Error(`${utf8Data} instead of ${text}`);
  return utf8Data;
}
