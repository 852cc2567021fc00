'use strict';

const assert = require('node:assert/strict');
const { EventEmitter } = require('node:events');
const { describe, it } = require('node:test');

const ours = require('..');
const upstream = require('websocket');

/** The part of a WebSocketRequest that a router reads. */
function requestFor(path, protocols = []) {
  const request = {
    requestedProtocols: protocols,
    resource: path,
    resourceURL: { pathname: path },
    origin: 'http://example.com',
    httpRequest: {},
    remoteAddress: '127.0.0.1',
    webSocketVersion: 13,
    requestedExtensions: [],
    cookies: [{ name: 'a', value: 'b' }],
    answers: [],
    accept: (...args) => request.answers.push(['accept', ...args]),
    reject: (...args) => request.answers.push(['reject', ...args]),
  };
  return request;
}

/** A router on a fake server, with `routes` mounted. `called` collects the called handlers. */
function routerWith(lib, routes) {
  const server = new EventEmitter();
  const router = new lib.router({ server });
  const called = [];
  for (const [path, protocol] of routes) {
    router.mount(path, protocol, (request) => called.push([`${path}`, protocol, request.protocol]));
  }
  return { server, router, called };
}

/** The outcome of a request. Both packages must agree. */
function route(routes, path, protocols) {
  const results = [ours, upstream].map((lib) => {
    const { server, called } = routerWith(lib, routes);
    const request = requestFor(path, protocols);
    server.emit('request', request);
    return { called, answers: request.answers };
  });
  assert.deepEqual(results[0], results[1]);
  return results[0];
}

/** The message of the error that `act` throws. Both packages must agree. */
function fault(act) {
  const messages = [ours, upstream].map((lib) => {
    try {
      act(lib);
      return null;
    } catch (error) {
      return error.message;
    }
  });
  assert.equal(messages[0], messages[1]);
  return messages[0];
}

describe('WebSocketRouter: choosing a route', () => {
  it('uses the path and the subprotocol', () => {
    const routes = [
      ['/a', 'one'],
      ['/a', 'two'],
      ['/b', 'one'],
    ];
    assert.deepEqual(route(routes, '/a', ['two']).called, [['/a', 'two', 'two']]);
    assert.deepEqual(route(routes, '/b', ['two', 'one']).called, [['/b', 'one', 'one']]);
  });

  it("prefers the client's order of subprotocols to its own", () => {
    const routes = [
      ['/a', 'one'],
      ['/a', 'two'],
    ];
    assert.deepEqual(route(routes, '/a', ['two', 'one']).called, [['/a', 'two', 'two']]);
  });

  it('has no subprotocol for a client that requests none', () => {
    assert.deepEqual(route([['/a', null]], '/a').called, [['/a', null, null]]);
    assert.deepEqual(route([['/a', '']], '/a').called, [['/a', '', null]]);
  });

  it('takes any subprotocol, or none, for *', () => {
    const routes = [['*', '*']];
    assert.deepEqual(route(routes, '/any/path', ['x']).called, [['*', '*', 'x']]);
    assert.deepEqual(route(routes, '/').called, [['*', '*', null]]);
  });

  it('ignores the case of subprotocols', () => {
    assert.deepEqual(route([['/a', 'Chat']], '/a', ['chat']).called, [['/a', 'Chat', 'chat']]);
  });

  it('treats every character of a path literally', () => {
    const path = '/a.b*c(d)[e]{f}?+^$|\\#, -';
    assert.equal(route([[path, null]], path).called.length, 1);
    assert.equal(route([['/a.c', null]], '/abc').called.length, 0);
    const strings = [ours, upstream].map((lib) => new lib.router().pathToRegExp(path).toString());
    assert.equal(strings[0], strings[1]);
  });

  it('takes a regular expression', () => {
    assert.equal(route([[/^\/room\/\d+$/, null]], '/room/12').called.length, 1);
  });

  it('finds a path by a global expression every time', () => {
    const { server, called } = routerWith(ours, [[/room/g, null]]);
    server.emit('request', requestFor('/room'));
    server.emit('request', requestFor('/room'));
    assert.equal(called.length, 2);
  });

  it('rejects a request without a route with 404', () => {
    const { answers } = route([['/a', 'one']], '/a', ['two']);
    assert.deepEqual(answers, [['reject', 404, 'No handler is available for the given request.']]);
  });
});

