'use strict';

// A server that answers each message with the name of its transport and the message. It accepts the
// n-th connection when just n descriptors are left to the process, counting from 0; 'free' on that
// connection gives back what it has used up.

const fs = require('node:fs');

const { listen, report } = require('./common');

let left = 0;

listen({ autoAcceptConnections: false }, () => {}).then(({ url, server }) => {
  report(url);
  server.on('request', (request) => {
    const used = useUp(left++);
    const connection = request.accept(null, request.origin);
    connection.on('message', ({ utf8Data }) => {
      if (utf8Data === 'free') for (const fd of used) fs.closeSync(fd);
      connection.send(`${connection.transport} ${utf8Data}`);
    });
    connection.on('close', report);
  });
});

/** Opens so many descriptors that only `left` remain. */
function useUp(left) {
  const used = [];
  try {
    for (;;) used.push(fs.openSync('/dev/null'));
  } catch (error) {
    if (error.code !== 'EMFILE') throw error;
  }
  for (const fd of used.splice(used.length - left)) fs.closeSync(fd);
  return used;
}
