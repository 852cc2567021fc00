'use strict';

// Two workers of a cluster that answer on one port. Their primary asks for answers until both have
// answered, and then tells them to leave. It writes what has happened.

const cluster = require('node:cluster');
const { once } = require('node:events');

const [, , whose, policy] = process.argv;
const http = whose === 'node' ? require('node:http') : require('../../../lib/http');
const HOST = '127.0.0.1';

cluster.schedulingPolicy = policy === 'none' ? cluster.SCHED_NONE : cluster.SCHED_RR;

if (cluster.isPrimary) lead();
else serve();

async function serve() {
  const server = http.createServer((_, response) => {
    response.setHeader('Connection', 'close');
    response.end(String(cluster.worker.id));
  });
  server.on('upgrade', (request, socket) => {
    socket.end(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nWorker: ${request.url}\r\n\r\n`,
    );
  });
  server.listen(0, HOST);
  await once(server, 'listening');
}

async function lead() {
  const workers = [cluster.fork(), cluster.fork()];
  const [{ port }] = await Promise.all(
    workers.map(async (worker) => (await once(worker, 'listening'))[0]),
  );
  const answers = new Set();
  for (let i = 0; answers.size < 2 && i < 10000; i++) answers.add(await ask(port));
  const exits = workers.map((worker) => once(worker, 'exit'));
  const upgraded = await upgrade(port);
  cluster.disconnect();
  const codes = await Promise.all(exits);
  process.stdout.write(JSON.stringify({ answers: [...answers].sort(), upgraded, codes }));
}

/** @returns {Promise<string>} the answer to a request */
async function ask(port) {
  const request = require('node:http').get({ port, host: HOST, agent: false });
  const [response] = await once(request, 'response');
  let text = '';
  for await (const chunk of response) text += chunk;
  return text;
}

/** @returns {Promise<string>} the URL of a handshake, as a worker has seen it */
async function upgrade(port) {
  const headers = { Connection: 'Upgrade', Upgrade: 'websocket' };
  const request = require('node:http').get({ port, host: HOST, agent: false, headers, path: '/u' });
  const [response, socket] = await once(request, 'upgrade');
  socket.destroy();
  return response.headers.worker;
}
