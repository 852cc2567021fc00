'use strict';

// createWebSocketStream(): messages as a Duplex, and the order of its events.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { describe } = require('node:test');

const { it } = require('../support/connect');
const { catchUncaught, closing, until } = require('../support/events');
const { listen, listenRaw } = require('../support/http');
const { same, wordsOf } = require('./support/sides');

const BAD_FRAME = Buffer.from('8500', 'hex');

/** A client and what its server sees of it. `serve` gets the server's WebSocket. */
async function connected(t, lib, serve = (_websocket) => {}, options = undefined) {
  const { httpServer, url } = await listen(t);
  const server = new lib.WebSocketServer({ server: httpServer });
  const accepted = once(server, 'connection').then(([websocket]) => {
    serve(websocket);
    return websocket;
  });
  const websocket = new lib.WebSocket(url);
  const stream = lib.createWebSocketStream(websocket, options);
  const log = record(stream, websocket);
  return { websocket, stream, log, accepted, url };
}

/** Records the events of a stream and of its WebSocket in their order. */
function record(stream, websocket) {
  const log = [];
  for (const event of ['finish', 'end', 'error', 'close']) {
    stream.on(event, (error) => log.push(error ? `${event} ${wordsOf(error)}` : event));
  }
  websocket.on('error', (error) => log.push(`ws error ${wordsOf(error)}`));
  websocket.on('close', (code) => log.push(`ws close ${code}`));
  return log;
}

/** Echoes messages as they are. */
function echo(websocket) {
  websocket.on('message', (data, isBinary) => websocket.send(data, { binary: isBinary }));
}

