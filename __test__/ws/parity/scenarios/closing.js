'use strict';

const { onEachRole } = require('../roles');

/** We close first, and the peer answers. */
async function closing(t, role, act, rest = {}) {
  const { ws, peer } = await t.open(role, rest);
  const lane = t.lane();
  act(ws, lane, peer);
  lane.add('state', ws.readyState);
  await t.gone(peer);
  lane.add('after', ws.readyState, ws._closeCode, ws._closeMessage);
}

/** The peer closes first. */
async function closedByPeer(t, role, act, rest = {}) {
  const { ws, peer } = await t.open(role, rest);
  act(peer);
  await t.gone(peer);
  t.lane().add('after', ws.readyState, ws._closeFrameReceived, ws._closeFrameSent);
}

const FORMS = {
  'without arguments': [],
  'with a code': [1000],
  'with a code and a string': [4001, 'grüße'],
  'with a code and a Buffer': [4001, Buffer.from('bytes')],
  'with a code and a Uint8Array': [3000, new Uint8Array([97, 98])],
  'with a code and an empty string': [1001, ''],
  'with a code and undefined': [1001, undefined],
  'with 123 bytes': [4000, 'x'.repeat(123)],
  'with a code that is no integer': [1000.5],
  'with undefined and a reason': [undefined, 'lost'],
};

const BAD_CODES = [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, '1000', null, {}];
const BAD_REASONS = [7, true, {}, [], null, new ArrayBuffer(2)];
const GOOD_CODES = [
  1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4999,
];

