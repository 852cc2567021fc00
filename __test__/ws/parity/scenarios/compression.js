'use strict';

const { RSV1, squeeze } = require('../deflate');
const { onEachRole } = require('../roles');

/** What a client offers, what the server's option is, and its answer or refusal. */
const OFFERS = [
  ['permessage-deflate', true],
  ['permessage-deflate', {}],
  ['permessage-deflate', false],
  ['permessage-deflate; client_max_window_bits', true],
  ['permessage-deflate; client_max_window_bits=10', true],
  ['permessage-deflate; client_max_window_bits=8', true],
  ['permessage-deflate; client_max_window_bits=16', true],
  ['permessage-deflate; client_max_window_bits=7', true],
  ['permessage-deflate; client_max_window_bits', { clientMaxWindowBits: 11 }],
  ['permessage-deflate; client_max_window_bits=10', { clientMaxWindowBits: 11 }],
  ['permessage-deflate; client_max_window_bits=12', { clientMaxWindowBits: 11 }],
  ['permessage-deflate; client_max_window_bits=12', { clientMaxWindowBits: true }],
  ['permessage-deflate; client_max_window_bits', { clientMaxWindowBits: false }],
  ['permessage-deflate', { clientMaxWindowBits: 11 }],
  ['permessage-deflate; server_max_window_bits=10', true],
  ['permessage-deflate; server_max_window_bits=10', { serverMaxWindowBits: 9 }],
  ['permessage-deflate; server_max_window_bits=10', { serverMaxWindowBits: 12 }],
  ['permessage-deflate; server_max_window_bits=10', { serverMaxWindowBits: false }],
  ['permessage-deflate; server_max_window_bits', true],
  ['permessage-deflate', { serverMaxWindowBits: 10 }],
  ['permessage-deflate; server_no_context_takeover', true],
  ['permessage-deflate; server_no_context_takeover', { serverNoContextTakeover: false }],
  ['permessage-deflate', { serverNoContextTakeover: true }],
  ['permessage-deflate; client_no_context_takeover', true],
  ['permessage-deflate; client_no_context_takeover', { clientNoContextTakeover: false }],
  ['permessage-deflate', { clientNoContextTakeover: true }],
  ['permessage-deflate; client_no_context_takeover; server_max_window_bits=10', true],
  ['permessage-deflate; server_max_window_bits=10; client_no_context_takeover', true],
  ['permessage-deflate; foo', true],
  ['permessage-deflate; foo=1', true],
  ['permessage-deflate; server_no_context_takeover=1', true],
  ['permessage-deflate; client_max_window_bits=10; client_max_window_bits=10', true],
  ['permessage-deflate; client_max_window_bits="10"', true],
  ['permessage-deflate; server_max_window_bits=7, permessage-deflate', true],
  [
    'permessage-deflate; server_max_window_bits=10, permessage-deflate',
    { serverMaxWindowBits: false },
  ],
  ['x-other, permessage-deflate', true],
  ['x-other', true],
  ['permessage-deflate;', true],
  ['permessage-deflate, ', true],
  ['', true],
];

/** A client's option and a server's answer. */
const ANSWERS = [
  ['permessage-deflate', undefined],
  ['permessage-deflate', {}],
  ['permessage-deflate', false],
  ['permessage-deflate; client_max_window_bits=10', undefined],
  ['permessage-deflate; client_max_window_bits', undefined],
  ['permessage-deflate; client_max_window_bits=16', undefined],
  ['permessage-deflate; client_max_window_bits=10', { clientMaxWindowBits: 9 }],
  ['permessage-deflate; client_max_window_bits=10', { clientMaxWindowBits: 12 }],
  ['permessage-deflate; client_max_window_bits=10', { clientMaxWindowBits: false }],
  ['permessage-deflate', { clientMaxWindowBits: 12 }],
  ['permessage-deflate; server_max_window_bits=10', undefined],
  ['permessage-deflate; server_max_window_bits=10', { serverMaxWindowBits: 9 }],
  ['permessage-deflate', { serverMaxWindowBits: 9 }],
  ['permessage-deflate; server_no_context_takeover', undefined],
  ['permessage-deflate', { serverNoContextTakeover: true }],
  ['permessage-deflate; client_no_context_takeover', undefined],
  ['permessage-deflate; client_no_context_takeover', { clientNoContextTakeover: false }],
  ['permessage-deflate', { clientNoContextTakeover: true }],
  ['permessage-deflate; foo=1', undefined],
  ['permessage-deflate, permessage-deflate', undefined],
  ['x-other', undefined],
  ['permessage-deflate, x-other', undefined],
  ['permessage-deflate;', undefined],
  ['', undefined],
];

const show = (option) => (option === undefined ? 'absent' : JSON.stringify(option));

