'use strict';

/** Sends every message back unchanged, no faster than the peer reads. */
function echo(connection, counts) {
  connection.on('message', (message) => {
    counts.messageReceived();
    const data = message.type === 'utf8' ? message.utf8Data : message.binaryData;
    if (!connection.send(data)) {
      connection.pause();
    }
  });
  connection.on('drain', () => connection.resume());
}

module.exports = { echo };
