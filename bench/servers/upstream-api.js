'use strict';

const {
  answerTo,
  createServer,
  hasAddon,
  listen,
  onSent,
  perMessageDeflate,
  settings,
} = require('./host');

/** Serves through the API that npm `websocket` and this package share. */
module.exports = function serve(websocket, options) {
  const httpServer = createServer();
  const server = new websocket.server({
    httpServer,
    maxReceivedFrameSize: settings.maxPayload,
    maxReceivedMessageSize: settings.maxPayload,
    perMessageDeflate,
    ...options,
  });

  const handlers = {
    echo: (connection) => (message) => {
      if (message.type === 'utf8') connection.sendUTF(message.utf8Data);
      else connection.sendBytes(message.binaryData);
    },
    echoWithCallback: (connection) => (message) => {
      if (message.type === 'utf8') connection.sendUTF(message.utf8Data, onSent);
      else connection.sendBytes(message.binaryData, onSent);
    },
    answer: (connection) => (message) => connection.sendUTF(answerTo(message.utf8Data)),
    broadcast: () => (message) => server.broadcastUTF(message.utf8Data),
  };
  const handlerFor = handlers[settings.handler];

  server.on('request', (request) => {
    const connection = request.accept(null, request.origin);
    connection.on('message', handlerFor(connection));
  });
  listen(httpServer, { bufferutil: hasAddon('bufferutil') });
};
