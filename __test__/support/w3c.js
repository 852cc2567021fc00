'use strict';

const ours = require('../..');
const { listen } = require('./http');

/**
 * A server that calls `onConnection` with every connection.
 *
 * @returns {Promise<{ url: string, server: any }>}
 */
async function serve(t, onConnection = () => {}) {
  const { httpServer, url } = await listen(t);
  const server = new ours.server({ httpServer });
  server.on('request', (request) => {
    const connection = request.accept(request.requestedProtocols[0], request.origin);
    onConnection(connection, request);
  });
  return { url, server };
}

/** Every event of a socket until 'close', in order. */
function trace(socket) {
  const events = [];
  return new Promise((resolve) => {
    for (const type of ['open', 'message', 'error', 'close']) {
      socket.addEventListener(type, (event) => {
        events.push(event);
        if (type === 'close') resolve(events);
      });
    }
  });
}

function next(socket, type) {
  return new Promise((resolve) => socket.addEventListener(type, resolve, { once: true }));
}

module.exports = { next, serve, trace };
