'use strict';

// Says whether an open connection keeps the process alive. The first argument says what is done
// with the accepted socket: 'read', 'unref' or 'ref'. The second one says whose it is: 'node' or
// 'native'.

const net = require('node:net');

const { nativeOf } = require('../../support/nativeSocket');

/** Milliseconds after which the process counts as kept alive. */
const LONG = 500;

const [, , how, whose] = process.argv;
const isNative = whose === 'native';

const server = net.createServer({ pauseOnConnect: isNative }, (accepted) => {
  const socket = isNative ? nativeOf(accepted) : accepted;
  server.close();
  socket.resume();
  if (how !== 'read') socket.unref();
  if (how === 'ref') socket.ref();
  socket.write('go', () => client.unref());
  setTimeout(() => {
    console.log('alive');
    process.exit();
  }, LONG).unref();
});
let client;
server.listen(0, '127.0.0.1', () => {
  client = net.connect(server.address().port, '127.0.0.1');
  client.resume();
});
