'use strict';

// A client that sends more than its peer reads, and destroys its socket. Only the callbacks of its
// sends remain after that. It reports the codes of their errors.
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
