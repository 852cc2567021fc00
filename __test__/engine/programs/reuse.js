'use strict';

// A server whose connections are closed in every possible way while the system reuses the numbers
// of their descriptors. Each belongs to the peer whose name arrives first, and reports an error if
// it receives another name. A connection whose handle was closed sends something once another one
// has its descriptor. At the end, the server reports the number of connections on each transport.
//
//   node reuse.js

const { listen, report } = require('./common');

/** How a connection is closed, by the first letter of its peer's last message. */
const WAYS = {
  c: (connection) => connection.close(),
  d: (connection) => connection.drop(1008),
  D: (connection) => connection.drop(1008, '', true),
  e: (connection) => connection.socket.end(),
  s: (connection) => connection.socket.destroy(),
  r: (connection) => connection.socket.resetAndDestroy(),
  u: (connection) => connection.socket.unref().destroy(),
  h: (connection) => closeHandle(connection, 'close'),
  R: (connection) => closeHandle(connection, 'reset'),
};

const transports = {};

/**
 * Connections whose handles are closed, with their former descriptors. Node emits no event for
 * that.
 */
const ghosts = [];
const haunted = new Map();
let met = 0;

function closeHandle(connection, how) {
  const { _handle: handle } = connection.socket;
  haunted.set(handle.fd, connection);
  ghosts.push(connection);
  handle[how]();
}

listen({}, (connection) => {
  const { fd } = connection.socket._handle;
  const ghost = haunted.get(fd);
  if (ghost) {
    haunted.delete(fd);
    met++;
    ghost.send('a ghost');
  }
  let owner;
  connection.on('message', ({ utf8Data }) => {
    const [name, way] = utf8Data.split(' ');
    owner ??= name;
    if (owner !== name) report(`${owner} heard ${name}`);
    // It sends several, so that some are in flight when it ends.
    for (let i = 0; i < 3; i++) connection.send(owner);
    if (way === undefined) return;
    transports[connection.transport] = (transports[connection.transport] ?? 0) + 1;
    WAYS[way](connection);
  });
}).then(({ url, server }) => {
  report(url);
  process.stdin.once('data', () => {
    for (const { socket } of ghosts) socket.emit('close', false);
    report({ transports, met: met > 0, left: server.connections.length });
    process.exit();
  });
});
