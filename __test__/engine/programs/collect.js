'use strict';

// Connections over fake sockets that were never closed and that nothing refers to. Reports for each
// kind of use how many of a hundred survive a collection.
//
//   node --expose-gc collect.js

const { collected, lib, report } = require('./common');
const FakeSocket = require('../../support/fakeSocket');

const CONNECTIONS = 100;
const TEXT = Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]);

const uses = {
  unused: () => {},
  'has sent': (connection) => connection.sendUTF('hi'),
  'has received': (connection, socket) => {
    connection.on('message', () => {});
    socket.emit('data', TEXT);
  },
  'has received once': (connection, socket) => {
    connection.once('message', () => {});
    socket.emit('data', TEXT);
  },
  'half a message': (_connection, socket) => socket.emit('data', TEXT.subarray(0, 7)),
  'has pinged': (connection) => {
    connection.on('ping', () => {});
    connection.ping('hi');
  },
  paused: (_connection, socket) => {
    socket.emit('pause');
    socket.emit('data', TEXT);
  },
  resumed: (_connection, socket) => {
    socket.emit('pause');
    socket.emit('resume');
  },
  dropped: (connection) => connection.drop(),
};

main();

async function main() {
  const left = {};
  for (const [name, use] of Object.entries(uses)) {
    const references = make(use);
    await collected();
    left[name] = references.filter((reference) => reference.deref()).length;
  }
  report(left);
}

function make(use) {
  return Array.from({ length: CONNECTIONS }, () => {
    const socket = new FakeSocket();
    const config = { ...new lib.client().config };
    const connection = new lib.connection(socket, [], null, false, config);
    connection._addSocketEventListeners();
    use(connection, socket);
    return new WeakRef(connection);
  });
}
