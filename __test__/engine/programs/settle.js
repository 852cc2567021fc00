'use strict';

// A server and ten clients that exchange messages and are then closed. Nothing else keeps the
// process alive, and every timer is set to an hour.
//
//   node settle.js TRANSPORT HOW

const { dial, echo, listen, report } = require('./common');

const CLIENTS = 10;
const MESSAGES = 5;
const HOUR = 3600000;

const [transport, how] = process.argv.slice(2);
const config = {
  transport,
  closeTimeout: HOUR,
  keepaliveInterval: HOUR,
  keepaliveGracePeriod: HOUR,
};
const clients = [];
let echoed = 0;
let closed = 0;

const listening = listen(config, echo);
listening.then(({ url }) => {
  for (let i = 0; i < CLIENTS; i++) dial(url, config, use);
});

function use(connection) {
  clients.push(connection);
  connection.on('message', onMessage);
  connection.on('close', () => {
    if (++closed === CLIENTS) report({ closed });
  });
  for (let i = 0; i < MESSAGES; i++) connection.send(`${i}`);
}

async function onMessage() {
  if (++echoed < CLIENTS * MESSAGES) return;
  const { server, close } = await listening;
  report({ opened: server.connections.length, echoed });
  if (how === 'shutDown') server.shutDown();
  if (how === 'client closes') for (const client of clients) client.close();
  if (how === 'server drops')
    for (const connection of [...server.connections]) connection.drop(1001);
  if (how === 'client destroys') for (const client of clients) client.socket.destroy();
  if (how === 'unanswered') for (const client of clients) client.socket.end();
  close();
}
