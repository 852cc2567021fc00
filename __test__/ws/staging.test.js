'use strict';

// Short messages that a handler sends. They reach the engine together, at the end of the turn, and
// with many connections the I/O threads.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const WebSocket = require('../../lib/ws');
const kPeer = require('../../lib/internal/transport/kPeer');
const { until } = require('../support/events');

/** So many connections are written by JavaScript's thread, and so many by the I/O threads. */
const COUNTS = [1, 30];

/**
 * Calls `scene` with the clients and with `handle`, which calls a function with the server's
 * sockets, in a handler of the first one's 'message'.
 *
 * @param {any} t
 * @param {number} count
 * @param {(clients: any[], handle: (work: (sockets: any[]) => void) => any) => Promise<void>} scene
 * @param {object} [options] of the server
 */
async function connected(t, count, scene, options) {
  const server = new WebSocket.Server({ port: 0, host: '127.0.0.1', ...options });
  await once(server, 'listening');
  const clients = [];
  const sockets = [];
  t.after(() => {
    for (const client of clients) client.terminate();
    server.close();
  });
  let work;
  for (let i = 0; i < count; i++) {
    const opened = once(server, 'connection');
    const client = new WebSocket(`ws://127.0.0.1:${server.address().port}`);
    clients.push(client);
    const [socket] = await opened;
    sockets.push(socket);
    if (client.readyState !== WebSocket.OPEN) await once(client, 'open');
    socket.on('message', () => work?.(sockets));
  }
  if (process.platform !== 'win32') {
    await until(() => sockets.every((socket) => socket[kPeer].transport === 'native'));
  }
  await scene(clients, async (given) => {
    const done = new Promise((resolve, reject) => {
      work = () => {
        work = undefined;
        try {
          resolve(given(sockets));
        } catch (error) {
          reject(error);
        }
      };
    });
    clients[0].send('now');
    await done;
  });
}

/** What a client hears, as texts. */
function record(client) {
  const heard = [];
  client.on('message', (data, isBinary) => heard.push(`${isBinary ? 'b' : 't'} ${data}`));
  client.on('ping', (data) => heard.push(`ping ${data}`));
  client.on('pong', (data) => heard.push(`pong ${data}`));
  client.on('close', (code, reason) => heard.push(`close ${code} ${reason}`));
  return heard;
}

for (const count of COUNTS) {
  describe(`ws: short messages of a handler, ${count} connections`, () => {
    it('keep their order among everything else that is sent', (t) =>
      connected(t, count, async (clients, handle) => {
        const long = 'x'.repeat(5000);
        const heard = clients.map(record);
        await handle((sockets) => {
          for (const socket of sockets) {
            socket.send('1');
            socket.send(Buffer.from('2'));
            socket.ping('3');
            socket.send('4');
            socket.send(long);
            socket.send('5');
            assert.equal(socket.bufferedAmount, 0);
            socket.send('6');
            socket.send('7 ', { fin: false });
            socket.send('8');
            socket.send('9');
            socket.pong('10');
            socket.send('11');
            socket.close(4000, 'end');
          }
        });
        const expected = ['t 1', 'b 2', 'ping 3', 't 4', `t ${long}`, 't 5', 't 6', 't 7 8', 't 9'];
        expected.push('pong 10', 't 11', 'close 4000 end');
        await until(() => heard.every((each) => each.length >= expected.length));
        for (const each of heard) assert.deepEqual(each, expected);
      }));

    it('keep their order from turn to turn', (t) =>
      connected(t, count, async (clients, handle) => {
        const heard = clients.map(record);
        const expected = [];
        for (let round = 0; round < 30; round++) {
          await handle((sockets) => {
            for (const socket of sockets) socket.send(`handler ${round}`);
            // Outside of a delivery, each send is a call of its own.
            setImmediate(() => {
              for (const socket of sockets) socket.send(`later ${round}`);
            });
          });
          expected.push(`t handler ${round}`, `t later ${round}`);
          await until(() => heard[0].length === expected.length);
        }
        await until(() => heard.every((each) => each.length >= expected.length));
        for (const each of heard) assert.deepEqual(each, expected);
      }));

    it('may be more than there is room for', (t) =>
      connected(t, count, async (clients, handle) => {
        const heard = clients.map(record);
        const expected = Array.from({ length: 2000 }, (_, i) => `${i}`.padStart(120));
        await handle((sockets) => {
          for (const [i, text] of expected.entries()) {
            for (const socket of sockets) socket.send(i % 2 ? text : Buffer.from(text));
          }
        });
        await until(() => heard.every((each) => each.length === expected.length));
        const kinds = expected.map((text, i) => `${i % 2 ? 't' : 'b'} ${text}`);
        for (const each of heard) assert.deepEqual(each, kinds);
      }));

    it('call back in order, and before the end of the connection', (t) =>
      connected(t, count, async (clients, handle) => {
        const calls = clients.map(() => []);
        const ends = clients.map((client) => once(client, 'close'));
        await handle((sockets) => {
          for (const [i, socket] of sockets.entries()) {
            const note = (name) => (error) => calls[i].push(error ? `${name}: ${error}` : name);
            socket.on('close', note('close'));
            socket.send('1', note('1'));
            socket.send('2');
            socket.send(Buffer.from('3'), note('3'));
            socket.ping('4', undefined, note('4'));
            socket.send('5', note('5'));
            socket.close();
          }
        });
        await Promise.all(ends);
        await until(() => calls.every((each) => each.length === 5));
        for (const each of calls) {
          assert.deepEqual(each, ['1', '3', '4', '5', each[4]]);
          assert.match(each[4], /^close/);
        }
      }));
  });
}

