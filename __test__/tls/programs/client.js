'use strict';

// Connects to the URL of the first argument, by both APIs, and prints how that ended as JSON.

const { client: WebSocketClient } = require('../../..');
const { WebSocket } = require('../../../lib/ws');

const [url, setup = ''] = process.argv.slice(2);
const warnings = [];
process.on('warning', ({ message }) => warnings.push(message.slice(0, 60)));

/** @returns {Promise<string>} the code of the error, or what the connection says of itself */
function viaWebsocket() {
  return new WebSocketClient().connect(url).then(
    async (connection) => {
      await new Promise((resolve) => connection.once('message', resolve));
      const { transport, socket } = connection;
      connection.close();
      return `${transport}, authorized: ${socket.authorized}`;
    },
    (error) => error.code,
  );
}

/** @returns {Promise<string>} as above */
function viaWs() {
  return new Promise((resolve) => {
    const ws = new WebSocket(url);
    ws.on('error', (error) => resolve(error.code));
    ws.on('message', () => {
      ws.close();
      resolve(`authorized: ${ws._socket.authorized}`);
    });
  });
}

(async () => {
  // biome-ignore lint/security/noGlobalEval: the test says what the program does first
  eval(setup);
  const websocket = await viaWebsocket();
  const ws = await viaWs();
  await new Promise(setImmediate);
  console.log(JSON.stringify({ websocket, ws, warnings }));
})();
