'use strict';

// A server whose connections each belong to the peer whose name comes first, and are closed in all
// ways that there are, while the system gives the numbers of their descriptors to others. A
// connection that hears another peer's name reports that. A connection whose handle was closed
// sends something once another one has its descriptor. At the end, it reports how many connections
// there were on which transport.
//
//   node reuse.js

const { listen, report } = require('./common');

/** How a connection is closed, by the first letter of what its peer says last. */
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
 * Connections whose handles are closed, of which Node tells nobody, and their former descriptors.
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
    // More than one, so that some are on their way when it ends.
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
