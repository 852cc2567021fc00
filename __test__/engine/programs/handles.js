'use strict';

// Reports the open handles by async_hooks and by the process: before the first connection, while
// there is one, and after the last one, several times. Node's own handles for a server and a client
// do not count.
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
/** The types of the engine's handles, and of those that napi-rs may create. */
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
        // By then both ends have their final transport.
        setImmediate(() => setImmediate(() => connection.send('hello')));
      });
    });
    await closed;
    await until(() => server.connections.length === 0 && ours().length === 0);
    close();
  }
  report('closed');
}
