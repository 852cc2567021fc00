'use strict';

// Reports what is open, as async_hooks and the process tell of it, before the first connection,
// while there is one, and after the last one, several times. What Node itself opens for a server
// and a client does not count.
//
//   node handles.js TRANSPORT

const { createHook } = require('node:async_hooks');

const open = new Map();
createHook({
  init: (id, type) => open.set(id, type),
  destroy: (id) => open.delete(id),
}).enable();

const { dial, echo, listen, report, until } = require('./common');

const [transport] = process.argv.slice(2);
/** Of the engine's, and of what napi-rs may bring. */
const OURS = /WebSocketEngine|CustomGC|^napi/i;

const ours = () => [...open.values()].filter((type) => OURS.test(type));

main();

async function main() {
  report({ before: ours(), active: process.getActiveResourcesInfo() });
  for (let i = 0; i < 3; i++) {
    const { server, url, close } = await listen({ transport }, echo);
    report({ listening: ours() });
    const closed = new Promise((resolve) => {
      dial(url, { transport }, (connection) => {
        connection.once('message', () => {
          report({ connected: ours() });
          connection.close();
        });
        connection.once('close', resolve);
        // By then both have found their transport.
        setImmediate(() => setImmediate(() => connection.send('hello')));
      });
    });
    await closed;
    await until(() => server.connections.length === 0 && ours().length === 0);
    close();
  }
  report('closed');
}
