'use strict';

// A server that receives messages of a megabyte. Reports the average number of page faults of each
// of the later ones.
//
//   node megabytes.js TRANSPORT EARLIER LATER

const { listen, report } = require('./common');

const [transport, ...counts] = process.argv.slice(2);
const [earlier, later] = counts.map(Number);

const faults = () => process.resourceUsage().minorPageFault;

let came = 0;
let before = 0;

listen({ transport, maxReceivedFrameSize: 1 << 20 }, (connection) => {
  connection.on('message', () => {
    came++;
    if (came === earlier) before = faults();
    if (came === earlier + later) report((faults() - before) / later);
  });
}).then(({ url }) => report(url));
