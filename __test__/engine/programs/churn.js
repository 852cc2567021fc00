'use strict';

// A server that echoes, and reports its memory, freshly collected, after every so many connections
// have been opened and closed.
//
//   node --expose-gc churn.js TRANSPORT EVERY

const { collected, echo, listen, report } = require('./common');

const [transport, every] = process.argv.slice(2);
let closed = 0;

listen({ transport }, (connection) => {
  echo(connection);
  connection.on('close', async () => {
    if (++closed % Number(every) !== 0) return;
    await collected();
    report(process.memoryUsage.rss());
  });
}).then(({ url }) => report(url));
