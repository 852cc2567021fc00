'use strict';

// A server that answers each text with a short one, and bytes with a very long text. It compresses
// everything.
//
//   node long.js TRANSPORT

const { listen, report } = require('./common');

const LONG = Array.from({ length: 3_000_000 }, (_, i) => `${i * 7919} `).join('');

const [transport] = process.argv.slice(2);

listen({ transport, perMessageDeflate: { threshold: 0 } }, (connection) => {
  connection.on('message', ({ type }) => {
    if (type === 'utf8') {
      connection.send('hi');
      return;
    }
    connection.send(LONG);
    report('sent');
  });
}).then(({ url }) => report(url));
