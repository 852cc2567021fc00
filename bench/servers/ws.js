'use strict';

const { WebSocketServer } = require('ws');

// `ws` hands text over as a Buffer. Sending that Buffer back spares it the string that the others
// make, so the comparison errs in its favour.
const server = new WebSocketServer({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  console.log(server.address().port);
});
server.on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
});
