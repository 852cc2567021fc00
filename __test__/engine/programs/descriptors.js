'use strict';

// Reports how many more descriptors the process has while 200 connections to itself are open, and
// after they have closed.
//
//   node descriptors.js TRANSPORT HOW

const { descriptors, dial, echo, listen, report, until } = require('./common');

const CONNECTIONS = 200;

const [transport, how] = process.argv.slice(2);

main();

async function main() {
  const { server, url, close } = await listen({ transport }, echo);
  // The first connections also start the I/O threads, which need descriptors.
  const first = await open(url, 10);
  const idle = descriptors().size - 10 * 2;
  await end(server, first);
  await until(() => descriptors().size <= idle);

  const clients = await open(url, CONNECTIONS);
  report({ during: descriptors().size - idle });
  await end(server, clients);
  await until(() => descriptors().size <= idle);
  report({ after: descriptors().size - idle });
  close();
}

/**
 * Connects clients and waits for an answer to each. By then both ends have their final transport.
 */
function open(url, count) {
  const clients = Array.from({ length: count }, () => {
    return new Promise((resolve) => {
      dial(url, { transport }, (connection) => {
        connection.on('message', ({ utf8Data }) => {
          if (utf8Data === 'last') resolve(connection);
          else connection.send('last');
        });
        connection.send('first');
      });
    });
  });
  return Promise.all(clients);
}

async function end(server, clients) {
  let closed = 0;
  for (const connection of [...server.connections, ...clients])
    connection.on('close', () => closed++);
  if (how === 'close') for (const client of clients) client.close();
  if (how === 'drop') for (const connection of [...server.connections]) connection.drop(1008);
  if (how === 'destroy') for (const client of clients) client.socket.destroy();
  await until(() => closed === 2 * clients.length);
}
