'use strict';

const { WebSocket, WebSocketServer } = require('ws');

const {
  answerTo,
  createServer,
  hasAddon,
  listen,
  onSent,
  perMessageDeflate,
  settings,
} = require('./host');

const httpServer = createServer();
const server = new WebSocketServer({
  server: httpServer,
  maxPayload: settings.maxPayload,
  perMessageDeflate,
});

// `ws` delivers text as a Buffer. These make a string, because the other peers' handlers get one.
const handlers = {
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
      if (client.readyState === WebSocket.OPEN) client.send(text);
    }
  },
};
const handlerFor = handlers[settings.handler];

server.on('connection', (socket) => {
  socket.on('error', console.error);
  socket.on('message', handlerFor(socket));
});
listen(httpServer, { bufferutil: hasAddon('bufferutil') });
