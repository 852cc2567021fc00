'use strict';

// A process lives exactly as long as one of its connections is open.

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');
const { WebSocket, WebSocketServer } = require('ws');

const Program = require('./program');

const TRANSPORTS = ['auto', 'stream'];
/** The transport that a connection reports. On Windows no descriptor is adopted. */
const NAMES = { auto: process.platform === 'win32' ? 'stream' : 'native', stream: 'stream' };

for (const role of ['server', 'client']) {
  for (const transport of TRANSPORTS) {
    describe(`The process of a ${role}'s connection, transport '${transport}'`, () => {
      const start = (t, ...when) => holdingProgram(t, role, transport, ...when);

      it('lives while the connection is open, and ends when it is closed', async (t) => {
        const { program, peer } = await start(t, 'never', 'no keepalive');
        // Long enough for a process to start, connect and end.
        const other = await start(t, 'later', 'no keepalive');
        await ask(other.peer);
        assert.strictEqual(await other.program.ending(), 'status 0');
        assert.strictEqual(await ask(peer), `${NAMES[transport]}: still there?`);
        peer.close(1000);
        assert.strictEqual(await program.ending(), 'status 0');
      });

      for (const keepalive of ['no keepalive', 'keepalive']) {
        it(`ends although the connection is open after socket.unref(), ${keepalive}`, async (t) => {
          const { program, peer } = await start(t, 'later', keepalive);
          const closed = once(peer, 'close');
          assert.strictEqual(await ask(peer), `${NAMES[transport]}: still there?`);
          assert.strictEqual(await program.ending(), 'status 0');
          assert.strictEqual((await closed)[0], 1006);
        });
      }

      it('ends when socket.unref() was called as soon as there was a connection', async (t) => {
        const { program, peer } = await start(t, 'at once', 'no keepalive');
        const closed = once(peer, 'close');
        assert.strictEqual(await program.ending(), 'status 0');
        assert.strictEqual((await closed)[0], 1006);
      });

      it('lives after socket.unref().ref()', async (t) => {
        const { program, peer } = await start(t, 'back and forth', 'no keepalive');
        await ask(peer);
        const other = await start(t, 'later', 'no keepalive');
        await ask(other.peer);
        assert.strictEqual(await other.program.ending(), 'status 0');
        await ask(peer);
        peer.terminate();
        assert.strictEqual(await program.ending(), 'status 0');
      });
    });
  }
}

describe('A process that waits only for callbacks of sends', () => {
  it('lives until they have reported the failure', async (t) => {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    t.after(() => server.close());
    server.on('connection', (peer) => {
      peer.on('error', () => {});
      peer.pause();
      peer.send('go');
    });
    await once(server, 'listening');
    const program = new Program(t, 'abandon.js', [`ws://127.0.0.1:${server.address().port}/`]);
    assert.deepStrictEqual(await program.next(), new Array(3).fill('ERR_STREAM_DESTROYED'));
    assert.strictEqual(await program.ending(), 'status 0');
  });
});

describe('A process with a server and its clients', () => {
  for (const transport of TRANSPORTS) {
    for (const how of [
      'shutDown',
      'client closes',
      'server drops',
      'client destroys',
      'unanswered',
    ]) {
      it(`ends by itself when all are closed: ${how}, transport '${transport}'`, async (t) => {
        const program = new Program(t, 'settle.js', [transport, how]);
        assert.deepStrictEqual(await program.next(), { opened: 10, echoed: 50 });
        assert.deepStrictEqual(await program.next(), { closed: 10 });
        assert.strictEqual(await program.ending(), 'status 0');
      });
    }
  }
});

describe('A message sent right before process.exit()', () => {
  for (const transport of TRANSPORTS) {
    for (const [connections, messages] of [
      [1, 1],
      [1, 100],
      [10, 20],
    ]) {
      for (const from of ['a handler', 'a fresh turn', 'an exit listener']) {
        const what = `${messages} from each of ${connections}, sent from ${from}`;
        it(`reaches the peer, transport '${transport}': ${what}`, async (t) => {
          const { server, url } = await listen(t);
          const args = [url, transport, String(connections), String(messages), from];
          const received = collect(server, connections);
          const program = new Program(t, 'farewell.js', args);
          const expected = Array.from({ length: messages }, (_, i) => `farewell ${i}`);
          for (const { texts, code } of await received) {
            assert.deepStrictEqual(texts, expected);
            assert.strictEqual(code, 1006);
          }
          assert.strictEqual(await program.ending(), 'status 7');
        });
      }
    }

    it(`may be a close frame, transport '${transport}'`, async (t) => {
      const { server, url } = await listen(t);
      const received = collect(server, 1);
      const program = new Program(t, 'farewell.js', [url, transport, '1', '1', 'close']);
      assert.deepStrictEqual(await received, [
        { texts: ['farewell 0'], code: 4001, reason: 'leaving' },
      ]);
      assert.strictEqual(await program.ending(), 'status 7');
    });
  }
});

/** The program `hold.js` and the other end of its connection. */
async function holdingProgram(t, role, transport, whenToUnref, keepalive) {
  const args = [role, transport, whenToUnref, keepalive];
  if (role === 'server') {
    const program = new Program(t, 'hold.js', args);
    const peer = new WebSocket(await program.next());
    t.after(() => peer.terminate());
    await once(peer, 'open');
    return { program, peer };
  }
  const { server, url } = await listen(t);
  const program = new Program(t, 'hold.js', [...args, url]);
  const [peer] = await once(server, 'connection');
  return { program, peer };
}

async function listen(t) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  t.after(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  await once(server, 'listening');
  return { server, url: `ws://127.0.0.1:${server.address().port}/` };
}

async function ask(peer) {
  const answer = once(peer, 'message');
  const gone = once(peer, 'close').then(([code]) => assert.fail(`no answer but ${code}`));
  gone.catch(() => {});
  peer.send('still there?');
  const [data] = await Promise.race([answer, gone]);
  return data.toString();
}

/**
 * A server. `received` resolves with the texts and the close code of each of `count` connections.
 */
function collect(server, count) {
  return new Promise((resolve) => {
    const all = [];
    server.on('connection', (peer) => {
      const texts = [];
      peer.on('message', (data) => texts.push(data.toString()));
      // The kernel may reset the connections when the process ends.
      peer.on('error', () => {});
      peer.on('close', (code, reason) => {
        if (all.push({ texts, code, reason: `${reason}` }) === count) resolve(all);
      });
      peer.send('go');
    });
  });
}
