'use strict';

// A server with compression. When its connection has closed, it reports how many messages it
// received, and the largest growth of the process since the first.
//
//   node flooded.js TRANSPORT

const { listen, report } = require('./common');

const [transport] = process.argv.slice(2);

listen({ transport, perMessageDeflate: true }, (connection) => {
  let count = 0;
  let first;
  connection.on('message', () => {
    first ??= process.memoryUsage.rss();
    count += 1;
  });
  connection.on('close', () => {
    const most = 1024 * process.resourceUsage().maxRSS;
    report({ count, growth: most - first });
  });
}).then(({ url }) => report(url));
