'use strict';

// One connection, and nothing else that keeps the process alive.
//
//   node hold.js server TRANSPORT WHEN_TO_UNREF KEEPALIVE
//   node hold.js client TRANSPORT WHEN_TO_UNREF KEEPALIVE URL

const { dial, listen, report } = require('./common');

const [role, transport, whenToUnref, keepalive, url] = process.argv.slice(2);
const config = { transport, keepalive: keepalive === 'keepalive' };
if (config.keepalive)
  Object.assign(config, { keepaliveInterval: 3600000, keepaliveGracePeriod: 1000 });

if (role === 'server') {
  const listener = listen(config, (connection) => {
    hold(connection);
    listener.then((it) => it.close());
  });
  listener.then((it) => report(it.url));
} else {
  dial(url, config, hold);
}

function hold(connection) {
  if (whenToUnref === 'at once') connection.socket.unref();
  connection.on('message', (message) => {
    connection.send(`${connection.transport}: ${message.utf8Data}`);
    if (whenToUnref === 'later') connection.socket.unref();
    if (whenToUnref === 'back and forth') connection.socket.unref().ref();
  });
}
