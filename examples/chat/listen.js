'use strict';

const DEFAULT_PORT = 8080;
// `localhost` is one or the other, depending on the program that resolves it.
const LOOPBACK = ['127.0.0.1', '::1'];
const NO_SUCH_ADDRESS = ['EADDRNOTAVAIL', 'EAFNOSUPPORT'];

function portFromEnvironment(value) {
  if (value === undefined || value === '') {
    return DEFAULT_PORT;
  }
  const port = Number(value);
  if (!/^\d+$/.test(value) || port > 65535) {
    throw new Error(`PORT must be a whole number from 0 to 65535, not ${JSON.stringify(value)}.`);
  }
  return port;
}

// Only this machine can reach the demo unless HOST names another address, such as 0.0.0.0.
function hostsFromEnvironment(value) {
  return value ? [value] : LOOPBACK;
}

/**
 * Listens on every host at one port and returns that port, which matters if `port` is 0. It skips
 * a second address that the machine doesn't have (no IPv6). If `port` is 0, it also skips a second
 * address on which the first one's port is not free.
 */
async function listen(servers, hosts, port) {
  let actualPort = port;
  for (const [index, server] of servers.entries()) {
    try {
      await listenOn(server, hosts[index], actualPort);
    } catch (error) {
      const expendable = port === 0 || NO_SUCH_ADDRESS.includes(error.code);
      if (index > 0 && expendable) {
        continue;
      }
      for (const opened of servers.slice(0, index)) {
        opened.close();
      }
      throw new Error(explain(error, hosts[index], actualPort));
    }
    actualPort = server.address().port;
  }
  return actualPort;
}

function listenOn(server, host, port) {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}

function explain(error, host, port) {
  switch (error.code) {
    case 'EADDRINUSE':
      return `Port ${port} is already in use. Choose another one, for example PORT=${other(port)}.`;
    case 'EACCES':
      return `Port ${port} needs privileges that this user lacks. Choose another one with PORT.`;
    default:
      return `Cannot listen on ${host} port ${port}: ${error.message}`;
  }
}

function other(port) {
  return port < 65535 ? port + 1 : DEFAULT_PORT;
}

module.exports = { hostsFromEnvironment, listen, portFromEnvironment };
