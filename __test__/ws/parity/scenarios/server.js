'use strict';

/** A server's own events. */
function watchServer(t, wss) {
  const lane = t.lane('server');
  for (const event of ['listening', 'error', 'headers', 'connection', 'wsClientError', 'close']) {
    wss.on(event, (...values) => lane.add(event, ...values));
  }
  return lane;
}

module.exports = [
  {
    name: 'events of a server and its clients',
    async run(t) {
      const { wss, port, web } = await t.server();
      const lane = watchServer(t, wss);
      lane.add('clients', wss.clients.size, wss.clients.constructor.name);
      const peer = t.dial(port);
      await lane.until('connection');
      const [ws] = wss.clients;
      t.watch(ws);
      lane.add('clients', wss.clients.size);
      ws.on('close', () => lane.add('in close', wss.clients.size));
      await t.farewell(peer);
      lane.add('clients', wss.clients.size);
      lane.attempt('close()', () => wss.close((error) => lane.add('closed', error)));
      await lane.until('close');
      lane.add('web', web.listening);
      lane.attempt('again', () => wss.close((error) => lane.add('closed again', error)));
      await lane.until('closed again');
    },
  },
  {
    name: 'close() of a server leaves connections open, and waits for them',
    async run(t) {
      const { wss, peer } = await t.accepted();
      const lane = watchServer(t, wss);
      wss.close(() => lane.add('closed'));
      await t.roundTrip();
      lane.add('not yet', wss.clients.size);
      peer.text('still here');
      await t.lane().until('message');
      await t.farewell(peer);
      await lane.until('closed');
    },
  },
  {
    name: 'a server without clientTracking',
    async run(t) {
      const { wss, peer } = await t.accepted({ options: { clientTracking: false } });
      const lane = watchServer(t, wss);
      lane.add('clients', wss.clients);
      wss.close(() => lane.add('closed'));
      await lane.until('closed');
      await t.farewell(peer);
    },
  },
  {
    name: 'broadcast to the clients of a server',
    async run(t) {
      const { wss, port } = await t.server();
      wss.on('connection', (ws) => t.watch(ws, { events: [] }));
      const peers = ['a', 'b', 'c'].map((lane) => t.dial(port, { lane }));
      for (const peer of peers) await peer.head;
      for (const ws of wss.clients) ws.send('to all');
      for (const ws of wss.clients) ws.send(Buffer.from('bytes'), { binary: true });
      for (const peer of peers) await peer.seen('frame', 2);
      for (const peer of peers) peer.close(1000);
      for (const peer of peers) await peer.seen('gone');
    },
  },
  {
    name: 'the ping and pong of a heartbeat',
    async run(t) {
      const { ws, peer } = await t.accepted();
      const lane = t.lane();
      ws.isAlive = false;
      ws.on('pong', () => {
        ws.isAlive = true;
      });
      ws.ping();
      await peer.seen('frame');
      peer.send('pong', '');
      await lane.until('pong');
      lane.add('isAlive', ws.isAlive);
      ws.ping();
      ws.terminate();
      await t.gone(peer);
    },
  },
  {
    name: 'noServer and handleUpgrade()',
    async run(t) {
      const { web, port } = await t.web();
      const wss = new t.ws.WebSocketServer(t.options({ noServer: true }));
      const lane = watchServer(t, wss);
      web.on('upgrade', (request, socket, head) => {
        wss.handleUpgrade(request, socket, head, (ws, given) => {
          lane.add('callback', ws, given === request, wss.clients.size);
          t.watch(ws);
          wss.emit('connection', ws, request);
        });
      });
      const peer = t.dial(port);
      await peer.head;
      peer.text('one');
      await t.lane().until('message');
      await t.farewell(peer);
    },
  },
  {
    name: 'messages and pings that a server sends in connection',
    async run(t) {
      const { peer } = await t.accepted({
        onOpen: (ws) => {
          ws.send('first', (error) => t.lane('sends').add('first', error));
          ws.ping('p');
          ws.send(Buffer.from('second'));
        },
      });
      await peer.seen('frame', 3);
      await t.lane('sends').until('first');
      await t.farewell(peer);
    },
  },
  {
    name: 'close() and terminate() in connection',
    async run(t) {
      const first = await t.accepted({ onOpen: (ws) => ws.close(4000, 'go away') });
      await t.gone(first.peer);
      const second = await t.accepted({
        dial: { lane: 'second' },
        onOpen: (ws) => setImmediate(() => ws.terminate()),
      });
      await second.peer.seen('gone');
      await t.lane().until('close', 2);
    },
  },
];