describe('WebSocketRouter: routes and servers', () => {
  const noop = () => {};

  it('throws as npm websocket does', () => {
    const router = (lib) => new lib.router();
    const twice = (lib) => {
      const one = router(lib);
      one.mount('/a', 'x', noop);
      one.mount('/a', 'X', noop);
    };
    assert.ok(fault((lib) => router(lib).mount('', null, noop)));
    assert.ok(fault((lib) => router(lib).mount('/a', null)));
    assert.ok(fault((lib) => router(lib).mount(7, null, noop)));
    assert.ok(fault(twice));
    assert.ok(fault((lib) => router(lib).unmount('/a', 'x')));
    assert.ok(fault((lib) => router(lib).attachServer(null)));
    assert.ok(fault((lib) => router(lib).detachServer()));
  });

  it('keeps its routes in handlers', () => {
    const handlers = (lib) => {
      const { router } = routerWith(lib, [
        ['/a', 'One'],
        ['/b', null],
      ]);
      router.unmount('/a', 'ONE');
      return router.handlers.map(({ pathString, protocol }) => ({ pathString, protocol }));
    };
    assert.equal(handlers(ours).length, 1);
    assert.deepEqual(handlers(ours), handlers(upstream));
  });

  it('unmounts a route without a subprotocol, given none', () => {
    const { router } = routerWith(ours, [['/a', null]]);
    router.unmount('/a');
    assert.deepEqual(router.handlers, []);
  });

  it('listens to a server until it is detached', () => {
    for (const lib of [ours, upstream]) {
      const { server, router, called } = routerWith(lib, [['*', '*']]);
      assert.equal(router.server, server);
      router.detachServer();
      assert.equal(router.server, null);
      assert.equal(server.listenerCount('request'), 0);
      server.emit('request', requestFor('/'));
      assert.deepEqual(called, []);
    }
  });
});

describe('WebSocketRouterRequest', () => {
  /** The router's request for a client of subprotocol chat, and its events. */
  function routed(lib) {
    const server = new EventEmitter();
    const router = new lib.router({ server });
    const request = requestFor('/chat', ['chat']);
    let routerRequest;
    router.mount('/chat', 'chat', (given) => {
      routerRequest = given;
    });
    server.emit('request', request);
    const events = [];
    routerRequest.on('requestAccepted', (given) => events.push(['requestAccepted', given]));
    routerRequest.on('requestRejected', (given) =>
      events.push(['requestRejected', given === routerRequest]),
    );
    return { request, routerRequest, events };
  }

  it('shows the fields of the request', () => {
    for (const lib of [ours, upstream]) {
      const { request, routerRequest } = routed(lib);
      assert.equal(routerRequest.webSocketRequest, request);
      for (const field of [
        'origin',
        'resource',
        'resourceURL',
        'httpRequest',
        'remoteAddress',
        'webSocketVersion',
        'requestedExtensions',
        'cookies',
      ]) {
        assert.equal(routerRequest[field], request[field], field);
      }
    }
  });

  it('accepts with the subprotocol of its route, an origin and cookies', () => {
    for (const lib of [ours, upstream]) {
      const { request, routerRequest, events } = routed(lib);
      const result = routerRequest.accept('http://example.com', []);
      assert.deepEqual(request.answers, [['accept', 'chat', 'http://example.com', []]]);
      assert.deepEqual(events, [['requestAccepted', result]]);
    }
  });

  it('rejects with a status, a reason and headers', () => {
    for (const lib of [ours, upstream]) {
      const { request, routerRequest, events } = routed(lib);
      routerRequest.reject(401, 'no', { 'X-A': 'b' });
      assert.deepEqual(request.answers, [['reject', 401, 'no', { 'X-A': 'b' }]]);
      assert.deepEqual(events, [['requestRejected', true]]);
    }
  });
});
