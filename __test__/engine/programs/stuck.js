'use strict';

// A server whose JavaScript blocks, once every connection has sent something, until the engine has
// accepted almost its maximum. Reports its URL, 'stuck', and at the end how many of the numbered
// messages came in order.
//
//   node stuck.js CONNECTIONS MESSAGES

const { listen, report } = require('./common');

// An entry counts as 1 KiB plus its payload of 4000 bytes. That leaves 51 of 64 MiB for payloads.
const ENOUGH = 50 * 1024 * 1024;

const [count, messages] = process.argv.slice(2).map(Number);
const connections = [];
let total = 0;
let inOrder = 0;

listen({}, (connection) => {
  connection.once('message', () => {
    let number = 0;
    connection.on('message', ({ binaryData }) => {
      if (binaryData.readUInt32BE() === number++) inOrder++;
      if (++total === count * messages) report({ inOrder });
    });
    if (connections.push(connection) === count) beStuck();
  });
}).then(({ url }) => report(url));

function beStuck() {
  report('stuck');
  while (connections.reduce((sum, it) => sum + it.bytesReceived, 0) < ENOUGH);
}
