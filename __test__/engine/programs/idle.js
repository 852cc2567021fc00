'use strict';

// A server that echoes. Reports its memory after a collection, every MESSAGES messages.
//
//   node --expose-gc idle.js TRANSPORT MESSAGES PER_MESSAGE_DEFLATE

const { collected, listen, report } = require('./common');

const [transport, messages, perMessageDeflate] = process.argv.slice(2);
const config = { transport, perMessageDeflate: JSON.parse(perMessageDeflate), keepalive: false };
let count = 0;

listen(config, (connection) => {
  connection.on('message', ({ binaryData }) => {
    connection.send(binaryData, async () => {
      if (++count % Number(messages) !== 0) return;
      await collected();
      report(process.memoryUsage.rss());
    });
  });
}).then(({ url }) => report(url));
