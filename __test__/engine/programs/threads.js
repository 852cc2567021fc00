'use strict';

// Reports the names of the process's I/O threads: after the package is loaded, with a server
// listening, with a connection on the stream transport, with an adopted one, and with five more of
// those. By then there must be COUNT threads. A thread gets its name when it first runs.
//
//   node threads.js COUNT

const ioThreads = require('../../support/ioThreads');
const { dial, echo, listen, report, until } = require('./common');

const count = Number(process.argv[2]);

report(ioThreads('self'));
main();

async function main() {
  for (const [transport, connections] of [
    ['stream', 1],
    ['auto', 1],
    ['auto', 5],
  ]) {
    const { server, url, close } = await listen({ transport }, echo);
    if (transport === 'stream') report(ioThreads('self'));
    for (let i = 0; i < connections; i++) await converse(url, transport);
    if (transport === 'auto') await until(() => ioThreads('self').length >= count);
    report(ioThreads('self'));
    server.shutDown();
    close();
  }
}

/** Resolves after an echo. By then both ends have their final transport. */
function converse(url, transport) {
  return new Promise((resolve) => {
    dial(url, { transport }, (connection) => {
      connection.on('message', ({ utf8Data }) => {
        if (utf8Data === 'last') resolve();
        else connection.send('last');
      });
      connection.send('first');
    });
  });
}