describe('ws: a short message of a handler', () => {
  it('has the bytes that the Buffer had when it was sent', (t) =>
    connected(t, 1, async ([client], handle) => {
      const heard = record(client);
      const bytes = Buffer.from('before');
      await handle(([socket]) => {
        socket.send(bytes);
        bytes.write('behind');
      });
      await until(() => heard.length === 1);
      assert.deepEqual(heard, ['b before']);
    }));

  it('is UTF-8, whatever its characters and its length', (t) =>
    connected(t, 1, async ([client], handle) => {
      const heard = record(client);
      const parts = ['a', 'é', '€', '𝄞', '\ud800', 'a€'];
      const texts = ['', ...parts];
      for (const part of parts) {
        for (const times of [31, 32, 85, 86, 255, 256, 257, 1023, 1024, 1025]) {
          texts.push(part.repeat(times));
        }
      }
      await handle(([socket]) => {
        for (const text of texts) socket.send(text);
      });
      await until(() => heard.length === texts.length);
      assert.deepEqual(
        heard,
        texts.map((text) => `t ${Buffer.from(text)}`),
      );
    }));

  it('is whole, for a Buffer of any length', (t) =>
    connected(t, 1, async ([client], handle) => {
      const lengths = [];
      client.on('message', (data) => {
        assert.ok(data.every((byte, i) => byte === (i & 255)));
        lengths.push(data.length);
      });
      const expected = [0, 1, 3, 4, 19, 20, 21, 125, 126, 1023, 1024, 1025, 70000];
      await handle(([socket]) => {
        for (const length of expected) socket.send(Uint8Array.from({ length }, (_, i) => i));
      });
      await until(() => lengths.length === expected.length);
      assert.deepEqual(lengths, expected);
    }));

  it('counts against the high-water mark', (t) =>
    connected(t, 1, async ([client], handle) => {
      client.pause();
      let sent = 0;
      let socket;
      let drains = 0;
      await handle(([first]) => {
        socket = first;
        socket._socket.on('drain', () => drains++);
        // What the kernel does not take is counted.
        while (socket.bufferedAmount < 100000) {
          for (let i = 0; i < 100; i++, sent++) socket.send('x'.repeat(200));
        }
      });
      let heard = 0;
      client.on('message', () => heard++);
      client.resume();
      await until(() => heard === sent && drains > 0);
      assert.equal(socket.bufferedAmount, 0);
    }));
});
