'use strict';

// Makes connections over fake sockets and drops all references to them. Reports its memory after a
// collection, every EVERY connections.
//
//   node --expose-gc discard.js TRANSPORT EVERY

const { collected, lib, report } = require('./common');
const FakeSocket = require('../../support/fakeSocket');

const [transport, every] = process.argv.slice(2);
const config = { ...new lib.client().config, transport };
const TEXT = Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]);

main();

async function main() {
  for (let i = 0; i < 4; i++) {
    for (let j = 0; j < Number(every); j++) make();
    await collected();
    report(process.memoryUsage.rss());
  }
}

function make() {
  const socket = new FakeSocket();
  const connection = new lib.connection(socket, [], null, false, config);
  connection._addSocketEventListeners();
  connection.on('message', ({ utf8Data }) => connection.send(utf8Data));
  socket.emit('data', TEXT);
}
