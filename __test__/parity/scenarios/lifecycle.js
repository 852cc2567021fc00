'use strict';

/** A server that accepts everything, with `count` raw clients. */
async function crowd(t, count, config) {
  const server = await t.server(config);
  const lane = t.watchServer(server.ws);
  server.ws.on('request', (request) => t.watch(request.accept(), request.resource));
  const peers = [];
  for (let i = 1; i <= count; i += 1) {
    peers.push(t.dial(server.port, { path: `/${i}`, lane: `peer /${i}` }));
    await t.lane(`/${i}`).until('resume');
  }
  return { ...server, lane, peers };
}

const allGone = (peers) => Promise.all(peers.map((peer) => peer.seen('gone')));

module.exports = [
  {
    name: 'connections lists the open ones, and the server reports each close',
    async run(t) {
      const { ws, lane, peers } = await crowd(t, 3);
      lane.add(
        'connections',
        ws.connections,
        ws.connections.every((open) => open.connected),
      );
      peers[1].close(4001, 'second');
      await lane.until('close');
      peers[0].end();
      await lane.until('close', 2);
      ws.connections[0].drop(4003, 'third');
      await lane.until('close', 3);
      lane.add('connections', ws.connections);
      await allGone(peers);
    },
  },
  {
    name: 'closeAllConnections() closes open connections and rejects pending requests',
    async run(t) {
      const { ws, lane, peers, port } = await crowd(t, 1);
      ws.removeAllListeners('request');
      ws.on('request', (request) => {
        t.watchRequest(request);
        lane.add('request');
      });
      peers.push(t.dial(port, { path: '/pending', lane: 'peer /pending' }));
      await lane.until('request');
      lane.add('pending', ws.pendingRequests.length, ws.connections.length);
      lane.call('closeAllConnections', () => ws.closeAllConnections());
      await allGone(peers);
      await lane.until('close');
      lane.add('pending', ws.pendingRequests.length, ws.connections.length);
      ws.removeAllListeners('request');
      lane.add('still mounted', ws.config.httpServer[0].listenerCount('upgrade'));
    },
  },
  {
    name: 'shutDown() also takes the server off its http server',
    async run(t) {
      const { ws, http, lane, peers } = await crowd(t, 2);
      lane.add('upgrade listeners', http.listenerCount('upgrade'));
      lane.call('shutDown', () => ws.shutDown());
      lane.add('upgrade listeners', http.listenerCount('upgrade'), http.listening);
      await allGone(peers);
      await lane.until('close', 2);
    },
  },
  {
    name: 'unmount() leaves open connections alone, and mount() brings the server back',
    async run(t) {
      const { ws, http, lane, peers, port } = await crowd(t, 1);
      lane.call('unmount', () => ws.unmount());
      lane.add('upgrade listeners', http.listenerCount('upgrade'));
      peers[0].text('still here');
      await t.lane('/1').until('message');
      const { config } = ws;
      lane.call('mount', () => ws.mount({ ...config, httpServer: http }));
      peers.push(t.dial(port, { path: '/2', lane: 'peer /2' }));
      await t.lane('/2').until('resume');
      ws.closeAllConnections();
      await allGone(peers);
      await lane.until('close', 2);
    },
  },
  {
    name: 'one server on several http servers',
    async run(t) {
      const first = await t.httpServer();
      const second = await t.httpServer();
      const httpServer = [first.server, second.server];
      const ws = new t.ws.server(t.config({ httpServer, keepalive: false }));
      const lane = t.watchServer(ws);
      ws.on('request', (request) => t.watch(request.accept(), request.resource));
      const peers = [];
      for (const [i, { port }] of [first, second].entries()) {
        peers.push(t.dial(port, { path: `/${i}`, lane: `peer /${i}` }));
        await t.lane(`/${i}`).until('resume');
      }
      lane.add('same list', ws.config.httpServer === httpServer);
      ws.shutDown();
      lane.add(
        'upgrade listeners',
        httpServer.map((http) => http.listenerCount('upgrade')),
      );
      await allGone(peers);
      await lane.until('close', 2);
    },
  },
  {
    name: 'two servers on one http server, on paths of their own',
    adopts: false,
    async run(t) {
      const { server, port } = await t.httpServer();
      const lane = t.lane('server');
      for (const name of ['/a', '/b']) {
        const ws = new t.ws.server(t.config({ httpServer: server, keepalive: false }));
        ws.on('request', (request) => {
          lane.add('request', name, request.resource);
          if (request.resource === name) request.reject(409);
        });
      }
      for (const path of ['/a', '/b']) {
        await t.dial(port, { path, lane: `peer ${path}` }).seen('gone');
      }
    },
  },
  {
    name: 'the configuration of a server when nothing is given',
    adopts: false,
    async run(t) {
      const { server } = await t.httpServer();
      const ws = new t.ws.server({ httpServer: server });
      const lane = t.lane('server');
      for (const name of [
        'maxReceivedFrameSize',
        'maxReceivedMessageSize',
        'fragmentOutgoingMessages',
        'fragmentationThreshold',
        'keepalive',
        'keepaliveInterval',
        'dropConnectionOnKeepaliveTimeout',
        'keepaliveGracePeriod',
        'useNativeKeepalive',
        'assembleFragments',
        'autoAcceptConnections',
        'ignoreXForwardedFor',
        'parseCookies',
        'parseExtensions',
        'disableNagleAlgorithm',
        'closeTimeout',
      ]) {
        lane.add('default', name, ws.config[name]);
      }
      lane.add('httpServer', ws.config.httpServer.length, ws.config.httpServer[0] === server);
    },
  },
  {
    name: 'ordinary requests of the http server are left alone',
    adopts: false,
    async run(t) {
      const { server, port } = await t.httpServer({}, (_request, response) => {
        response.sendDate = false;
        response.end('page');
      });
      const ws = new t.ws.server(t.config({ httpServer: server, keepalive: false }));
      t.watchServer(ws);
      const response = await fetch(`http://127.0.0.1:${port}/`);
      t.lane('server').add('response', response.status, await response.text());
    },
  },
];
