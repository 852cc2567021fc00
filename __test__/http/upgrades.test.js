'use strict';

const { once } = require('node:events');
const http = require('node:http');
const { describe } = require('node:test');

const { until } = require('../support/events');
const { handshake } = require('../support/http');
const { answerOf, dial, errorOf, listening, readUntil, same } = require('./support/both');

/** What an application may see of a request. */
function factsOf(request) {
  const { method, url, httpVersion, httpVersionMajor, httpVersionMinor, rawHeaders } = request;
  const { headers, headersDistinct, complete, aborted, upgrade, trailers, rawTrailers } = request;
  return {
    kind: [request instanceof http.IncomingMessage, request.constructor.name],
    line: [method, url, httpVersion, httpVersionMajor, httpVersionMinor],
    headers: { rawHeaders, headers, headersDistinct: { ...headersDistinct } },
    state: [complete, aborted, upgrade, request.readableEnded, request.destroyed],
    rest: [trailers, rawTrailers, request.statusCode, request.statusMessage, request.parser],
    sockets: request.socket === request.connection,
  };
}

/** What an application may see of a socket, besides its port. */
function factsOfSocket(socket, server) {
  return {
    addresses: [socket.localAddress, socket.localFamily, socket.remoteAddress, socket.remoteFamily],
    ports: [socket.localPort === server.address().port, typeof socket.remotePort],
    address: { ...socket.address(), port: typeof socket.address().port },
    state: [socket.readyState, socket.connecting, socket.pending, socket.destroyed],
    flow: [socket.readableFlowing, socket.isPaused(), socket.allowHalfOpen, socket.timeout],
    marks: [socket.readableHighWaterMark, socket.writableHighWaterMark],
    servers: [socket.server === server, socket._server === server],
    counts: [socket.bytesRead, socket.bytesWritten, server._connections],
    listeners: ['error', 'end', 'close', 'data', 'drain', 'timeout', 'pause', 'resume'].map(
      (event) => socket.listenerCount(event),
    ),
    parser: socket.parser,
  };
}

/** Sends `start`, and returns what the listener for 'upgrade' returns. */
async function upgraded(stage, { options = {}, start = handshake(), prepare }, look) {
  const server = await listening(stage, stage.http.createServer(options));
  prepare?.(server);
  const upgrade = once(server, 'upgrade');
  const refusal = once(server, 'clientError');
  const client = await dial(stage, server, start);
  const [request, socket, head] = await Promise.race([upgrade, refusal]);
  if (request instanceof Error) {
    socket.destroy();
    return errorOf(request);
  }
  return look({ request, socket, head, client, server });
}

