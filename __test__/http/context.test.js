'use strict';

const { AsyncLocalStorage, executionAsyncId, triggerAsyncId } = require('node:async_hooks');
const diagnostics = require('node:diagnostics_channel');
const { once } = require('node:events');
const { describe } = require('node:test');

const { handshake } = require('../support/http');
const { answerOf, dial, listening, readUntil, same } = require('./support/both');

const LAST = 'GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';

describe('Handlers of a server run as on that of Node', () => {
  same('in the async context of listen()', async (stage) => {
    const storage = new AsyncLocalStorage();
    const seen = [];
    const server = stage.http.createServer((_, response) => {
      seen.push(['request', storage.getStore()]);
      setImmediate(() => {
        seen.push(['later', storage.getStore()]);
        response.end('x');
      });
    });
    await storage.run('listening', () => listening(stage, server));
    await storage.run('client', async () => {
      await answerOf(await dial(stage, server, LAST));
    });
    return seen;
  });

  same('with ids of async resources', async (stage) => {
    const seen = [];
    const server = stage.http.createServer();
    server.on('upgrade', (_, socket) => {
      seen.push(executionAsyncId() > 0, triggerAsyncId() > 0);
      socket.end('bye');
    });
    await listening(stage, server);
    await answerOf(await dial(stage, server, handshake()));
    return seen;
  });

  same('and an exception surfaces, and stops no other connection', async (stage) => {
    const caught = [];
    process.setUncaughtExceptionCaptureCallback(({ message }) => caught.push(message));
    stage.after(() => process.setUncaughtExceptionCaptureCallback(null));
    const server = stage.http.createServer((request, response) => {
      if (request.url === '/throw') throw new Error('of a request');
      response.end('x');
    });
    server.on('upgrade', (_, socket) => {
      socket.end('bye');
      throw new Error('of an upgrade');
    });
    await listening(stage, server);
    await dial(stage, server, LAST.replace('/last', '/throw'));
    await answerOf(await dial(stage, server, handshake()));
    return [await answerOf(await dial(stage, server, LAST)), caught];
  });
});

describe('Channels of node:diagnostics_channel tell as on the server of Node', () => {
  same('of sockets and requests', async (stage) => {
    const seen = [];
    const server = stage.http.createServer((_, response) => response.end('x'));
    for (const name of ['net.server.socket', 'http.server.request.start']) {
      const note = (message) => {
        const isOurs = (message.server ?? message.socket.server) === server;
        if (isOurs) seen.push([name, Object.keys(message).sort()]);
      };
      diagnostics.subscribe(name, note);
      stage.after(() => diagnostics.unsubscribe(name, note));
    }
    server.on('upgrade', (_, socket) => {
      seen.push(['upgrade']);
      socket.end('bye');
    });
    await listening(stage, server);
    await answerOf(await dial(stage, server, LAST));
    const upgraded = once(server, 'upgrade');
    const client = await dial(stage, server, handshake());
    await upgraded;
    await readUntil(client, 'bye');
    return seen;
  });
});
