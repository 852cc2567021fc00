'use strict';

// A server that compresses and listens. When its connection has closed, it reports how many
// messages that brought, and by how much the process had grown at its largest since the first of
// them.
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
