'use strict';

// Worker threads that listen on one descriptor of the main thread. Each tells who has answered.

const { once } = require('node:events');
const net = require('node:net');
const { isMainThread, parentPort, threadId, Worker, workerData } = require('node:worker_threads');

const whose = isMainThread ? process.argv[2] : workerData.whose;
const http = whose === 'node' ? require('node:http') : require('../../../lib/http');
const HOST = '127.0.0.1';

if (isMainThread) lead();
else serve();

async function serve() {
  const server = http.createServer((_, response) => {
    response.setHeader('Connection', 'close');
    response.end(String(threadId));
  });
  const { fd, port } = workerData;
  server.listen(fd === undefined ? { port, host: HOST } : { fd });
  server.on('error', ({ code }) => parentPort.postMessage(code));
  server.on('listening', () => parentPort.postMessage(server.address().port));
}

async function lead() {
  const handle = net._createServerHandle(HOST, 0, 4);
  const { fd } = handle;
  const workers = [1, 2].map(() => new Worker(__filename, { workerData: { whose, fd } }));
  const [[port]] = await Promise.all(workers.map((worker) => once(worker, 'message')));
  const answers = new Set();
  for (let i = 0; i < 20; i++) answers.add(typeof (await ask(port)));
  const third = new Worker(__filename, { workerData: { whose, port } });
  const [code] = await once(third, 'message');
  await Promise.all([...workers, third].map((worker) => worker.terminate()));
  process.stdout.write(JSON.stringify({ answers: [...answers], code }));
  process.exit(0);
}

/** @returns {Promise<string>} the answer to a request */
async function ask(port) {
  const request = require('node:http').get({ port, host: HOST, agent: false });
  const [response] = await once(request, 'response');
  let text = '';
  for await (const chunk of response) text += chunk;
  return text;
}
