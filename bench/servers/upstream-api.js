'use strict';

const http = require('node:http');

/** Echoes text through the API that npm `websocket` and this package share, and prints its port. */
module.exports = function serve(websocket, options) {
  const httpServer = http.createServer();
  const server = new websocket.server({ httpServer, autoAcceptConnections: true, ...options });
  server.on('connect', (connection) => {
    connection.on('message', (message) => connection.sendUTF(message.utf8Data));
  });
  httpServer.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
    console.log(httpServer.address().port);
  });
};
