'use strict';

const http = require('node:http');
const websocket = require('../..');
const { Counts } = require('./counts');
const { echo } = require('./echo');
const { hostsFromEnvironment, listen, portFromEnvironment } = require('./listen');
const { isOriginAllowed } = require('./origin');
const { servePage } = require('./pages');
const { Room } = require('./room');

const GOING_AWAY = websocket.connection.CLOSE_REASON_GOING_AWAY;
const CLOSE_TIMEOUT_MS = 2000;

async function main() {
  const hosts = hostsFromEnvironment(process.env.HOST);
  const httpServers = hosts.map(() => http.createServer(servePage));
  const port = await listen(httpServers, hosts, portFromEnvironment(process.env.PORT));

  const sockets = new websocket.server({
    httpServer: httpServers,
    maxReceivedFrameSize: 1024 * 1024,
    maxReceivedMessageSize: 8 * 1024 * 1024,
    closeTimeout: CLOSE_TIMEOUT_MS,
  });
  const counts = new Counts(sockets);
  const room = new Room(counts);

  const router = new websocket.router({ server: sockets });
  router.mount(
    '/echo',
    '*',
    guarded((connection) => echo(connection, counts)),
  );
  for (const protocol of ['chat', null]) {
    router.mount(
      '/chat',
      protocol,
      guarded((connection) => room.enter(connection)),
    );
  }
  counts.start((snapshot) => room.tellEveryone({ type: 'counts', ...snapshot }));

  const stop = () => shutDown(sockets, httpServers, counts);
  // Ctrl-C comes twice: from the terminal, and from npm, which passes it on.
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);

  const shownHost = process.env.HOST ? hosts[0] : 'localhost';
  console.log(`Chat is running at http://${urlHost(shownHost)}:${port}/ (Ctrl-C stops it)`);
}

function guarded(accepted) {
  return (request) => {
    if (isOriginAllowed(request.httpRequest)) {
      accepted(request.accept(request.origin));
    } else {
      request.reject(403, 'This page may not connect here.');
    }
  };
}

function shutDown(sockets, httpServers, counts) {
  counts.stop();
  sockets.unmount();
  for (const httpServer of httpServers) {
    httpServer.close();
    // Pages keep idle HTTP connections open, which would keep the process alive (Node 18.2).
    httpServer.closeIdleConnections?.();
  }
  for (const connection of [...sockets.connections]) {
    connection.close(GOING_AWAY, 'The server is shutting down.');
  }
  // The process ends when the last connection has answered. Some never answer.
  setTimeout(() => process.exit(0), CLOSE_TIMEOUT_MS + 500).unref();
}

function urlHost(host) {
  return host.includes(':') ? `[${host}]` : host;
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
