'use strict';

// A server that answers 900 messages. All have arrived before it gets the first one. JavaScript's
// clock stands still, as if nothing took any time. Reports the most bytes that waited to be sent.

Object.defineProperty(performance, 'now', { value: () => 0 });

const net = require('node:net');

const { listen, report } = require('./common');
const { HANDSHAKE, text } = require('../raw');

const COUNT = 900;
const MESSAGE = text('x');

const client = new net.Socket();
let given = 0;
let most = 0;

listen({ transport: 'auto' }, (connection) => {
  connection.on('message', () => {
    if (given++ === 0) provideAll(connection);
    connection.sendUTF('x');
    most = Math.max(most, connection.bufferedAmount);
    if (given > COUNT) {
      report(most);
      process.exit();
    }
  });
}).then(({ url }) => {
  client.connect(new URL(url).port, '127.0.0.1');
  client.write(HANDSHAKE);
  client.once('data', () => client.write(MESSAGE));
});

/** Sends all messages, and blocks until the engine has them. */
function provideAll(connection) {
  const { bytesReceived } = connection;
  const messages = Buffer.concat(Array.from({ length: COUNT }, () => MESSAGE));
  client.write(messages);
  while (connection.bytesReceived < bytesReceived + messages.length);
}