describe("The 'upgrade' of a server is as on that of Node", () => {
  const heads = {
    'a handshake': handshake(),
    'a path, a query and odd characters': handshake({}, { path: "/a%20b/?q=1&r=[{|}]~'#x" }),
    'a path beyond ASCII': handshake({}, { path: '/\u00e4' }),
    'headers that come twice': handshake({
      Cookie: ['a=1', 'b=2'],
      'X-Twice': ['one', 'two'],
      'Set-Cookie': ['c', 'd'],
      'User-Agent': ['first', 'second'],
      'Sec-WebSocket-Protocol': ['chat', 'superchat'],
    }),
    'values with spaces around and bytes beyond ASCII': handshake({
      'X-Spaces': '  a  b \t ',
      'X-Latin': 'caf\u00e9',
      'X-Empty': '',
    }),
    'names in any case': handshake({ 'x-LOWER-upper': '1', toSTRING: 'x' }),
    'many tokens': handshake({ Connection: 'keep-alive, UPGRADE', Upgrade: 'WebSocket' }),
    'a body of no length': handshake({ 'Content-Length': '0' }),
    'a body': `${handshake({ 'Content-Length': '4' })}body`,
    'a method other than GET': handshake({}, { method: 'POST' }),
    'HTTP/1.0': handshake({}, { version: '1.0' }),
    'an absolute URL': handshake({}, { path: 'http://other/path' }),
    'a hundred and more headers': handshake(
      Object.fromEntries(Array.from({ length: 150 }, (_, i) => [`X-${i}`, String(i)])),
    ),
    'an upgrade to something else': handshake({ Upgrade: 'h2c' }),
    'no host': handshake({ Host: undefined }),
    'an expectation': handshake({ Expect: '100-continue' }),
  };
  for (const [name, start] of Object.entries(heads)) {
    same(`for ${name}`, (stage) =>
      upgraded(stage, { start }, ({ request, head }) => [factsOf(request), head.toString()]),
    );
  }

  same('with joined headers', (stage) => {
    const start = handshake({ Authorization: ['a', 'b'], Host: ['x', 'y'] });
    const options = { joinDuplicateHeaders: true };
    return upgraded(stage, { options, start }, ({ request }) => factsOf(request));
  });

  same('with few headers', (stage) =>
    upgraded(
      stage,
      {
        prepare: (server) => {
          server.maxHeadersCount = 2;
        },
      },
      ({ request }) => factsOf(request),
    ),
  );

  same('with a class of the application', (stage) => {
    class IncomingMessage extends http.IncomingMessage {
      get own() {
        return this.url;
      }
    }
    return upgraded(stage, { options: { IncomingMessage } }, ({ request }) => [
      factsOf(request),
      request.own,
    ]);
  });

  same('with the same socket', (stage) =>
    upgraded(stage, {}, ({ socket, server }) => factsOfSocket(socket, server)),
  );

  same('whose request ends when somebody reads it', (stage) =>
    upgraded(stage, {}, async ({ request }) => {
      request.resume();
      await once(request, 'end');
      return [request.readableEnded];
    }),
  );

  same('with bytes behind the handshake', (stage) =>
    upgraded(stage, { start: `${handshake()}behind` }, ({ head, socket }) => [
      head.toString(),
      socket.bytesRead,
    ]),
  );

  same('with bytes that come later', (stage) =>
    upgraded(stage, {}, async ({ socket, client }) => {
      client.write('later');
      const text = await readUntil(socket, 'later');
      socket.end('bye');
      return [text, await answerOf(client), socket.bytesRead, socket.bytesWritten];
    }),
  );

  same('with an answer and an end', (stage) =>
    upgraded(stage, {}, async ({ socket, client }) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\n');
      socket.end('\r\n');
      return [await answerOf(client)];
    }),
  );

  same('with a socket that is destroyed', (stage) =>
    upgraded(stage, {}, async ({ socket, client, server }) => {
      const closed = once(socket, 'close');
      socket.destroy();
      return [await closed, await answerOf(client), server._connections];
    }),
  );

  same('when the client leaves', (stage) =>
    upgraded(stage, {}, async ({ socket, client, server }) => {
      socket.on('error', () => {});
      const events = [];
      for (const event of ['end', 'close']) socket.on(event, () => events.push(event));
      client.end();
      socket.resume();
      await until(() => events.includes('end'));
      socket.end();
      await until(() => events.includes('close'));
      return [events, server._connections];
    }),
  );

  same('when the client leaves, and nobody has read anything', (stage) =>
    upgraded(stage, {}, async ({ socket, client }) => {
      const events = [];
      for (const event of ['end', 'close']) socket.on(event, () => events.push(event));
      client.end();
      await until(() => events.length > 0);
      return [events, socket.readyState];
    }),
  );

  same('when the client resets, and nobody has read anything', (stage) =>
    upgraded(stage, {}, async ({ socket, client }) => {
      const error = once(socket, 'error');
      client.resetAndDestroy();
      return [errorOf((await error)[0])];
    }),
  );

  same('and closing waits for the socket', (stage) =>
    upgraded(stage, {}, async ({ socket, server }) => {
      const events = [];
      server.close(() => events.push('closed'));
      await new Promise((resolve) => setTimeout(resolve, 50));
      const before = [...events, server._connections];
      server.closeAllConnections();
      const isDestroyed = socket.destroyed;
      socket.destroy();
      await until(() => events.length > 0);
      return [before, isDestroyed, events];
    }),
  );

  same('behind a request on the same connection', async (stage) => {
    const server = await listening(
      stage,
      stage.http.createServer((_, response) => response.end('answer')),
    );
    const upgrade = once(server, 'upgrade');
    const client = await dial(stage, server, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    const answer = await readUntil(client, 'answer');
    client.write(handshake());
    const [request, socket] = await upgrade;
    socket.end('switched');
    return [answer, factsOf(request), await answerOf(client)];
  });

  same('behind a request in the same write', async (stage) => {
    const server = await listening(
      stage,
      stage.http.createServer((_, response) => response.end('answer')),
    );
    const upgrade = once(server, 'upgrade');
    const client = await dial(stage, server, `GET / HTTP/1.1\r\nHost: x\r\n\r\n${handshake()}`);
    const [request, socket] = await upgrade;
    socket.end('switched');
    return [factsOf(request), await answerOf(client)];
  });

  same('for each of several listeners', async (stage) => {
    const server = await listening(stage);
    const order = [];
    server.on('upgrade', (request) => order.push(['first', request.url]));
    server.on('upgrade', (request, socket) => {
      order.push(['second', request.url]);
      socket.end('bye');
    });
    await answerOf(await dial(stage, server, handshake()));
    return order;
  });
});
