'use strict';

const bytes = (length) => Buffer.from(Array.from({ length }, (_, i) => i % 251));

/** A server connection. The peer runs `act`, and the scenario waits for `messages` events. */
async function receiving(t, act, { config, messages = 1, event = 'message' } = {}) {
  const { connection, peer } = await t.accepted({ config });
  await t.lane().until('resume');
  act(peer, connection);
  await t.lane().until(event, messages);
  await t.farewell(peer);
}

const SIZES = [0, 1, 125, 126, 65535, 65536];

module.exports = [
  {
    name: 'text and binary messages of every length form',
    run: (t) =>
      receiving(
        t,
        (peer) => {
          for (const size of SIZES) {
            peer.text('x'.repeat(size));
            peer.send('binary', bytes(size));
          }
        },
        { messages: 2 * SIZES.length },
      ),
  },
  {
    name: 'messages of 1 MiB, text with characters of several bytes',
    run: (t) =>
      receiving(
        t,
        (peer) => {
          peer.text('ü'.repeat(0x80000));
          peer.send('binary', bytes(0x100000));
        },
        { messages: 2, config: { maxReceivedFrameSize: 0x100000 } },
      ),
  },
  {
    name: 'a message that comes byte by byte',
    async run(t) {
      const { connection, peer } = await t.accepted();
      await t.lane().until('resume');
      const frame = peer.frame('text', 'grüße 👋');
      for (let i = 0; i < frame.length; i += 1) {
        const read = connection.socket.bytesRead + 1;
        peer.write(frame.subarray(i, i + 1));
        // Each byte is sent alone. The next one leaves after this one was read or delivered.
        while (connection.socket.bytesRead < read && t.lane().count('message') === 0) {
          await new Promise(setImmediate);
        }
      }
      await t.lane().until('message');
      await t.farewell(peer);
    },
  },
  {
    name: 'many messages in one piece',
    run: (t) =>
      receiving(
        t,
        (peer) => {
          const frames = [];
          for (let i = 0; i < 100; i += 1) frames.push(peer.frame('text', `message ${i}`));
          peer.write(Buffer.concat(frames));
        },
        { messages: 100 },
      ),
  },
  {
    name: 'fragments become one message',
    run: (t) =>
      receiving(
        t,
        (peer) => {
          peer.text('one, ', { fin: false });
          peer.send('continuation', 'two, ', { fin: false });
          peer.send('continuation', 'three');
          peer.send('binary', [1, 2], { fin: false });
          peer.send('continuation', [3]);
        },
        { messages: 2 },
      ),
  },
  {
    name: 'a character that is cut by a fragment border',
    run: (t) =>
      receiving(t, (peer) => {
        const text = Buffer.from('a👋b');
        peer.text(text.subarray(0, 3), { fin: false });
        peer.send('continuation', text.subarray(3, 4), { fin: false });
        peer.send('continuation', text.subarray(4));
      }),
  },
  {
    name: 'empty fragments first, between and last',
    run: (t) =>
      receiving(
        t,
        (peer) => {
          peer.text('', { fin: false });
          peer.send('continuation', 'body', { fin: false });
          peer.send('continuation', '', { fin: false });
          peer.send('continuation', '');
          peer.send('binary', '', { fin: false });
          peer.send('continuation', '');
        },
        { messages: 2 },
      ),
  },
  {
    name: 'a ping between fragments is answered at once',
    run: (t) =>
      receiving(t, (peer) => {
        peer.text('one, ', { fin: false });
        peer.send('ping', 'now');
        peer.send('pong', 'unasked');
        peer.send('continuation', 'two');
      }),
  },
  {
    name: 'pings are answered with their bytes, without a listener',
    async run(t) {
      const { peer } = await t.accepted();
      await t.lane().until('resume');
      peer.send('ping', 'hello');
      peer.send('ping', '');
      peer.send('ping', bytes(125));
      await peer.seen('frame', 3);
      await t.farewell(peer);
    },
  },
  {
    name: 'a ping listener sees each ping and may cancel the pong',
    async run(t) {
      const { connection, peer } = await t.accepted();
      const lane = t.lane();
      await lane.until('resume');
      const onPing = (cancel, data) => {
        lane.add('ping', cancel, data);
        if (data.toString() === 'no') lane.attempt('cancel', cancel);
      };
      connection.on('ping', onPing);
      lane.add('listeners', connection._pingListenerCount);
      for (const data of ['yes', 'no', '', 'last']) peer.send('ping', data);
      await lane.until('ping', 4);
      connection.removeListener('ping', onPing);
      lane.add('listeners', connection._pingListenerCount);
      peer.send('ping', 'unheard');
      await peer.seen('frame', 4);
      await t.farewell(peer);
    },
  },
  {
    name: 'a ping that is cancelled can be answered by hand',
    async run(t) {
      const { connection, peer } = await t.accepted();
      await t.lane().until('resume');
      connection.on('ping', (cancel, data) => {
        cancel();
        t.lane().add('ping', data);
        connection.pong(Buffer.from(`re: ${data}`));
      });
      peer.send('ping', 'x');
      await peer.seen('frame');
      await t.farewell(peer);
    },
  },
  {
    name: 'a client receives unmasked frames of every length form',
    async run(t) {
      const { peer } = await t.connected();
      await t.lane().until('resume');
      for (const size of [...SIZES, 0x100000]) peer.send('binary', bytes(size));
      peer.text('grüße');
      peer.send('ping', 'client');
      await t.lane().until('message', SIZES.length + 2);
      await peer.seen('frame');
      await t.farewell(peer);
    },
  },
  {
    name: 'an echo: each message is answered in its handler',
    async run(t) {
      const { connection, peer } = await t.accepted();
      await t.lane().until('resume');
      connection.on('message', ({ type, utf8Data, binaryData }) => {
        if (type === 'utf8') connection.sendUTF(utf8Data);
        else connection.sendBytes(binaryData);
      });
      for (let i = 0; i < 50; i += 1) peer.send(i % 2 ? 'text' : 'binary', `${i}`);
      await peer.seen('frame', 50);
      await t.farewell(peer);
    },
  },
  {
    name: 'a handler that throws loses no message',
    async run(t) {
      const { connection, peer } = await t.accepted();
      await t.lane().until('resume');
      connection.on('message', ({ utf8Data }) => {
        if (utf8Data === '1') throw new Error('from the handler');
      });
      peer.write(Buffer.concat(['0', '1', '2', '3'].map((text) => peer.frame('text', text))));
      await t.lane().until('message', 4);
      await t.lane('process').until('uncaught');
      await t.farewell(peer);
    },
  },
];