async function offered(t, offer, perMessageDeflate) {
  const { wss, port } = await t.server({ perMessageDeflate });
  const lane = t.lane();
  wss.on('wsClientError', (error, socket) => {
    lane.add('wsClientError', error);
    socket.destroy();
  });
  wss.on('connection', (ws) => {
    t.watch(ws);
    lane.add('extensions', ws.extensions, ws._extensions['permessage-deflate']?.params);
  });
  const peer = t.dial(port, { headers: { 'Sec-WebSocket-Extensions': offer } });
  await Promise.race([peer.head, peer.seen('gone')]);
  if (lane.count('extensions') > 0) return t.farewell(peer);
  return peer.seen('gone');
}

async function answered(t, answer, perMessageDeflate) {
  let peer;
  const port = await t.rawServer((raw, key) => {
    peer = raw;
    t.agree(raw, key, { 'Sec-WebSocket-Extensions': answer });
  });
  const ws = t.client(port, { perMessageDeflate });
  const lane = t.watch(ws);
  await Promise.race([lane.until('open'), lane.until('close')]);
  lane.add('extensions', ws.extensions, ws._extensions['permessage-deflate']?.params);
  if (ws.readyState === t.ws.OPEN) return t.farewell(peer);
  return peer.seen('gone');
}

const OWN_TAKEOVER = { server: 'server_no_context_takeover', client: 'client_no_context_takeover' };
const PEERS_TAKEOVER = {
  server: 'client_no_context_takeover',
  client: 'server_no_context_takeover',
};
const long = 'long '.repeat(300);

