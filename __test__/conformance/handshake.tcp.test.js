'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');

const { dialRaw, it, makeClient, onEachTransport } = require('../support/connect');
const { serve, serveRaw } = require('../support/connect');
const { handshake } = require('../support/http');
const { PLAIN, Wire } = require('./wire');

const DROPPED = [1006, 'Connection dropped by remote peer.'];

onEachTransport(
  'A client half-closes TCP right after its request',
  (transport) => {
    const HELLO = '818537fa213d7f9f4d5158';
    const SWITCHED = 'HTTP/1.1 101 Switching Protocols';

    /** The client's answer, and the server's connection for its request. */
    async function ask(t, frames, accept) {
      const server = await serve(t, { transport });
      const messages = [];
      const closed = new Promise((resolve) => {
        server.wsServer.on('request', async (request) => {
          const connection = await accept(request);
          connection.on('message', ({ utf8Data }) => messages.push(utf8Data));
          connection.on('close', (...says) => resolve(says));
        });
      });
      const socket = await dialRaw(t, server);
      socket.end(Buffer.concat([Buffer.from(handshake()), Buffer.from(frames, 'hex')]));
      let answer = '';
      socket.on('data', (chunk) => {
        answer += chunk.toString('latin1');
      });
      const gone = new Promise((resolve) => socket.once('close', resolve));
      const says = await closed;
      assert.equal(await gone, false, 'TCP ended with an error');
      const [head, rest = ''] = answer.split('\r\n\r\n');
      const status = head.split('\r\n')[0];
      return { messages, closed: says, status, rest: Buffer.from(rest, 'latin1').toString('hex') };
    }

    it('and is accepted at once: it gets the answer and the end', async (t) => {
      const { status, rest, closed } = await ask(t, '', (request) => request.accept());
      assert.deepEqual([status, rest], [SWITCHED, '']);
      assert.deepEqual(closed, DROPPED);
    });

    it('and a message: that is delivered', async (t) => {
      const { status, rest, ...seen } = await ask(t, HELLO, (request) => request.accept());
      assert.deepEqual([status, rest], [SWITCHED, '']);
      assert.deepEqual(seen, { messages: ['Hello'], closed: DROPPED });
    });

    it('and a close frame: that is answered', async (t) => {
      const frames = '888237fa213d385b';
      const { status, rest, closed } = await ask(t, frames, (request) => request.accept());
      assert.deepEqual([status, rest], [SWITCHED, '880203e8']);
      assert.deepEqual(closed, [4001, undefined]);
    });

    it('and is accepted after that: the connection is closed', async (t) => {
      const { status, closed } = await ask(t, HELLO, async (request) => {
        await once(request.socket, 'end');
        return request.accept();
      });
      assert.equal(status, '');
      assert.deepEqual(closed, [1006, 'TCP connection lost before handshake completed.']);
    });
  },
  PLAIN,
);

onEachTransport(
  'A server half-closes TCP right after its answer',
  (transport) => {
    for (const [what, frames, messages, answer, says] of [
      ['and sends nothing: it gets the end', '', [], [], DROPPED],
      ['and a message: that is delivered', '810548656c6c6f', ['Hello'], [], DROPPED],
      ['in a frame: it is dropped', '8105486565', [], [], DROPPED],
      ['and a close frame: that is answered', '88020fa1', [], ['8802 03e8'], [4001, undefined]],
    ]) {
      it(what, async (t) => {
        const { url, peer } = await serveRaw(t, transport, Buffer.from(frames, 'hex'));
        const seen = [];
        const client = makeClient(transport, {});
        const closed = new Promise((resolve) => {
          client.on('connect', (connection) => {
            connection.on('message', ({ utf8Data }) => seen.push(utf8Data));
            connection.on('close', (...args) => resolve(args));
          });
        });
        peer.then(({ socket }) => socket.end());
        client.connect(url);
        assert.deepEqual(await new Wire(await peer).rest(), [...answer, 'FIN']);
        assert.deepEqual(await closed, says);
        assert.deepEqual(seen, messages);
      });
    }
  },
  PLAIN,
);
