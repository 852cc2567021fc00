'use strict';

// A server that answers each message with the name of its transport and the message. It accepts
// connection n, counting from 0, when the process has exactly n descriptors left. 'free' on that
// connection releases the descriptors that it has used up.

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

/** Opens descriptors until only `left` remain. */
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
