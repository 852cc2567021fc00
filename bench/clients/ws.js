'use strict';

const { WebSocket } = require('ws');

const { connections, fail, inFlight, text, url } = require('./settings');

for (let i = 0; i < connections; i++) {
  const socket = new WebSocket(url, { perMessageDeflate: false });
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
