'use strict';

const { once } = require('node:events');
const { describe } = require('node:test');
const { promisify } = require('node:util');

const { until } = require('../support/events');
const { answerOf, dial, listening, readUntil, same } = require('./support/both');

const GET = 'GET /path HTTP/1.1\r\nHost: x\r\n\r\n';
const LAST = 'GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';

function answering({ http }) {
  return http.createServer((request, response) => response.end(request.url));
}

/** Counts the connections of a server. */
function count(server) {
  return promisify(server.getConnections.bind(server))();
}

/** Waits until a server has a number of connections. */
async function untilCount(server, wanted) {
  for (let now = -1; now !== wanted; now = await count(server)) {
    await new Promise(setImmediate);
  }
}

/** Records the events of a server. */
function eventsOf(server) {
  const events = [];
  for (const name of ['listening', 'close', 'error']) server.on(name, () => events.push(name));
  return events;
}

describe('A server closes as that of Node', () => {
  same('without connections', async (stage) => {
    const server = await listening(stage, answering(stage));
    const events = eventsOf(server);
    const closed = new Promise((resolve) => server.close((...args) => resolve(args)));
    const facts = [server.listening, server.address(), [...events]];
    return [...facts, await closed, events];
  });

  same('in the next tick, if it has no connections', async (stage) => {
    const server = await listening(stage, answering(stage));
    const order = [];
    server.close(() => order.push('close'));
    process.nextTick(() => order.push('tick'));
    setImmediate(() => order.push('immediate'));
    await until(() => order.length === 3);
    return order;
  });

  same('twice, the second time with an error', async (stage) => {
    const server = await listening(stage, answering(stage));
    const codes = [];
    server.close((error) => codes.push(error?.code));
    server.close((error) => codes.push(error?.code));
    await until(() => codes.length === 2);
    return codes;
  });

  same('when a connection that has sent nothing has gone', async (stage) => {
    const server = await listening(stage, answering(stage));
    const socket = await dial(stage, server);
    await untilCount(server, 1);
    const events = eventsOf(server);
    server.close();
    // Time for a wrong 'close'.
    await new Promise((resolve) => setTimeout(resolve, 50));
    const before = [...events, await count(server)];
    socket.destroy();
    await until(() => events.length === 1);
    return [before, events, await count(server)];
  });

  same('when a connection that has sent nothing has had its answer', async (stage) => {
    const server = await listening(stage, answering(stage));
    const socket = await dial(stage, server);
    await untilCount(server, 1);
    const events = eventsOf(server);
    server.close();
    await new Promise(setImmediate);
    socket.write(GET);
    const answer = await answerOf(socket);
    await until(() => events.length === 1);
    return [answer, events];
  });

  same('at once the connections between two requests', async (stage) => {
    const server = await listening(stage, answering(stage));
    const socket = await dial(stage, server, GET);
    await readUntil(socket, '/path');
    server.close();
    const answer = await answerOf(socket);
    return [answer, server.listening];
  });

  same('all connections when it is told to', async (stage) => {
    const server = await listening(stage, answering(stage));
    const idle = await dial(stage, server, GET);
    await readUntil(idle, '/path');
    const silent = await dial(stage, server);
    const partial = await dial(stage, server, 'GET / HT');
    await untilCount(server, 3);
    const answers = Promise.all([idle, silent, partial].map((socket) => answerOf(socket)));
    const events = eventsOf(server);
    server.close();
    server.closeAllConnections();
    await until(() => events.length === 1);
    return [await answers, events, await count(server)];
  });

  same('no connections that have sent nothing by closeIdleConnections()', async (stage) => {
    const server = await listening(stage, answering(stage));
    const socket = await dial(stage, server);
    await untilCount(server, 1);
    server.closeIdleConnections();
    socket.write(LAST);
    return [await answerOf(socket)];
  });

  same('its port to later connections', async (stage) => {
    const server = await listening(stage, answering(stage));
    const address = server.address();
    server.close();
    const later = await dial(stage, { address: () => address }).catch(({ code }) => code);
    return [later];
  });
});

describe('A server counts its connections as that of Node', () => {
  same('with those that have sent nothing', async (stage) => {
    const server = await listening(stage, answering(stage));
    const sockets = [];
    for (let i = 0; i < 3; i++) sockets.push(await dial(stage, server));
    await untilCount(server, 3);
    sockets[0].write(GET);
    await readUntil(sockets[0], '/path');
    const counts = [await count(server)];
    sockets[1].destroy();
    await untilCount(server, 2);
    sockets[0].destroy();
    await untilCount(server, 1);
    return counts;
  });

  same('and drops those beyond maxConnections', async (stage) => {
    const server = answering(stage);
    server.maxConnections = 1;
    await listening(stage, server);
    await dial(stage, server);
    await untilCount(server, 1);
    const second = dial(stage, server);
    const [data] = await once(server, 'drop');
    await answerOf(await second);
    return Object.entries(data).map(([name, value]) => [name, typeof value]);
  });

  same('and drops those beyond a later maxConnections', async (stage) => {
    const server = await listening(stage, answering(stage));
    const first = await dial(stage, server, GET);
    await readUntil(first, '/path');
    server.maxConnections = 1;
    const second = dial(stage, server);
    await once(server, 'drop');
    await answerOf(await second);
    first.write(LAST);
    return [await readUntil(first, '/last'), server.maxConnections];
  });
});

describe('Listeners of a server hear connections as on that of Node', () => {
  same('that have sent nothing, if they were there before', async (stage) => {
    const server = answering(stage);
    const connection = once(server, 'connection');
    await listening(stage, server);
    const socket = await dial(stage, server);
    const [served] = await connection;
    socket.write(LAST);
    return [served.bytesRead, await answerOf(socket)];
  });

  same('that have sent nothing, if they came later', async (stage) => {
    const server = await listening(stage, answering(stage));
    const first = await dial(stage, server);
    await untilCount(server, 1);
    const connection = once(server, 'connection');
    const second = await dial(stage, server);
    await connection;
    first.write(LAST);
    second.write(LAST);
    return [await answerOf(first), await answerOf(second)];
  });

  same('and may take them away from HTTP', async (stage) => {
    const server = answering(stage);
    server.removeAllListeners('connection');
    server.on('connection', (socket) => socket.end('no HTTP'));
    await listening(stage, server);
    return [await answerOf(await dial(stage, server))];
  });

  same('in pieces of a request that another listener writes', async (stage) => {
    const server = await listening(stage, answering(stage));
    server.prependListener('connection', (socket) => socket.unshift(LAST));
    return [await answerOf(await dial(stage, server))];
  });

  same('that are idle for the timeout of the server', async (stage) => {
    const server = await listening(stage, answering(stage));
    server.setTimeout(50);
    const timeout = once(server, 'timeout');
    const socket = await dial(stage, server);
    const [served] = await timeout;
    served.destroy();
    return [await answerOf(socket), server.timeout];
  });
});
