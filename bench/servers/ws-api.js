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

/** Serves through the API that npm `ws` and this package's entry `ws` share. */
module.exports = function serve(ws, options) {
  const httpServer = createServer();
  const attach = settings.engineIo ? require('./engine-io') : attachWebSocketServer;
  attach(httpServer, ws, options);
  listen(httpServer, { bufferutil: hasAddon('bufferutil') });
};

function attachWebSocketServer(httpServer, ws, options) {
  const { maxPayload, handler } = settings;
  const server = new ws.WebSocketServer({
    server: httpServer,
    maxPayload,
    perMessageDeflate,
    ...options,
  });
  const handle =
    handler === 'pipe' ? pipeToItself(ws) : onMessage(messageHandlers(server)[handler]);
  server.on('connection', (socket) => {
    socket.on('error', console.error);
    handle(socket);
  });
}

function onMessage(handlerFor) {
  return (socket) => socket.on('message', handlerFor(socket));
}

/** Text comes as a Buffer. These make a string, because the other peers' handlers get one. */
function messageHandlers(server) {
  return {
    echo: (socket) => (data, isBinary) => {
      if (isBinary) {
        socket.send(data);
      } else {
        const text = data.toString();
        socket.send(text);
      }
    },
    echoWithCallback: (socket) => (data, isBinary) => {
      socket.send(isBinary ? data : data.toString(), onSent);
    },
    answer: (socket) => (data) => socket.send(answerTo(data.toString())),
    broadcast: () => (data) => {
      const text = data.toString();
      for (const client of server.clients) {
        if (client.readyState === client.OPEN) client.send(text);
      }
    },
  };
}

function pipeToItself({ createWebSocketStream }) {
  return (socket) => {
    const stream = createWebSocketStream(socket);
    stream.on('error', console.error);
    stream.pipe(stream);
  };
}
