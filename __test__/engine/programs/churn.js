'use strict';

// A server that echoes. Reports its memory after a collection, every EVERY closed connections.
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