module.exports = [
  ...Object.entries(FORMS).flatMap(([name, values]) =>
    onEachRole(`close() ${name}`, (t, role) =>
      closing(t, role, (ws, lane) => lane.attempt('close()', () => ws.close(...values))),
    ),
  ),
  ...onEachRole('close() refuses bad codes and reasons, and stays open', (t, role) =>
    closing(t, role, (ws, lane) => {
      for (const code of BAD_CODES) {
        lane.attempt(`code ${JSON.stringify(code)}`, () => ws.close(code));
        lane.add('still', ws.readyState, ws._closeTimer === null);
      }
      for (const reason of BAD_REASONS) {
        lane.attempt(`reason ${JSON.stringify(reason)}`, () => ws.close(1000, reason));
        lane.add('still', ws.readyState);
      }
      lane.attempt('long', () => ws.close(1000, 'ü'.repeat(62)));
      lane.attempt('long bytes', () => ws.close(1000, Buffer.alloc(124)));
      lane.add('still', ws.readyState, ws._closeTimer === null);
      ws.close();
    }),
  ),
  ...GOOD_CODES.map((code) => ({
    name: `close(${code})`,
    async run(t) {
      await closing(t, 'server', (ws) => ws.close(code, 'r'));
    },
  })),
  ...onEachRole('a second close() does not judge its arguments', (t, role) =>
    closing(t, role, (ws, lane) => {
      ws.close(4000, 'first');
      lane.attempt('second', () => ws.close(1, 7));
      lane.attempt('third', () => ws.close());
    }),
  ),
  ...onEachRole('close() and terminate() after the end', async (t, role) => {
    const { ws, peer } = await t.open(role);
    await t.farewell(peer);
    t.lane().attempt('close()', () => ws.close(1, 7));
    t.lane().attempt('terminate', () => ws.terminate());
    await t.turns();
  }),
  ...onEachRole('sends before close() arrive before its frame', (t, role) =>
    closing(t, role, (ws) => {
      ws.send('one');
      ws.send(Buffer.alloc(70_000, 1));
      ws.ping('two');
      ws.close(1000, 'last');
    }),
  ),
  ...onEachRole('sends after close() fail and count', (t, role) =>
    closing(t, role, (ws, lane) => {
      ws.close();
      for (const name of ['send', 'ping', 'pong']) {
        lane.attempt(name, () => ws[name]('late', (error) => lane.add(`${name} failed`, error)));
        lane.add('bufferedAmount', ws.bufferedAmount);
      }
    }),
  ),
  ...onEachRole('close() inside of a message listener', async (t, role) => {
    const { ws, peer } = await t.open(role, { dial: { answersClose: false } });
    ws.on('message', (data) => {
      if (data.toString() === '2') ws.close(4000, 'enough');
    });
    peer.write(Buffer.concat(['1', '2', '3'].map((text) => peer.frame('text', text))));
    await peer.seen('frame');
    peer.close(4000);
    await t.gone(peer);
  }),
  ...onEachRole('terminate() inside of a message listener', async (t, role) => {
    const { ws, peer } = await t.open(role);
    ws.on('message', (data) => {
      if (data.toString() === '2') ws.terminate();
    });
    peer.write(Buffer.concat(['1', '2', '3'].map((text) => peer.frame('text', text))));
    await t.gone(peer);
  }),
  ...onEachRole('a peer closes with a code and a reason', (t, role) =>
    closedByPeer(t, role, (peer) => peer.close(4002, 'grüße')),
  ),
  ...onEachRole('a peer closes with a code', (t, role) =>
    closedByPeer(t, role, (peer) => peer.close(1001)),
  ),
  ...onEachRole('a peer closes without a code', (t, role) =>
    closedByPeer(t, role, (peer) => peer.close()),
  ),
  ...onEachRole('frames behind a close frame are ignored', (t, role) =>
    closedByPeer(t, role, (peer) => {
      const frames = [peer.frame('close', Buffer.from([3, 232])), peer.frame('text', 'late')];
      peer.write(Buffer.concat(frames));
    }),
  ),
  ...onEachRole('a bad frame behind a close frame is ignored', (t, role) =>
    closedByPeer(t, role, (peer) => {
      const frames = [peer.frame('close', Buffer.from([3, 232])), peer.frame(3, 'late')];
      peer.write(Buffer.concat(frames));
    }),
  ),
  ...onEachRole('a close frame and the end of TCP in one go', (t, role) =>
    closedByPeer(t, role, (peer) => {
      peer.close(1000, 'bye');
      peer.end();
    }),
  ),
  ...onEachRole('both sides close at once', async (t, role) => {
    const { ws, peer } = await t.open(role, { dial: { answersClose: false } });
    ws.close(4000, 'ours');
    peer.close(4001, 'theirs');
    await t.gone(peer);
  }),
  ...onEachRole('a peer that never answers is destroyed by the timer', async (t, role) => {
    const { ws, peer } = await t.open(role, {
      options: { closeTimeout: 50 },
      dial: { answersClose: false },
    });
    ws.close(4000);
    t.lane().add('timer', ws._closeTimer?._idleTimeout);
    await t.gone(peer);
  }),
  ...onEachRole('a peer that answers and never ends TCP', async (t, role) => {
    const { ws, peer } = await t.open(role, {
      options: { closeTimeout: 1000 },
      dial: { answersEnd: false },
    });
    ws.close(4000);
    await t.lane().until('close');
    peer.end();
    await peer.seen('gone');
  }),
  ...onEachRole('close() does not end TCP before the answer', async (t, role) => {
    const { ws, peer } = await t.open(role, { dial: { answersClose: false } });
    ws.close(1000);
    await peer.seen('frame');
    await t.roundTrip();
    t.lane('peer').add('no end so far');
    peer.close(1000);
    await t.gone(peer);
  }),
  ...onEachRole('the end of TCP instead of an answer to close()', async (t, role) => {
    const { ws, peer } = await t.open(role, { dial: { answersClose: false } });
    ws.close(1000, 'x');
    await peer.seen('frame');
    peer.end();
    await t.gone(peer);
  }),
  ...onEachRole('a second close() inside of close, after both frames', async (t, role) => {
    const { ws, peer } = await t.open(role, { dial: { answersEnd: false } });
    ws.close(1000);
    await peer.seen('end');
    t.lane().attempt('again', () => ws.close());
    peer.end();
    await t.gone(peer);
  }),
  ...onEachRole('close() while fragments are being sent', async (t, role) => {
    const { ws, peer } = await t.open(role);
    ws.send('one', { fin: false });
    ws.close(1000);
    await t.gone(peer);
  }),
];
