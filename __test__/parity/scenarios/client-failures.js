'use strict';

const { EventEmitter } = require('node:events');

/** A client that fails to connect. `answer` is the raw server's answer. */
async function failing(t, answer, { args = [], config, listeners = {}, path = '/' } = {}) {
  const port = await t.rawServer(answer);
  const client = t.client(config);
  const lane = t.lane('client');
  client.on('connect', () => lane.add('connect'));
  client.on('connectFailed', (error) => lane.add('connectFailed', error));
  for (const [event, listener] of Object.entries(listeners)) client.on(event, listener);
  client.connect(`ws://127.0.0.1:${port}${path}`, ...args);
  await lane.until(listeners.httpResponse ? 'httpResponse' : 'connectFailed');
  await t.lane('peer').until('gone');
}

/** The server accepts, with the lines in `headers` replaced. */
const almost = (t, headers) => (peer, key) => t.agree(peer, key, headers);

const plain =
  (head, body = '') =>
  (peer) => {
    peer.write(`${head}\r\nX-One: 1\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    peer.end();
  };

module.exports = [
  {
    name: 'no server listens at the address',
    adopts: false,
    async run(t) {
      const { server, port } = await t.httpServer();
      server.close();
      await new Promise((resolve) => server.once('close', resolve));
      const client = t.client();
      const lane = t.lane('client');
      client.on('connectFailed', (error) => lane.add('connectFailed', error));
      client.connect(`ws://127.0.0.1:${port}/`);
      await lane.until('connectFailed');
    },
  },
  {
    name: 'the server hangs up before it answers',
    adopts: false,
    run: (t) => failing(t, (peer) => peer.socket.destroy()),
  },
  {
    name: 'the server sends an answer that is not HTTP',
    adopts: false,
    run: (t) =>
      failing(t, (peer) => {
        peer.write('220 mail.example ESMTP\r\n\r\n');
        peer.end();
      }),
  },
  {
    name: 'the server answers 401',
    adopts: false,
    run: (t) => failing(t, plain('HTTP/1.1 401 Unauthorized')),
  },
  {
    name: 'the server answers 200 with a page',
    adopts: false,
    run: (t) => failing(t, plain('HTTP/1.1 200 OK', 'a page')),
  },
  {
    name: 'the server redirects',
    adopts: false,
    run: (t) => failing(t, plain('HTTP/1.1 302 Found\r\nLocation: http://other.example/')),
  },
  {
    name: 'an httpResponse listener takes the answer instead',
    adopts: false,
    run: (t) =>
      failing(t, plain('HTTP/1.1 403 Forbidden', 'no'), {
        listeners: {
          httpResponse: (response, client) => {
            const { statusCode, statusMessage, headers } = response;
            t.lane('client').add('httpResponse', statusCode, statusMessage, headers);
            t.lane('client').add('client', client);
          },
        },
      }),
  },
  {
    name: 'the answer has no accept key',
    adopts: false,
    run: (t) => failing(t, almost(t, { 'Sec-WebSocket-Accept': undefined })),
  },
  {
    name: 'the answer has a wrong accept key',
    adopts: false,
    run: (t) => failing(t, almost(t, { 'Sec-WebSocket-Accept': 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=' })),
  },
  {
    name: 'the answer upgrades to something else',
    adopts: false,
    run: (t) => failing(t, almost(t, { Upgrade: 'h2c' })),
  },
  {
    name: 'the answer misses the protocol that was asked for',
    adopts: false,
    run: (t) => failing(t, almost(t, {}), { args: [['chat']] }),
  },
  {
    name: 'the answer names another protocol',
    adopts: false,
    run: (t) =>
      failing(t, almost(t, { 'Sec-WebSocket-Protocol': 'other' }), { args: [['chat', 'v2']] }),
  },
  {
    name: 'the answer names the protocol in another spelling',
    adopts: false,
    run: (t) => failing(t, almost(t, { 'Sec-WebSocket-Protocol': 'CHAT' }), { args: [['chat']] }),
  },
  {
    name: 'abort() while the server has not answered',
    adopts: false,
    async run(t) {
      const lane = t.lane('client');
      let client;
      const port = await t.rawServer(() => lane.call('abort', () => client.abort()));
      client = t.client();
      client.on('connect', () => lane.add('connect'));
      client.on('connectFailed', (error) => lane.add('connectFailed', error));
      client.connect(`ws://127.0.0.1:${port}/`);
      await lane.until('connectFailed');
      await t.lane('peer').until('gone');
      lane.call('abort', () => client.abort());
    },
  },
  {
    name: 'abort() before connect() and after it does nothing',
    async run(t) {
      const idle = t.client();
      t.lane('client').attempt('abort', () => idle.abort());
      const { client, peer } = await t.connected();
      t.lane('client').attempt('abort', () => client.abort());
      peer.text('still here');
      await t.lane().until('message');
      await t.farewell(peer);
    },
  },
  {
    name: 'calls that connect() refuses',
    adopts: false,
    async run(t) {
      const lane = t.lane('client');
      const attempt = (label, ...args) => lane.attempt(label, () => t.client().connect(...args));
      attempt('no protocol', 'example.org/chat');
      attempt('no host', 'ws:///chat');
      attempt('no URL', '');
      attempt('protocol with a space', 'ws://127.0.0.1:9/', ['a b']);
      attempt('protocol with a separator', 'ws://127.0.0.1:9/', ['ok', 'a,b']);
      attempt('protocol with a control character', 'ws://127.0.0.1:9/', 'a\nb');
      attempt('protocol from outside ASCII', 'ws://127.0.0.1:9/', 'ä');
    },
  },
  {
    name: 'a client refuses versions that do not exist',
    adopts: false,
    async run(t) {
      const lane = t.lane('client');
      for (const webSocketVersion of [7, 14, '13']) {
        lane.attempt(`version ${webSocketVersion}`, () => {
          return new t.ws.client({ webSocketVersion }) instanceof EventEmitter;
        });
      }
    },
  },
  {
    name: 'an address that is no URL at all, in the error that follows',
    adopts: false,
    async run(t) {
      const lane = t.lane('client');
      lane.attempt('undefined', () => t.client().connect());
      lane.attempt('null', () => t.client().connect(null));
    },
  },
];
