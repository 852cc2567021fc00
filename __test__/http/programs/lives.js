'use strict';

// Listens, does what the second argument says, and tells when the process ends by itself.

const { once } = require('node:events');
const net = require('node:net');

const http = process.argv[2] === 'node' ? require('node:http') : require('../../../lib/http');

const HANDSHAKE = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

const DEEDS = {
  async unref(server) {
    server.unref();
  },
  async unrefEarly() {},
  async close(server) {
    server.close();
  },
  async closeAfterClient(server) {
    const { port } = server.address();
    const client = net.connect(port, '127.0.0.1');
    client.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    client.resume();
    await once(client, 'close');
    server.close();
  },
  async refAgain(server) {
    server.unref();
    server.ref();
    // Ends the process, if it still lives.
    setTimeout(() => process.exit(7), 50).unref();
    setTimeout(() => {}, 0);
  },
  async upgrade(server) {
    server.on('upgrade', () => {
      server.close();
      // Ends the process, if it still lives.
      setTimeout(() => process.exit(7), 50).unref();
      setTimeout(() => {}, 0);
    });
    const client = net.connect(server.address().port, '127.0.0.1');
    client.write(HANDSHAKE);
    client.unref();
  },
  async exit() {
    process.exit(3);
  },
};

async function main() {
  const server = http.createServer((_, response) => response.end('x'));
  if (process.argv[3] === 'unrefEarly') server.unref();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  await DEEDS[process.argv[3]](server);
}

process.on('exit', (code) => process.stdout.write(`exit ${code}`));
main();
