'use strict';

const { Server } = require('engine.io');

const { settings } = require('./host');

/** Echoes the messages of engine.io's clients, over the WebSocketServer of `ws`. */
module.exports = function attachEngineIo(httpServer, ws, options) {
  const server = new Server({
    transports: ['websocket'],
    maxHttpBufferSize: settings.maxPayload,
    wsEngine: withOptions(ws.WebSocketServer, options),
  });
  server.on('connection', (socket) => {
    socket.on('message', (data) => socket.send(data));
  });
  server.attach(httpServer);
};

/** engine.io passes options of its own to the class. */
function withOptions(WebSocketServer, options) {
  if (!options) return WebSocketServer;
  return class extends WebSocketServer {
    constructor(given) {
      super({ ...given, ...options });
    }
  };
}
