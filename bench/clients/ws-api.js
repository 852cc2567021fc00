'use strict';

const { connections, fail, inFlight, text, trust, url } = require('./settings');

/** Clients by the API that npm `ws` and this package's entry `ws` share. */
module.exports = function connectAll({ WebSocket }, options) {
  for (let i = 0; i < connections; i++) {
    const socket = new WebSocket(url, { perMessageDeflate: false, ...trust, ...options });
    socket.on('error', fail);
    socket.on('close', fail);
    socket.on('message', (data) => {
      const answer = data.toString();
      socket.send(answer);
    });
    socket.on('open', () => {
      for (let sent = 0; sent < inFlight; sent++) socket.send(text);
    });
  }
};
