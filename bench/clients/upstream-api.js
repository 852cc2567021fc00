'use strict';

const { connections, fail, inFlight, text, trust, url } = require('./settings');

/** Clients by the API that npm `websocket` and this package share. */
module.exports = function connectAll(websocket, options) {
  for (let i = 0; i < connections; i++) {
    const client = new websocket.client({ tlsOptions: trust, ...options });
    client.on('connectFailed', fail);
    client.on('connect', (connection) => {
      connection.on('close', fail);
      connection.on('message', (message) => connection.sendUTF(message.utf8Data));
      for (let sent = 0; sent < inFlight; sent++) connection.sendUTF(text);
    });
    client.connect(url);
  }
};
