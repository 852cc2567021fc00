'use strict';

// A client that reports that it is ready. It pauses and unrefs its connection once something has
// arrived: a message, or only bytes on its socket.
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
