'use strict';

// Run in an application where the companion package replaces `ws`: says which `ws` each package
// loads, and echoes "hello" through engine.io.

const http = require('node:http');
const { createRequire } = require('node:module');
const path = require('node:path');

const app = createRequire(path.join(process.cwd(), 'app.js'));
const WebSocket = app('websocket-native/ws');

for (const name of ['engine.io', 'graphql-ws', 'mqtt']) {
  const loaded = createRequire(app.resolve(name))('ws');
  console.log(`${name}: ${loaded === WebSocket ? 'ours' : 'another'}`);
}

const web = http.createServer();
const server = app('engine.io').attach(web);
server.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
web.listen(0, '127.0.0.1', () => {
  const { port } = web.address();
  const client = new WebSocket(`ws://127.0.0.1:${port}/engine.io/?EIO=4&transport=websocket`);
  client.on('open', () => client.send('4hello'));
  client.on('message', (data) => {
    if (!String(data).startsWith('4')) return;
    console.log(String(data).slice(1));
    client.close();
    server.close();
    web.close();
  });
});