describe('createWebSocketStream()', () => {
  it('makes a Duplex with the given options', async (t) => {
    const shapes = await same(async (lib) => {
      const shapes = [];
      const given = [
        undefined,
        { objectMode: true, writableObjectMode: true, autoDestroy: true, emitClose: true },
        { readableObjectMode: true, highWaterMark: 7, decodeStrings: false },
        { allowHalfOpen: false, read() {}, write() {}, final() {}, destroy() {} },
      ];
      for (const options of given) {
        const { websocket, stream } = await connected(t, lib, undefined, options);
        const { readableObjectMode, writableObjectMode, allowHalfOpen } = stream;
        const { readableHighWaterMark, writableHighWaterMark } = stream;
        shapes.push([readableObjectMode, writableObjectMode, allowHalfOpen]);
        shapes.push([readableHighWaterMark, writableHighWaterMark]);
        const { autoDestroy, emitClose } = stream._writableState;
        shapes.push([autoDestroy, emitClose]);
        await once(websocket, 'open');
        stream.end();
        stream.resume();
        await once(stream, 'close');
      }
      return shapes;
    });
    assert.deepEqual(shapes[3], [false, false, true]);
    assert.deepEqual(shapes[6], [true, false, true]);
  });

  it('sends each chunk as a message, from before it is open', async (t) => {
    const { sent } = await same(async (lib) => {
      const sent = [];
      const { stream, log } = await connected(t, lib, (websocket) => {
        websocket.on('message', (data, isBinary) => sent.push([data.toString(), isBinary]));
      });
      stream.write('a');
      stream.write(Buffer.from('b'));
      stream.end('c');
      stream.resume();
      await once(stream, 'close');
      return { sent, log };
    });
    assert.deepEqual(sent, [
      ['a', true],
      ['b', true],
      ['c', true],
    ]);
  });

  for (const [options, chunks] of [
    [{}, [Buffer.from('ä'), Buffer.from('b')]],
    [{ readableObjectMode: true }, ['ä', Buffer.from('b')]],
    [{ encoding: 'utf8' }, ['ä', 'b']],
  ]) {
    it(`reads text and bytes with ${JSON.stringify(options)}`, async (t) => {
      const read = await same(async (lib) => {
        const serve = (websocket) => {
          websocket.send('ä');
          websocket.send(Buffer.from('b'));
        };
        const { stream } = await connected(t, lib, serve, options);
        const read = [];
        stream.on('data', (chunk) => read.push(chunk));
        await until(() => read.length === 2);
        stream.destroy();
        await once(stream, 'close');
        return read;
      });
      assert.deepEqual(read, chunks);
    });
  }

  it('closes the WebSocket at its end', async (t) => {
    const { log, peer } = await same(async (lib) => {
      const { stream, log, accepted } = await connected(t, lib, echo);
      stream.resume();
      stream.end('a');
      const closed = once(await accepted, 'close');
      await once(stream, 'close');
      const [code] = await closed;
      return { log, peer: code };
    });
    assert.deepEqual(log, ['finish', 'ws close 1005', 'end', 'close']);
    assert.equal(peer, 1005);
  });

  it('ends when the peer closes', async (t) => {
    const log = await same(async (lib) => {
      const { stream, log } = await connected(t, lib, (websocket) => websocket.close(4000));
      stream.resume();
      await once(stream, 'end');
      stream.end();
      await once(stream, 'close');
      return log;
    });
    assert.deepEqual(log, ['ws close 4000', 'end', 'finish', 'close']);
  });

  it('closes the WebSocket if nothing was written', async (t) => {
    const log = await same(async (lib) => {
      const { stream, log } = await connected(t, lib);
      stream.resume();
      stream.end();
      await once(stream, 'close');
      return log;
    });
    assert.deepEqual(log, ['finish', 'ws close 1005', 'end', 'close']);
  });

  it('waits for the error of a handshake that has failed', async (t) => {
    const log = await same(async (lib) => {
      const { websocket, stream, log } = await connected(t, lib);
      websocket.terminate();
      stream.end();
      await new Promise((resolve) => stream.on('close', resolve));
      return log;
    });
    assert.ok(!log.includes('finish'));
  });

  it('terminates the WebSocket when it is destroyed', async (t) => {
    const { logs } = await same(async (lib) => {
      const logs = [];
      for (const error of [undefined, new Error('mine')]) {
        const { websocket, stream, log } = await connected(t, lib);
        await once(websocket, 'open');
        stream.resume();
        stream.destroy(error);
        log.push(`state ${websocket.readyState}`);
        await new Promise((resolve) => stream.on('close', resolve));
        logs.push(log);
      }
      return { logs };
    });
    assert.deepEqual(logs[0], ['state 2', 'ws close 1006', 'close']);
    assert.ok(logs[1].includes('error Error: mine'));
  });

  it('is destroyed before it is open', async (t) => {
    const log = await same(async (lib) => {
      const { stream, log } = await connected(t, lib);
      stream.destroy();
      await new Promise((resolve) => stream.on('close', resolve));
      return log;
    });
    assert.match(log.join(), /ws error Error: WebSocket was closed before the connection was/);
  });

  it('is destroyed after the WebSocket is closed', async (t) => {
    const log = await same(async (lib) => {
      const { websocket, stream, log } = await connected(t, lib);
      await once(websocket, 'open');
      websocket.terminate();
      await closing(websocket);
      stream.destroy();
      log.push('returned');
      await once(stream, 'close');
      return log;
    });
    assert.deepEqual(log, ['ws close 1006', 'returned', 'close']);
  });

  it('passes on a failed handshake', async (t) => {
    const { url } = await listenRaw(t, (socket) => socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n'));
    const logs = await same(async (lib) => {
      const logs = [];
      for (const act of [() => {}, (stream) => stream.write('a'), (stream) => stream.end('a')]) {
        const websocket = new lib.WebSocket(url);
        const stream = lib.createWebSocketStream(websocket);
        const log = record(stream, websocket);
        act(stream);
        await new Promise((resolve) => stream.on('close', resolve));
        logs.push(log);
      }
      return logs;
    });
    assert.ok(logs[0].includes('error Error: Unexpected server response: 401'));
  });

  it('passes on a bad frame, and lets the WebSocket finish closing', async (t) => {
    const { log, peer } = await same(async (lib) => {
      const serve = (websocket) => websocket._socket.write(BAD_FRAME);
      const { websocket, stream, log, accepted } = await connected(t, lib, serve);
      websocket.terminate = () => log.push('terminate');
      stream.resume();
      const [code] = await once(await accepted, 'close');
      await until(() => stream.closed || log.includes('close'));
      return { log, peer: code };
    });
    assert.match(log.join(), /error RangeError WS_ERR_INVALID_OPCODE/);
    assert.equal(peer, 1002);
  });

  it('throws an error that nobody listens to', async (t) => {
    const caught = catchUncaught(t);
    await same(async (lib) => {
      const { httpServer, url } = await listen(t);
      const server = new lib.WebSocketServer({ server: httpServer });
      server.on('connection', (websocket) => websocket._socket.write(BAD_FRAME));
      const websocket = new lib.WebSocket(url);
      lib.createWebSocketStream(websocket);
      await closing(websocket);
      return caught.splice(0).map(wordsOf);
    }).then((words) => assert.equal(words.length, 1));
  });

  it('pauses the WebSocket while its reader is slow', async (t) => {
    const seen = await same(async (lib) => {
      const serve = (websocket) => {
        for (let i = 0; i < 4; i++) websocket.send(Buffer.alloc(10, i));
      };
      const { websocket, stream } = await connected(t, lib, serve, { highWaterMark: 10 });
      await until(() => websocket.isPaused);
      const paused = stream.readableLength;
      const read = [];
      stream.on('data', (chunk) => read.push(...chunk));
      await until(() => read.length === 40);
      const isPaused = websocket.isPaused;
      stream.destroy();
      await once(stream, 'close');
      return { isFull: paused >= 10, isPaused, read };
    });
    assert.deepEqual([seen.isFull, seen.isPaused], [true, false]);
  });
});
