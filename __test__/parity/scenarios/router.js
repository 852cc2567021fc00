'use strict';

/** A server with a router. `mount(router, lane)` sets the routes. */
async function routed(t, mount) {
  const server = await t.server();
  const lane = t.watchServer(server.ws);
  const router = new t.ws.router({ server: server.ws });
  mount(router, lane);
  return { ...server, router, lane };
}

/** Accepts on a route and records its name. */
function accepting(t, lane, route) {
  return (request) => {
    lane.add('route', route, request.protocol);
    t.watch(request.accept(request.origin), route);
  };
}

/**
 * Dials, and closes an accepted connection again. `lane` is also the name of the route's
 * connection.
 */
async function visit(t, server, lane, path, protocol) {
  const headers = { 'Sec-WebSocket-Protocol': protocol };
  const peer = t.dial(server.port, { path, headers, lane: `peer ${lane}` });
  const head = await peer.head;
  if (head.startsWith('HTTP/1.1 101')) {
    peer.close(1000);
    await server.lane.until('close', server.visits);
  }
  await peer.seen('gone');
}

async function visits(t, server, list) {
  server.visits = 0;
  for (const [path, protocol] of list) {
    server.visits += 1;
    await visit(t, server, `${server.visits}`, path, protocol);
  }
}

module.exports = [
  {
    name: 'a route is found by its path, given as text, as RegExp or as *',
    async run(t) {
      const server = await routed(t, (router, lane) => {
        router.mount('/chat', null, accepting(t, lane, 'text'));
        router.mount(/^\/room\/\d+$/, null, accepting(t, lane, 'pattern'));
        router.mount('/a.b(c)', null, accepting(t, lane, 'escaped'));
        router.mount('*', null, accepting(t, lane, 'any'));
      });
      await visits(t, server, [
        ['/chat'],
        ['/chat?with=query'],
        ['/room/12'],
        ['/a.b(c)'],
        ['/axb(c)'],
        ['/elsewhere'],
      ]);
    },
  },
  {
    name: 'a route is found by its protocol, in the order that the client asks for',
    async run(t) {
      const server = await routed(t, (router, lane) => {
        router.mount('*', 'Chat', accepting(t, lane, 'chat'));
        router.mount('*', 'echo', accepting(t, lane, 'echo'));
        router.mount('/any', '*', accepting(t, lane, 'any protocol'));
      });
      await visits(t, server, [
        ['/', 'chat'],
        ['/', 'CHAT'],
        ['/', 'other, echo, chat'],
        ['/any', 'other'],
        ['/any'],
      ]);
    },
  },
  {
    name: 'a request without a route is answered with 404',
    adopts: false,
    async run(t) {
      const server = await routed(t, (router, lane) => {
        router.mount('/chat', 'chat', accepting(t, lane, 'chat'));
      });
      server.ws.on('request', (request) => t.watchRequest(request));
      for (const [lane, path, protocol] of [
        ['path', '/other', 'chat'],
        ['protocol', '/chat', 'other'],
        ['no protocol', '/chat'],
      ]) {
        await t
          .dial(server.port, {
            path,
            headers: { 'Sec-WebSocket-Protocol': protocol },
            lane: `peer: ${lane}`,
          })
          .seen('gone');
      }
    },
  },
  {
    name: "the request of a route has the fields and methods of the server's request",
    async run(t) {
      const server = await routed(t, (router, lane) => {
        router.mount('*', '*', (request) => {
          for (const field of [
            'protocol',
            'origin',
            'resource',
            'remoteAddress',
            'webSocketVersion',
            'requestedExtensions',
            'cookies',
            'webSocketRequest',
          ]) {
            lane.add('request', field, request[field]);
          }
          lane.add('pathname', request.resourceURL.pathname);
          lane.add('same', request.httpRequest === request.webSocketRequest.httpRequest);
          request.on('requestAccepted', (connection) => lane.add('requestAccepted', connection));
          request.on('requestRejected', () => lane.add('requestRejected'));
          const cookies = [{ name: 'a', value: '1' }];
          t.watch(request.accept('http://allowed.example', cookies));
        });
      });
      const peer = t.dial(server.port, {
        path: '/x?y=1',
        headers: {
          Origin: 'http://example.org',
          Cookie: 'k=v',
          'X-Forwarded-For': '198.51.100.1',
          'Sec-WebSocket-Protocol': 'One, two',
          'Sec-WebSocket-Extensions': 'foo',
        },
      });
      await t.farewell(peer);
      await server.lane.until('close');
    },
  },
  {
    name: 'a route rejects',
    adopts: false,
    async run(t) {
      const server = await routed(t, (router, lane) => {
        router.mount('*', null, (request) => {
          t.watchRequest(request.webSocketRequest);
          request.on('requestRejected', (rejected) => lane.add('route rejected', rejected));
          request.reject(401, 'not today', { 'X-Extra': 'yes' });
        });
      });
      await t.dial(server.port).seen('gone');
    },
  },
  {
    name: 'calls that mount() and unmount() refuse',
    adopts: false,
    async run(t) {
      const lane = t.lane('router');
      const router = new t.ws.router();
      const handler = () => {};
      lane.attempt('no path', () => router.mount(null, null, handler));
      lane.attempt('no callback', () => router.mount('/a', 'b'));
      lane.attempt('path of another type', () => router.mount(7, null, handler));
      lane.attempt('mount', () => router.mount('/a', 'B', handler));
      lane.attempt('again', () => router.mount('/a', 'b', handler));
      lane.attempt('same pattern', () => router.mount(/^\/a$/, 'b', handler));
      lane.attempt('other protocol', () => router.mount('/a', 'c', handler));
      lane.attempt('unmount unknown', () => router.unmount('/b', 'b'));
      lane.attempt('unmount', () => router.unmount('/a', 'B'));
      lane.attempt('unmount again', () => router.unmount('/a', 'b'));
      lane.attempt('mount again', () => router.mount('/a', 'b', handler));
      const shapes = router.handlers.map(({ path, pathString, protocol, callback }) => [
        path,
        pathString,
        protocol,
        callback === handler,
      ]);
      lane.add('handlers', shapes);
    },
  },
  {
    name: 'attachServer() and detachServer()',
    adopts: false,
    async run(t) {
      const lane = t.lane('router');
      const server = await t.server();
      const router = new t.ws.router();
      lane.attempt('detach before attach', () => router.detachServer());
      lane.attempt('attach nothing', () => router.attachServer());
      router.mount('*', null, (request) => request.reject(418));
      lane.attempt('attach', () => router.attachServer(server.ws));
      lane.add('server', router.server === server.ws, server.ws.listenerCount('request'));
      await t.dial(server.port, { lane: 'attached' }).seen('gone');
      lane.attempt('detach', () => router.detachServer());
      lane.add('server', router.server, server.ws.listenerCount('request'));
      await t.dial(server.port, { lane: 'detached' }).seen('gone');
    },
    differs: [
      {
        row: 'reasonPhrases',
        lane: 'attached',
        upstream: [['head', ['HTTP/1.1 418 undefined', 'Connection: close']]],
        ours: [['head', ["HTTP/1.1 418 I'm a Teapot", 'Connection: close']]],
      },
    ],
  },
  {
    name: 'several routers on one server see each request',
    adopts: false,
    async run(t) {
      const server = await t.server();
      const lane = t.watchServer(server.ws);
      for (const name of ['one', 'two']) {
        const router = new t.ws.router({ server: server.ws });
        router.mount('*', null, (request) => {
          lane.call(name, () => request.reject(name === 'one' ? 401 : 403));
        });
      }
      const peer = t.dial(server.port);
      await peer.seen('gone');
      await lane.until('two');
    },
  },
];