module.exports = [
  ...OFFERS.map(([offer, option], i) => ({
    name: `offer ${i}: ${offer} (option ${show(option)})`,
    adopts: false,
    run: (t) => offered(t, offer, option),
  })),
  ...ANSWERS.map(([answer, option], i) => ({
    name: `answer ${i}: ${answer} (option ${show(option)})`,
    adopts: false,
    run: (t) => answered(t, answer, option),
  })),
  ...onEachRole('compressed messages both ways', async (t, role) => {
    const { ws, peer } = await t.openDeflated(role);
    t.lane().add('extensions', ws.extensions);
    for (const text of ['grüße', '', long]) {
      peer.send('text', squeeze(text), RSV1);
      ws.send(text);
      ws.send(Buffer.from(text));
    }
    peer.text('plain');
    peer.send('binary', squeeze(long), RSV1);
    await t.lane().until('message', 5);
    await peer.seen('frame', 6);
    await t.farewell(peer);
  }),
  ...onEachRole('with context takeover, the threshold does not count', async (t, role) => {
    const { ws, peer } = await t.openDeflated(role);
    ws.send('short');
    ws.send(long);
    ws.send('short', { compress: false });
    ws.send(long, { compress: false });
    ws.send('short', { compress: true });
    await peer.seen('frame', 5);
    await t.farewell(peer);
  }),
  ...onEachRole('without context takeover, the threshold counts', async (t, role) => {
    const { ws, peer } = await t.openDeflated(role, { agreement: `; ${OWN_TAKEOVER[role]}` });
    ws.send('x'.repeat(1023));
    ws.send('x'.repeat(1024));
    ws.send('x'.repeat(1023), { compress: true });
    ws.send('x'.repeat(2000), { compress: false });
    await peer.seen('frame', 4);
    await t.farewell(peer);
  }),
  ...onEachRole(
    'without the peer’s context takeover, the threshold does not count',
    async (t, role) => {
      const { ws, peer } = await t.openDeflated(role, { agreement: `; ${PEERS_TAKEOVER[role]}` });
      ws.send('short');
      peer.send('text', squeeze('one'), RSV1);
      peer.send('text', squeeze('two'), RSV1);
      await peer.seen('frame');
      await t.lane().until('message', 2);
      await t.farewell(peer);
    },
  ),
  ...onEachRole('a threshold of the application', async (t, role) => {
    const { ws, peer } = await t.openDeflated(role, {
      agreement: `; ${OWN_TAKEOVER[role]}`,
      options: { perMessageDeflate: { threshold: 10 } },
    });
    ws.send('x'.repeat(9));
    ws.send('x'.repeat(10));
    ws.send('ü'.repeat(5));
    await peer.seen('frame', 3);
    await t.farewell(peer);
  }),
  ...onEachRole('a compressed message in pieces', async (t, role) => {
    const { ws, peer } = await t.openDeflated(role);
    ws.send('one ', { fin: false });
    ws.ping('between');
    ws.send('two ', { fin: false, compress: false });
    ws.send('', { fin: false });
    ws.send('three', { fin: true });
    ws.send('next');
    await peer.seen('frame', 6);
    await t.farewell(peer);
  }),
  ...onEachRole('without takeover, the first piece decides', async (t, role) => {
    const { ws, peer } = await t.openDeflated(role, { agreement: `; ${OWN_TAKEOVER[role]}` });
    ws.send('short', { fin: false });
    ws.send(long);
    ws.send(long, { fin: false });
    ws.send('short');
    ws.send(long, { fin: false, compress: false });
    ws.send(long);
    await peer.seen('frame', 6);
    await t.farewell(peer);
  }),
  ...onEachRole('a compressed message that arrives in fragments', async (t, role) => {
    const { ws, peer } = await t.openDeflated(role);
    const bytes = squeeze(long);
    for (const kind of ['nodebuffer', 'arraybuffer', 'nodebuffer']) {
      ws.binaryType = kind;
      peer.send('binary', bytes.subarray(0, 3), { ...RSV1, fin: false });
      peer.send('ping', 'p');
      peer.send('continuation', bytes.subarray(3, 6), { fin: false });
      peer.send('continuation', bytes.subarray(6));
      const count = t.lane().count('message') + 1;
      await t.lane().until('message', count);
    }
    await t.farewell(peer);
  }),
  ...onEachRole(
    'order of callbacks and control frames behind a message that is deflated',
    async (t, role) => {
      const { ws, peer } = await t.openDeflated(role);
      const lane = t.lane('sends');
      const done = (name) => (error) => lane.add(name, error);
      ws.send(long.repeat(200), done('long'));
      ws.ping('p', undefined, done('ping'));
      ws.send('plain', { compress: false }, done('plain'));
      ws.send('short', done('short'));
      ws.close(4000, 'end');
      await lane.until('short');
      await t.gone(peer);
    },
  ),
  ...onEachRole('terminate() while a message is deflated', async (t, role) => {
    const { ws, peer } = await t.openDeflated(role);
    const lane = t.lane('sends');
    ws.send(long.repeat(2000), (error) => lane.add('long', error));
    ws.send('behind', (error) => lane.add('behind', error));
    ws.ping('p', undefined, (error) => lane.add('ping', error));
    ws.terminate();
    t.lane().add('state', ws.readyState);
    await lane.until('ping');
    await t.gone(peer);
  }),
  ...onEachRole('messages behind a compressed one keep their order', async (t, role) => {
    const { peer } = await t.openDeflated(role);
    peer.write(
      Buffer.concat([
        peer.frame('text', squeeze(long.repeat(100)), RSV1),
        peer.frame('ping', 'p'),
        peer.frame('text', 'plain'),
        peer.frame('pong', 'q'),
        peer.frame('text', squeeze('short'), RSV1),
      ]),
    );
    await t.lane().until('message', 3);
    await t.farewell(peer);
  }),
  ...onEachRole('a close frame behind compressed messages', async (t, role) => {
    const { peer } = await t.openDeflated(role);
    peer.write(
      Buffer.concat([
        peer.frame('text', squeeze(long.repeat(100)), RSV1),
        peer.frame('text', squeeze('short'), RSV1),
        peer.frame('close', Buffer.from([0x0f, 0xa0])),
      ]),
    );
    await t.gone(peer);
  }),
  ...onEachRole('pause() between compressed messages', async (t, role) => {
    const { ws, peer } = await t.openDeflated(role);
    ws.once('message', () => ws.pause());
    peer.send('text', squeeze('one'), RSV1);
    await t.lane().until('message');
    peer.send('text', squeeze('two'), RSV1);
    await t.roundTrip();
    t.lane().add('resume');
    ws.resume();
    await t.lane().until('message', 2);
    await t.farewell(peer);
  }),
  ...onEachRole('zlibDeflateOptions', async (t, role) => {
    for (const zlibDeflateOptions of [
      { level: 0 },
      { level: 9, memLevel: 9 },
      { windowBits: 9 },
      { strategy: 2 },
    ]) {
      const { ws, peer } = await t.openDeflated(role, {
        options: { perMessageDeflate: { zlibDeflateOptions } },
      });
      const count = t.lane('peer').count('frame') + 1;
      const closed = t.lane().count('close') + 1;
      ws.send(long);
      await peer.seen('frame', count);
      peer.close(1000);
      await t.lane().until('close', closed);
    }
  }),
  {
    name: 'client and server compress for each other',
    async run(t) {
      const { wss, port } = await t.server({ perMessageDeflate: true });
      wss.on('connection', (ws) => {
        t.watch(ws, { lane: 'server' });
        ws.on('message', (data, binary) => ws.send(data, { binary }));
      });
      const ws = t.client(port);
      const lane = t.watch(ws);
      await lane.until('open');
      lane.add('extensions', ws.extensions);
      for (const data of ['short', long, Buffer.alloc(100_000, 7), '']) ws.send(data);
      await lane.until('message', 4);
      ws.close(1000);
      await lane.until('close');
      await t.lane('server').until('close');
    },
  },
];
