'use strict';

// Starts a process while connections are open, and reports how many of their sockets it inherits.

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');

const { descriptors, dial, echo, listen, report } = require('./common');

listen({}, echo).then(({ server, url, close }) => {
  dial(url, {}, (connection) => {
    connection.send('first');
    connection.once('message', () => connection.send('last'));
    connection.on('message', async ({ utf8Data }) => {
      if (utf8Data !== 'last') return;
      report(await inherited(server, connection));
      server.shutDown();
      close();
    });
  });
});

async function inherited(server, client) {
  const own = [...descriptors().values()];
  const sockets = new Set(own.filter((target) => target.startsWith('socket:')));
  const child = spawn('cat', { stdio: ['pipe', 'pipe', 'ignore'] });
  // Once it copies, it has finished its own start.
  child.stdin.write('started');
  await once(child.stdout, 'data');
  const folder = `/proc/${child.pid}/fd`;
  const theirs = fs.readdirSync(folder).map((fd) => fs.readlinkSync(`${folder}/${fd}`));
  child.stdin.end();
  await once(child, 'close');
  return {
    adopted: server.connections.concat(client).filter(({ transport }) => transport === 'native')
      .length,
    inherited: theirs.filter((target) => sockets.has(target)).length,
  };
}
