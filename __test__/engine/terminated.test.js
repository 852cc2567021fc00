'use strict';

// Workers that are terminated within a handler.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const path = require('node:path');
const { describe, it } = require('node:test');
const { Worker } = require('node:worker_threads');

const { WebSocket } = require('ws');

const PROGRAM = path.join(__dirname, 'programs/terminated.js');

describe('What a handler has sent before its worker is terminated', () => {
  for (const count of [1, 8]) {
    it(`arrives, ${count} connections`, async (t) => {
      const worker = new Worker(PROGRAM, { workerData: count });
      t.after(() => worker.terminate());
      const [port] = await once(worker, 'message');
      const peers = Array.from({ length: count }, () => {
        const peer = new WebSocket(`ws://127.0.0.1:${port}`);
        t.after(() => peer.terminate());
        return peer;
      });
      const texts = peers.map(async (peer) => {
        const received = [];
        peer.on('message', (data) => received.push(String(data)));
        await once(peer, 'close');
        return received;
      });
      await Promise.all(peers.map((peer) => once(peer, 'open')));
      const sent = once(worker, 'message');
      peers[0].send('go');
      await sent;
      await worker.terminate();
      for (const received of await Promise.all(texts)) {
        assert.deepEqual(received, ['first', 'second', 'third']);
      }
    });
  }
});
