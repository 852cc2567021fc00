'use strict';

// A client that says it is ready, wants no more once something has come, be it a message or only
// bytes on its socket, and does not want to be kept alive by its connection.
//
//   node paused.js URL TRANSPORT 'message' | 'data'

const { dial } = require('./common');

const [url, transport, when] = process.argv.slice(2);

dial(url, { transport, perMessageDeflate: true }, (connection) => {
  connection.on('message', () => {});
  const emitter = when === 'data' ? connection.socket : connection;
  emitter.once(when, () => {
    connection.pause();
    connection.socket.unref();
  });
  connection.send('ready');
});
