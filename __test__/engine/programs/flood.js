'use strict';

// A worker thread that sends all the time to every connection: to clients of its server, whose URL
// it posts, and over its own clients to URL. It posts 'busy' once each connection has received
// something. With 'hang', its JavaScript blocks from then on. Only termination ends it.
//
//   new Worker('flood.js', { argv: [TRANSPORT, URL, CONNECTIONS, 'run' | 'hang'] })

const { parentPort } = require('node:worker_threads');

const { dial, listen } = require('./common');

const [transport, url, connections, mode] = process.argv.slice(2);
const payload = 'x'.repeat(1000);
let heard = 0;

listen({ transport }, flood).then((listening) => parentPort.postMessage(listening.url));
for (let i = 0; i < Number(connections); i++) dial(url, { transport }, flood);

function flood(connection) {
  const more = () => {
    for (let i = 0; i < 100 && connection.connected; i++) {
      if (!connection.send(payload)) return;
    }
    setImmediate(more);
  };
  // Waits for a turn of the event loop, so that the thread can do other work.
  connection.on('drain', () => setImmediate(more));
  connection.once('message', () => {
    connection.on('message', () => {});
    if (++heard < 2 * Number(connections)) return;
    parentPort.postMessage('busy');
    while (mode === 'hang');
  });
  more();
}
