'use strict';

const { once } = require('node:events');
const net = require('node:net');

/** A raw server that answers with this, and a client that fails or opens. */
async function answeredWith(t, answer, act = () => {}) {
  const port = await t.rawServer((peer, key) => answer(peer, key));
  const ws = t.client(port);
  const lane = t.watch(ws, { events: ['upgrade', 'open', 'error', 'close'] });
  act(ws, lane);
  await lane.until('close');
  lane.add('after', ws.readyState, ws._req, ws._socket);
}

module.exports = [
  {
    name: 'a client opens, echoes and closes',
    async run(t) {
      const { wss, port } = await t.server();
      wss.on('connection', (ws) => ws.on('message', (data, binary) => ws.send(data, { binary })));
      const ws = t.client(port, { protocols: ['one', 'two'] });
      const lane = t.watch(ws);
      lane.add('before', ws.readyState, ws.protocol, ws.url);
      await lane.until('open');
      lane.add('open', ws.protocol, ws.url, ws.extensions);
      ws.send('text');
      ws.send(Buffer.from('bytes'));
      await lane.until('message', 2);
      ws.close(1000, 'done');
      await lane.until('close');
    },
  },
  {
    name: 'a client whose handshake is refused',
    adopts: false,
    run: (t) =>
      answeredWith(t, (peer) => {
        peer.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
      }),
  },
  {
    name: 'a client whose handshake is refused, with a listener for it',
    adopts: false,
    run: (t) =>
      answeredWith(
        t,
        (peer) => peer.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n'),
        (ws, lane) => {
          ws.on('unexpected-response', (request, response) => {
            lane.add('unexpected-response', typeof request.setHeader, response.statusCode);
            ws.terminate();
          });
        },
      ),
  },
  {
    name: 'a client with a wrong accept header',
    adopts: false,
    run: (t) =>
      answeredWith(t, (peer, key) => t.agree(peer, key, { 'Sec-WebSocket-Accept': 'wrong' })),
  },
  {
    name: 'a client with a subprotocol that it has not asked for',
    adopts: false,
    run: (t) =>
      answeredWith(t, (peer, key) => t.agree(peer, key, { 'Sec-WebSocket-Protocol': 'p' })),
  },
  {
    name: 'a client whose server ends TCP during the handshake',
    adopts: false,
    run: (t) => answeredWith(t, (peer) => peer.end()),
  },
  {
    name: 'close() while CONNECTING',
    adopts: false,
    run: (t) =>
      answeredWith(
        t,
        () => {},
        (ws, lane) => {
          lane.attempt('close()', () => ws.close(1, 7));
          lane.add('state', ws.readyState);
          lane.attempt('again', () => ws.close());
        },
      ),
  },
  {
    name: 'terminate() while CONNECTING',
    adopts: false,
    run: (t) =>
      answeredWith(
        t,
        () => {},
        (ws, lane) => {
          lane.attempt('terminate', () => ws.terminate());
          lane.add('state', ws.readyState);
        },
      ),
  },
  {
    name: 'close() in upgrade',
    adopts: false,
    run: (t) =>
      answeredWith(
        t,
        (peer, key) => t.agree(peer, key),
        (ws) => ws.on('upgrade', () => ws.close()),
      ),
  },
  {
    name: 'terminate() in open',
    adopts: false,
    run: (t) =>
      answeredWith(
        t,
        (peer, key) => t.agree(peer, key),
        (ws) => ws.on('open', () => ws.terminate()),
      ),
  },
  {
    name: 'handshakeTimeout',
    adopts: false,
    async run(t) {
      const port = await t.listen(net.createServer((socket) => socket.resume()));
      const ws = t.client(port, { handshakeTimeout: 100 });
      await t.watch(ws).until('close');
    },
  },
  {
    name: 'a refused connection',
    adopts: false,
    async run(t) {
      const { web, port } = await t.server();
      web.close();
      await once(web, 'close');
      const ws = t.client(port);
      await t.watch(ws).until('close');
    },
  },
  {
    name: 'generateMask',
    async run(t) {
      const { ws, peer } = await t.connected({
        options: { generateMask: (mask) => t.lane('masks').add('mask', mask.length, mask.fill(7)) },
      });
      ws.send('one');
      ws.send(Buffer.from('two'));
      ws.ping('three');
      await peer.seen('frame', 3);
      await t.farewell(peer);
    },
  },
];
