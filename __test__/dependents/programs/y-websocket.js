'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { after, before, it } = require('node:test');
const { docs, setupWSConnection } = require('@y/websocket-server/utils');
const WebSocket = require('ws');
const { WebsocketProvider } = require('y-websocket');
const Y = require('yjs');
const { assertLoads } = require('../program');

const COUNT = 500;

let server;
let url;

before(async () => {
  server = new WebSocket.WebSocketServer({ port: 0, host: '127.0.0.1' });
  server.on('connection', setupWSConnection);
  await once(server, 'listening');
  url = `ws://127.0.0.1:${server.address().port}`;
});

after(() => {
  for (const doc of docs.values()) doc.destroy();
  server.close();
});

it('y-websocket and its server get the implementation under test', () => {
  assertLoads('y-websocket');
  assertLoads('@y/websocket-server');
});

/** A document that is synchronized with the server. */
async function open(room) {
  const doc = new Y.Doc();
  const options = { WebSocketPolyfill: WebSocket, disableBc: true, maxBackoffTime: 50 };
  const provider = new WebsocketProvider(url, room, doc, options);
  if (!provider.synced) await new Promise((resolve) => provider.once('sync', resolve));
  const close = () => {
    provider.destroy();
    doc.destroy();
  };
  return { doc, provider, list: doc.getArray('list'), text: doc.getText('text'), close };
}

/** Resolves when `holds` is true, which is looked at after each update of the document. */
function until({ doc }, holds) {
  return new Promise((resolve) => {
    const look = () => {
      if (!holds()) return;
      doc.off('update', look);
      resolve();
    };
    doc.on('update', look);
    look();
  });
}

it('brings two documents to the same state, if either writes', async () => {
  const [ada, grace] = [await open('room'), await open('room')];
  for (let i = 0; i < COUNT; i++) {
    ada.list.push([`ada ${i}`]);
    grace.list.push([`grace ${i}`]);
  }
  ada.text.insert(0, 'é漢😀'.repeat(100000));
  const isWhole = (one) => () => one.list.length === 2 * COUNT && one.text.length > 0;
  await Promise.all([ada, grace].map((one) => until(one, isWhole(one))));
  assert.deepEqual(ada.list.toArray(), grace.list.toArray());
  assert.equal(ada.text.toString(), grace.text.toString());
  ada.close();
  grace.close();
});

it('gives a newcomer the whole document', async () => {
  const late = await open('room');
  assert.equal(late.list.length, 2 * COUNT);
  late.close();
});

it('shares awareness, and ends it with the connection', async () => {
  const [ada, grace] = [await open('aware'), await open('aware')];
  const states = () => grace.provider.awareness.getStates();
  const heard = (fits) =>
    new Promise((resolve) => {
      grace.provider.awareness.on('change', () => fits() && resolve());
    });
  const came = heard(() => states().get(ada.doc.clientID)?.name === 'Ada');
  ada.provider.awareness.setLocalState({ name: 'Ada' });
  await came;
  const left = heard(() => !states().has(ada.doc.clientID));
  ada.close();
  await left;
  grace.close();
});

it('catches up after the connection was lost', async () => {
  const [ada, grace] = [await open('lost'), await open('lost')];
  const lost = new Promise((resolve) => ada.provider.once('connection-close', resolve));
  for (const socket of server.clients) socket.terminate();
  await lost;
  ada.text.insert(0, 'written without a connection');
  await until(grace, () => grace.text.length > 0);
  assert.equal(grace.text.toString(), 'written without a connection');
  ada.close();
  grace.close();
});
