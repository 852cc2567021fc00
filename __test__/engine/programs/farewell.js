'use strict';

// Sends on each of its connections and calls process.exit() in the same turn, or sends when the
// process exits.
//
//   node farewell.js URL TRANSPORT CONNECTIONS MESSAGES WHERE [SIZE]
//
// With a SIZE, messages of at least SIZE characters are compressed.

const { dial } = require('./common');

const [url, transport, connections, messages, where, size] = process.argv.slice(2);
const config = size ? { transport, perMessageDeflate: { threshold: 0 } } : { transport };
const open = [];
let ready = 0;

for (let i = 0; i < Number(connections); i++) {
  dial(url, config, (connection) => {
    open.push(connection);
    connection.once('message', onReady);
  });
}

function onReady() {
  if (++ready < Number(connections)) return;
  if (where === 'a fresh turn') setImmediate(leave);
  else leave();
}

function leave() {
  if (where === 'an exit listener') process.on('exit', sendAll);
  else sendAll();
  process.exit(7);
}

function sendAll() {
  for (const connection of open) {
    for (let i = 0; i < Number(messages); i++)
      connection.send(`farewell ${i}`.padEnd(Number(size ?? 0), ` ${i}`));
    if (where === 'close') connection.close(4001, 'leaving');
  }
}
