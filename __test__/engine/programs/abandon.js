'use strict';

// A client that sends more than its peer reads and destroys its socket, after which nothing but the
// callbacks of its sends is left to happen. It reports their errors' codes.
//
//   node abandon.js URL

const { dial, report } = require('./common');

dial(process.argv[2], { transport: 'auto' }, (connection) => {
  connection.on('error', () => {});
  connection.on('message', () => {
    const codes = [];
    for (let i = 0; i < 3; i++) {
      connection.sendBytes(Buffer.alloc(8_000_000), (error) => {
        codes.push(error?.code ?? 'none');
        if (codes.length === 3) report(codes);
      });
    }
    connection.socket.destroy();
  });
});
