'use strict';

// A server that answers each message with the name of its connection's transport.

const { listen, report } = require('./common');

listen({}, (connection) => {
  connection.on('message', () => connection.send(connection.transport));
}).then(({ url }) => report(url));
